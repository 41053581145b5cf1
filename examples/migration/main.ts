/**
 * Example: from a CronJob by hand (before.yaml) to this library, with the same names, and its dumps taken along.
 *
 * 1. kubectl -n whispercache get pvc backup-storage    the claim that the script writes to stays as it is, and its dumps too
 * 2. npx cdk8s synth && kubectl apply -f dist/         the CronJob `db-backup` becomes this one in its place; from now on its script does not run
 * 3. kubectl create job --from=cronjob/db-backup first-backup -n whispercache
 * 4. the Jobs of docs/how-to/import.md                 the old dumps are listed, verified and restored as well
 * 5. kubectl create job --from=cronjob/db-drill first-drill -n whispercache
 *
 * Nothing removes the script's own files. When a month of your own backups is there, remove them by hand.
 *
 * Needs in the namespace `whispercache`: the Secret `backup-secrets` of before, with the keys POSTGRES_PASSWORD, AWS_ACCESS_KEY_ID,
 * AWS_SECRET_ACCESS_KEY and AWS_DEFAULT_REGION. To restore, the role `whispercache` must own the database and be allowed to create one.
 */
import { App, Chart, Cron } from 'cdk8s';
import { BackupCronJob, BackupDefaults, BackupExporter, BackupSource, BackupStore, RestoreDrill, RestoreJob, RestoreWorkload, Retention } from 'cdk8s-backup';
import { PersistentVolumeClaim, Secret } from 'cdk8s-plus-28';

const app = new App();
BackupDefaults.of(app).set({ image: 'registry.example.com/cdk8s-backup-runner:0.1.0' });
const chart = new Chart(app, 'migration', { namespace: 'whispercache' });

const backup = new BackupCronJob(chart, 'db-backup', {
  source: BackupSource.postgres({
    host: 'postgres',
    databaseName: 'whispercache',
    user: 'whispercache',
    password: { secret: Secret.fromSecretName(chart, 'secrets', 'backup-secrets'), key: 'POSTGRES_PASSWORD' },
  }),
  stores: [
    BackupStore.fromClaim(PersistentVolumeClaim.fromClaimName(chart, 'storage', 'backup-storage')),
    BackupStore.s3({ bucketName: 'your-backup-bucket', prefix: 'whispercache/backups' }),
  ],
  schedule: Cron.schedule({ minute: '0', hour: '2' }),
  retention: Retention.days(7),
});
new RestoreJob(chart, 'db-restore', { backup, workloads: [RestoreWorkload.fromDeploymentName('whispercache-backend')] });
new RestoreDrill(chart, 'db-drill', { backup, schedule: Cron.weekly(), assertions: ['SELECT count(*) > 0 FROM users'] });

// The guide looks at its backups with `kubectl exec deploy/db-backup`: that is here, with the program in it.
new BackupExporter(chart, 'exporter', { exporterName: 'db-backup', backups: [backup] });

app.synth();
