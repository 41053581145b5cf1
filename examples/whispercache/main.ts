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
 *   npx cdk8s-backup lifecycle apply --lifecycle dist/s3-lifecycle/your-backup-bucket.json --manifest dist/whispercache.k8s.yaml --job db-backup
 *   kubectl create job --from=cronjob/sqlite-backup sqlite-backup-now -n whispercache
 *
 * After a corruption of the database:
 *   kubectl create job --from=cronjob/db-restore emergency-restore -n whispercache
 *   kubectl logs -f job/emergency-restore -n whispercache
 *
 * What is there, and whether it could be restored right now:
 *   kubectl exec deploy/db-backup -n whispercache -- cdk8s-backup list
 *   kubectl port-forward svc/db-backup 8080 -n whispercache     # http://localhost:8080
 */
import { App, Chart, Cron, Duration, Size } from 'cdk8s';
import {
  BackupAlertRules, BackupBucketLifecycle, BackupCronJob, BackupExporter, BackupSource, BackupStore, RestoreJob, RestoreWorkload, Retention,
  StoreLocation,
} from 'cdk8s-backup';
import * as kplus from 'cdk8s-plus-28';

const app = new App();
const chart = new Chart(app, 'whispercache', { namespace: 'whispercache' });
const secrets = kplus.Secret.fromSecretName(chart, 'backup-secrets', 'backup-secrets');

// The claim is made once and shared; the keys of S3 come from the Secret `backup-secrets` unless something else is said.
const stores = [
  BackupStore.volume({ claimName: 'backup-storage', size: Size.gibibytes(20) }),
  // Its region is in the Secret; the objectives need to know it as well.
  BackupStore.s3({ bucketName: 'your-backup-bucket', prefix: 'whispercache/backups', location: StoreLocation.region('eu-west-1') }),
];

const database = new BackupCronJob(chart, 'db-backup', {
  source: BackupSource.postgres({
    host: 'postgres',
    databaseName: 'whispercache',
    user: 'whispercache',
    password: { secret: secrets, key: 'POSTGRES_PASSWORD' },
  }),
  stores,
  schedule: Cron.schedule({ minute: '0', hour: '2' }),
  retention: Retention.days(7),
  deadline: Duration.hours(2),
  startingDeadline: Duration.hours(1),
  objectives: {
    // Not the 24 hours of the guide: a day between two runs, one that starts an hour late, and one that takes two.
    rpo: Duration.hours(27),
    corruption: { rto: Duration.minutes(30) },
    regionLoss: { rto: Duration.hours(2), preparation: Duration.hours(1) },
    clusterLoss: { rto: Duration.hours(2), preparation: Duration.hours(1) },
    cluster: { region: 'eu-central-1' },
    // Measure your own.
    restore: { backupSize: Size.gibibytes(2), downloadPerSecond: Size.mebibytes(50), restorePerSecond: Size.mebibytes(5) },
  },
});

const cache = new BackupCronJob(chart, 'redis-backup', {
  source: BackupSource.redis({ host: 'redis' }),
  stores,
  schedule: Cron.hourly(),
  retention: Retention.hours(24),
  deadline: Duration.minutes(30),
  startingDeadline: Duration.minutes(30),
  // A day's retention leaves 16 hours to notice; PostgreSQL's week leaves the default of three days.
  objectives: { corruption: { rpo: Duration.hours(2) }, humanDelay: Duration.hours(16) },
});

const files = new BackupCronJob(chart, 'sqlite-backup', {
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

// The rules of the bucket, in a file: unfinished uploads and old versions of the backups are cleaned up.
BackupBucketLifecycle.forBackups(chart, 'lifecycle', [database, cache, files]);

// kube-prometheus-stack loads rules with the name of its Helm release only.
new BackupAlertRules(chart, 'backup-alerts', {
  backups: [database, cache, files],
  ruleLabels: { release: 'kube-prometheus-stack' },
  runbookUrl: 'https://wiki.example.com/whispercache/backups',
});

// ---- restore: templates, which nothing but a person starts ------------------
// The guide's scenario 1, "database corruption": stops the application, restores the latest backup, starts the application again.
const backend = RestoreWorkload.fromDeploymentName('whispercache-backend');

const restores = [
  new RestoreJob(chart, 'db-restore', {
    backup: database,
    workloads: [backend],
    healthUrl: 'http://whispercache-backend/api/health',
  }),
  new RestoreJob(chart, 'redis-restore', { backup: cache }),
  new RestoreJob(chart, 'sqlite-restore', { backup: files, workloads: [backend] }),
];

// ---- a place to look: status page, metrics, and the guide's `deploy/db-backup` for the command line ------
// Its volume can be mounted on one node at a time; on a cluster with several, `volumes: false` leaves the backups free to run anywhere.
new BackupExporter(chart, 'exporter', {
  exporterName: 'db-backup',
  backups: [database, cache, files],
  restores,
});

app.synth();
