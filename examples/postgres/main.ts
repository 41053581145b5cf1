/**
 * Example: one PostgreSQL database. A backup to S3 every night, kept 7 days, its restore, and a drill every Sunday.
 *
 * Needs in the namespace `shop`: the Secret `backup-secrets` with the keys POSTGRES_PASSWORD, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
 * AWS_DEFAULT_REGION. To restore, the role `shop` must own the database and be allowed to create one: `ALTER ROLE shop CREATEDB`.
 *
 * Run:
 *   npx cdk8s synth && kubectl apply -f dist/
 *   kubectl create job --from=cronjob/db-backup first-backup -n shop
 *
 * After a corruption of the database:
 *   kubectl create job --from=cronjob/db-restore emergency-restore -n shop
 */
import { App, Chart, Cron } from 'cdk8s';
import { BackupCronJob, BackupDefaults, BackupSource, BackupStore, RestoreDrill, RestoreJob, Retention } from 'cdk8s-backup';
import { Secret } from 'cdk8s-plus-28';

const app = new App();
BackupDefaults.of(app).set({ image: 'registry.example.com/cdk8s-backup-runner:0.1.0' });
const chart = new Chart(app, 'postgres', { namespace: 'shop' });

const backup = new BackupCronJob(chart, 'db-backup', {
  source: BackupSource.postgres({
    host: 'postgres',
    databaseName: 'shop',
    user: 'shop',
    password: { secret: Secret.fromSecretName(chart, 'secrets', 'backup-secrets'), key: 'POSTGRES_PASSWORD' },
  }),
  stores: [BackupStore.s3({ bucketName: 'your-backup-bucket', prefix: 'shop' })],
  schedule: Cron.schedule({ minute: '0', hour: '2' }),
  retention: Retention.days(7),
});
new RestoreJob(chart, 'db-restore', { backup });
new RestoreDrill(chart, 'db-drill', { backup, schedule: Cron.weekly(), assertions: ['SELECT count(*) > 0 FROM users'] });

app.synth();
