/**
 * Example: backups that only the owner of a key can open, and a change of that key.
 *
 * To change it:
 *   1. age-keygen -o new.key, and put its recipient into RECIPIENTS, before the old one is taken out: from the next backup on either key opens it.
 *   2. Add the identity as another line to the Secret: cat old.key new.key > identities, and
 *      kubectl create secret generic backup-key -n shop --from-file=identity=identities --dry-run=client -o yaml | kubectl apply -f -
 *   3. Run the drill: kubectl create job --from=cronjob/db-drill new-key -n shop. Then take the old recipient out.
 *   4. Keep the old identity, outside of the cluster too, until no backup is left that was sealed to it alone: that is as long as `retention` says.
 *
 * Needs in the namespace `shop`: the Secret `backup-secrets` with the keys POSTGRES_PASSWORD, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
 * AWS_DEFAULT_REGION, and the Secret `backup-key` with the identities, which restores and drills read, and backups don't.
 *
 * Run:
 *   npx cdk8s synth && kubectl apply -f dist/
 */
import { App, Chart, Cron } from 'cdk8s';
import { BackupCronJob, BackupDefaults, BackupSource, BackupStore, Decryption, Encryption, RestoreDrill, RestoreJob, Retention } from 'cdk8s-backup';
import { Secret } from 'cdk8s-plus-28';

/** Put your own here: who has the identities of these can open the backups, and you can't. */
const RECIPIENTS = [
  'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p', // until 2027
  'age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg', // from 2027 on
];

const app = new App();
BackupDefaults.of(app).set({ image: 'registry.example.com/cdk8s-backup-runner:0.1.0' });
const chart = new Chart(app, 'encrypted', { namespace: 'shop' });

const backup = new BackupCronJob(chart, 'db-backup', {
  source: BackupSource.postgres({
    host: 'postgres',
    databaseName: 'shop',
    user: 'shop',
    password: { secret: Secret.fromSecretName(chart, 'secrets', 'backup-secrets'), key: 'POSTGRES_PASSWORD' },
  }),
  stores: [BackupStore.s3({ bucketName: 'your-backup-bucket', prefix: 'shop' })],
  schedule: Cron.schedule({ minute: '0', hour: '2' }),
  retention: Retention.days(30),
  encryption: Encryption.age({ recipients: RECIPIENTS }),
});

const decryption = Decryption.fromSecret(Secret.fromSecretName(chart, 'key', 'backup-key'), 'identity');
new RestoreJob(chart, 'db-restore', { backup, decryption });
new RestoreDrill(chart, 'db-drill', { backup, decryption, schedule: Cron.weekly() });

app.synth();
