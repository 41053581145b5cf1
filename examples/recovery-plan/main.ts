/**
 * Example: the backups of the WhisperCache guide, from what is promised for them.
 *
 * Schedules and deadlines follow from the RPO. From the plan follow a restore, a drill every night, verification, alerts, a status page, the rules of
 * the bucket, its policies and a runbook. examples/whispercache has the application and its databases too, for three places.
 *
 * Needs in the namespace `whispercache`: the Secret `backup-secrets` with the keys POSTGRES_PASSWORD, AWS_ACCESS_KEY_ID,
 * AWS_SECRET_ACCESS_KEY and AWS_DEFAULT_REGION; the claim `whispercache-data` with the SQLite file of the application.
 *
 * Run:
 *   npx cdk8s synth && kubectl apply -f dist/
 *
 * After a corruption of the database:
 *   kubectl create job --from=cronjob/db-restore emergency-restore -n whispercache
 */
import { App, Chart, Duration, Size } from 'cdk8s';
import { BackupDefaults, BackupSource, BackupStore, RecoveryPlan, RestoreWorkload, Retention } from 'cdk8s-backup';
import * as kplus from 'cdk8s-plus-28';

const app = new App();
BackupDefaults.of(app).set({ image: 'registry.example.com/cdk8s-backup-runner:0.1.0' });
const chart = new Chart(app, 'recovery-plan', { namespace: 'whispercache' });
const secret = kplus.Secret.fromSecretName(chart, 'backup-secrets', 'backup-secrets');
const claim = kplus.PersistentVolumeClaim.fromClaimName(chart, 'whispercache-data', 'whispercache-data');

const plan = new RecoveryPlan(chart, 'whispercache', {
  data: {
    db: {
      source: BackupSource.postgres({ host: 'postgres', databaseName: 'whispercache', user: 'whispercache', password: { secret, key: 'POSTGRES_PASSWORD' } }),
      rpo: Duration.hours(27),
      rto: Duration.minutes(30),
      // What the drills have measured.
      estimate: { backupSize: Size.gibibytes(2), downloadPerSecond: Size.mebibytes(50), restorePerSecond: Size.mebibytes(5) },
      drill: { assertions: ['SELECT count(*) > 0 FROM users'] },
    },
    cache: { source: BackupSource.redis({ host: 'redis' }), rpo: Duration.hours(2), retention: Retention.hours(24), noticedWithin: Duration.hours(16), restore: { workloads: [] } },
    files: { source: BackupSource.sqlite({ claim, path: 'whispercache.db', mountPath: '/app/data' }), onDemand: true },
  },
  stores: [
    BackupStore.volume({ claimName: 'backup-storage', size: Size.gibibytes(20) }),
    BackupStore.s3({ bucketName: 'your-backup-bucket', prefix: 'whispercache/backups' }),
  ],
  retention: Retention.days(7),
  application: [RestoreWorkload.fromDeploymentName('whispercache-backend')],
  healthUrl: 'http://whispercache-backend/api/health',
  exporter: { serviceMonitorLabels: { release: 'kube-prometheus-stack' } },
  alerts: { ruleLabels: { release: 'kube-prometheus-stack' } },
  // Alerts lead to the headings of the runbook where you publish it.
  runbook: { url: 'https://git.example.com/whispercache/dist/whispercache.runbook.md', contacts: [{ name: 'On-call', role: 'decides about restores', channel: 'PagerDuty' }] },
});
console.error(plan.describe()); // "cdk8s synth" does not show stdout

app.synth();
