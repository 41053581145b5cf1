/**
 * Example: all backups of the WhisperCache guide as one app.
 *
 * PostgreSQL every night at 02:00 UTC, kept 7 days and read back every Sunday; Redis every hour, kept 24 hours; SQLite when somebody
 * asks for it. All of them go to a volume and to S3, each can be restored, and the restore of each is rehearsed: every week, that of
 * SQLite every month.
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
 *   until kubectl logs -f job/emergency-restore -n whispercache; do sleep 1; done
 *
 * What is there, and whether it could be restored right now:
 *   kubectl exec deploy/db-backup -n whispercache -- cdk8s-backup list
 *   kubectl port-forward svc/db-backup 8080 -n whispercache     # http://localhost:8080
 */
import { App, Chart, Cron, Duration, Size } from 'cdk8s';
import {
  BackupAlertRules, BackupBucketLifecycle, BackupCronJob, BackupDefaults, BackupExporter, BackupSource, BackupStore, DrillVolume, Encryption,
  RecoveryRunbook, RestoreDrill, RestoreJob, RestoreWorkload, Retention, StoreLocation,
} from 'cdk8s-backup';
import * as kplus from 'cdk8s-plus-28';

const app = new App();
BackupDefaults.of(app).set({ image: 'registry.example.com/cdk8s-backup-runner:0.1.0' });
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
  // Every Sunday the newest and a part of the older ones are read back from both stores; a copy that is bad in one is replaced from the other.
  verify: { schedule: Cron.schedule({ minute: '0', hour: '5', weekDay: '0' }), olderPercent: 30, repair: true },
  activeDeadline: Duration.hours(2),
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
  activeDeadline: Duration.minutes(30),
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
  // The restore has to run as the user that the file belongs to; if that of your application is not 10001: user: 1000,
});

// The rules of the bucket, in a file: unfinished uploads and old versions of the backups are cleaned up.
BackupBucketLifecycle.forBackups(chart, 'lifecycle', [database, cache, files]);

// ---- restore: templates, which nothing but a person starts ------------------
// The guide's scenario 1, "database corruption": stops the application, restores the latest backup, starts the application again.
const backend = RestoreWorkload.fromDeploymentName('whispercache-backend');

const restores = [
  new RestoreJob(chart, 'db-restore', {
    backup: database,
    workloads: [backend],
    // The NetworkPolicy counts the port of the pods. If the Service forwards to another one: network: { health: { ports: [3000] } }.
    healthUrl: 'http://whispercache-backend/api/health',
  }),
  new RestoreJob(chart, 'redis-restore', { backup: cache }),
  new RestoreJob(chart, 'sqlite-restore', { backup: files, workloads: [backend] }),
];

// ---- drills: the newest backup into a scratch server, checked, timed against the RTO above, and thrown away --------
// Say what has to be there in terms of your own tables and keys.
const drills = [
  new RestoreDrill(chart, 'db-drill', {
    backup: database,
    schedule: Cron.schedule({ minute: '30', hour: '4', weekDay: '0' }),
    assertions: ['SELECT count(*) > 0 FROM users'],
    freshness: [{ sql: 'SELECT max(created_at) FROM notes', maxAge: Duration.days(2) }],
    dataVolume: DrillVolume.claim(Size.gibibytes(20)),
  }),
  new RestoreDrill(chart, 'redis-drill', {
    backup: cache,
    schedule: Cron.schedule({ minute: '30', hour: '5', weekDay: '0' }),
    keys: [{ pattern: 'session:*' }],
  }),
  new RestoreDrill(chart, 'sqlite-drill', {
    backup: files,
    schedule: Cron.monthly(),
    assertions: ['SELECT count(*) > 0 FROM notes'],
  }),
];

// Where you publish the runbook below: alerts and the status page lead to its headings.
const runbookUrl = 'https://git.example.com/whispercache/dist/RUNBOOK.md';

// ---- a place to look: status page, metrics, and the guide's `deploy/db-backup` for the command line ------
// Its volume can be mounted on one node at a time; on a cluster with several, `volumes: false` leaves the backups free to run anywhere.
new BackupExporter(chart, 'exporter', {
  exporterName: 'db-backup',
  backups: [database, cache, files],
  restores,
  drills,
  // As with rules: kube-prometheus-stack finds it by the name of its Helm release. Without this line there are annotations instead.
  serviceMonitorLabels: { release: 'kube-prometheus-stack' },
  runbookUrl,
});

// ---- alerts, with their tests ------------------------------------------------
// kube-prometheus-stack loads rules with the name of its Helm release only.
new BackupAlertRules(chart, 'backup-alerts', {
  backups: [database, cache, files],
  drills,
  runnerMetrics: true, // the exporter above is scraped
  ruleLabels: { release: 'kube-prometheus-stack' },
  runbookUrl,
});

// ---- what to do in an emergency, with the names of all that is above: RUNBOOK.md and runbook.html beside the manifest ----
new RecoveryRunbook(chart, 'runbook', {
  contacts: [
    { name: 'On-call', role: 'decides about restores', channel: 'PagerDuty' },
    { name: 'WhisperCache operations', role: 'knows the application', channel: 'Slack #whispercache-ops, ops@example.com' },
  ],
  url: runbookUrl,
  keptAt: 'the vault "WhisperCache recovery"',
});

// ---- the Secret that all of this needs, encrypted ---------------------------
// AGE_RECIPIENTS=age1…,age1… npx cdk8s synth, with your own: "age-keygen -o backup.key" prints one, and backup.key stays out of the cluster.
// The keys of the stores are in the Secret itself, so it is restored from a machine that has them:
//   kubectl proxy --port=8001 & export CDK8S_BACKUP_KUBERNETES_URL=http://127.0.0.1:8001 AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=… AWS_DEFAULT_REGION=…
//   npx cdk8s-backup restore --manifest dist/whispercache.k8s.yaml --job secrets-restore --identity backup.key
const recipients = process.env.AGE_RECIPIENTS?.split(',');
if (recipients !== undefined) {
  const backup = new BackupCronJob(chart, 'secrets-backup', {
    source: BackupSource.kubernetesSecrets({ secretNames: ['backup-secrets'] }),
    encryption: Encryption.age({ recipients }),
    stores,
    schedule: Cron.schedule({ minute: '30', hour: '2' }),
    activeDeadline: Duration.minutes(30),
  });
  new RestoreJob(chart, 'secrets-restore', { backup });
}

app.synth();
