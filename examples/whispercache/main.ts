/**
 * Example: all backups of the WhisperCache guide as one app.
 *
 * PostgreSQL every night at 02:00 UTC, kept 7 days; Redis every hour, kept 24 hours; SQLite when somebody asks for it. All of them
 * go to a volume and to S3, and each can be restored.
 *
 * Needs in the namespace `whispercache`: the Secret `backup-secrets` with the keys POSTGRES_PASSWORD, AWS_ACCESS_KEY_ID,
 * AWS_SECRET_ACCESS_KEY and AWS_DEFAULT_REGION; the claim `whispercache-data` with the SQLite file of the application. To restore, the
 * role `whispercache` must own the database and be allowed to create one: `ALTER ROLE whispercache CREATEDB`.
 *
 * Run:
 *   npx cdk8s synth && kubectl apply -f dist/
 *   kubectl create job --from=cronjob/sqlite-backup sqlite-backup-now -n whispercache
 *
 * After a corruption of the database:
 *   kubectl create job --from=cronjob/db-restore emergency-restore -n whispercache
 *   kubectl logs -f job/emergency-restore -n whispercache
 */
import { App, Chart, Cron, Size } from 'cdk8s';
import { BackupCronJob, BackupSource, BackupStore, RestoreJob, RestoreWorkload, Retention } from 'cdk8s-backup';
import * as kplus from 'cdk8s-plus-28';

const app = new App();
const chart = new Chart(app, 'whispercache', { namespace: 'whispercache' });
const secrets = kplus.Secret.fromSecretName(chart, 'backup-secrets', 'backup-secrets');

// The claim is made once and shared; the keys of S3 come from the Secret `backup-secrets` unless something else is said.
const stores = [
  BackupStore.volume({ claimName: 'backup-storage', size: Size.gibibytes(20) }),
  BackupStore.s3({ bucketName: 'your-backup-bucket', prefix: 'whispercache/backups' }),
];

const dbBackup = new BackupCronJob(chart, 'db-backup', {
  source: BackupSource.postgres({
    host: 'postgres',
    databaseName: 'whispercache',
    user: 'whispercache',
    password: { secret: secrets, key: 'POSTGRES_PASSWORD' },
  }),
  stores,
  schedule: Cron.schedule({ minute: '0', hour: '2' }),
  retention: Retention.days(7),
});

const redisBackup = new BackupCronJob(chart, 'redis-backup', {
  source: BackupSource.redis({ host: 'redis' }),
  stores,
  schedule: Cron.hourly(),
  retention: Retention.hours(24),
});

const sqliteBackup = new BackupCronJob(chart, 'sqlite-backup', {
  source: BackupSource.sqlite({
    claim: kplus.PersistentVolumeClaim.fromClaimName(chart, 'whispercache-data', 'whispercache-data'),
    path: 'whispercache.db',
    mountPath: '/app/data',
  }),
  stores,
  onDemand: true,
  // The PostgreSQL database has the same name, and the stores are the same.
  backupName: 'whispercache-sqlite',
});

// ---- restore: templates, which nothing but a person starts ------------------
// The guide's scenario 1, "database corruption": stops the application, restores the latest backup, starts the application again.
const backend = RestoreWorkload.fromDeploymentName('whispercache-backend');

new RestoreJob(chart, 'db-restore', {
  backup: dbBackup,
  workloads: [backend],
  healthUrl: 'http://whispercache-backend/api/health',
});

new RestoreJob(chart, 'redis-restore', { backup: redisBackup });

new RestoreJob(chart, 'sqlite-restore', { backup: sqliteBackup, workloads: [backend] });

app.synth();
