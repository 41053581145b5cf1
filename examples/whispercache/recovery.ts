import { Chart, Cron, Duration, Size } from 'cdk8s';
import { BackupSource, DrillVolume, Encryption, ProtectedData, RecoveryPlan, RestoreWorkload, Retention } from 'cdk8s-backup';
import * as kplus from 'cdk8s-plus-28';
import { PORT } from './application';
import { Profile } from './profiles';

/** Where you publish the runbook: alerts and the status page lead to its headings. */
const RUNBOOK_URL = 'https://git.example.com/whispercache/dist/RUNBOOK.md';

/** What the application has to be stopped for: it is started again afterwards, and asked for its health. */
const APPLICATION = { application: [RestoreWorkload.fromDeploymentName('whispercache-backend')], healthUrl: 'http://whispercache-backend/api/health' };

/** The names of what follows: db-backup, db-restore, db-drill, and so on. */
export function defineRecovery(chart: Chart, profile: Profile): RecoveryPlan {
  return new RecoveryPlan(chart, 'whispercache', {
    data: {
      db: postgres(chart, profile),
      redis: REDIS,
      ...profile.sqlite ? { sqlite: sqlite(chart) } : {},
      ...secrets(),
    },
    stores: profile.stores(chart),
    cluster: profile.cluster,
    ...profile.provider ? { lifecycle: { provider: profile.provider } } : {},
    // As in the guide: "kubectl exec deploy/db-backup -- cdk8s-backup list". Its volume can be mounted on one node at a time; on a cluster with
    // several, `volumes: false` leaves the backups free to run anywhere. kube-prometheus-stack finds what has the name of its Helm release.
    exporter: { exporterName: 'db-backup', serviceMonitorLabels: { release: 'kube-prometheus-stack' } },
    alerts: { ruleName: 'backup-alerts', ruleLabels: { release: 'kube-prometheus-stack' } },
    runbook: {
      runbookName: 'RUNBOOK',
      contacts: [
        { name: 'On-call', role: 'decides about restores', channel: 'PagerDuty' },
        { name: 'WhisperCache operations', role: 'knows the application', channel: 'Slack #whispercache-ops, ops@example.com' },
      ],
      url: RUNBOOK_URL,
      keptAt: 'the vault "WhisperCache recovery"',
    },
  });
}

/** Every night at 02:00 UTC, kept 7 days. */
function postgres(chart: Chart, { cluster }: Profile): ProtectedData {
  const secret = kplus.Secret.fromSecretName(chart, 'backup-secrets', 'backup-secrets');
  const loss = { rto: Duration.hours(2), preparation: Duration.hours(1) };
  return {
    source: BackupSource.postgres({ host: 'postgres', databaseName: 'whispercache', user: 'whispercache', password: { secret, key: 'POSTGRES_PASSWORD' } }),
    // Not the 24 hours of the guide: a day between two runs, one that starts an hour late, and one that takes two.
    rpo: Duration.hours(27),
    rto: Duration.minutes(30),
    // Measure your own.
    estimate: { backupSize: Size.gibibytes(2), downloadPerSecond: Size.mebibytes(50), restorePerSecond: Size.mebibytes(5) },
    retention: Retention.days(7),
    backup: {
      backupName: 'whispercache',
      schedule: Cron.schedule({ minute: '0', hour: '2' }),
      startingDeadline: Duration.hours(1),
      activeDeadline: Duration.hours(2),
      objectives: { corruption: {}, ...cluster ? { regionLoss: loss, clusterLoss: loss } : {} },
    },
    ...APPLICATION,
    // The NetworkPolicy counts the port of the pods, not that of the Service.
    restore: { network: { health: { ports: [PORT] } } },
    // Say what has to be there in terms of your own tables and keys.
    drill: {
      assertions: ['SELECT count(*) > 0 FROM users'],
      freshness: [{ sql: 'SELECT max(created_at) FROM notes', maxAge: Duration.days(2) }],
      dataVolume: DrillVolume.claim(Size.gibibytes(20)),
    },
  };
}

/** Every hour, which follows from the RPO, kept 24 hours. A restore replaces what the application has cached; nothing is stopped. */
const REDIS: ProtectedData = {
  source: BackupSource.redis({ host: 'redis' }),
  rpo: Duration.hours(2),
  // A day's retention leaves 16 hours to notice; PostgreSQL's week leaves the default of three days.
  noticedWithin: Duration.hours(16),
  retention: Retention.hours(24),
  backup: { backupName: 'redis' },
  drill: { keys: [{ pattern: 'session:*' }] },
};

/** When somebody asks for it: kubectl create job --from=cronjob/sqlite-backup sqlite-backup-now -n whispercache */
function sqlite(chart: Chart): ProtectedData {
  const claim = kplus.PersistentVolumeClaim.fromClaimName(chart, 'whispercache-data', 'whispercache-data');
  return {
    source: BackupSource.sqlite({ claim, path: 'whispercache.db', mountPath: '/app/data' }),
    onDemand: true,
    // The PostgreSQL database has the same name, and the stores are the same.
    backup: { backupName: 'whispercache-sqlite' },
    application: APPLICATION.application,
    drill: { assertions: ['SELECT count(*) > 0 FROM notes'] },
  };
}

/**
 * The Secret that all of this needs, encrypted: AGE_RECIPIENTS=age1…,age1… npx cdk8s synth, with your own. "age-keygen -o backup.key" prints one, and
 * backup.key stays out of the cluster. The keys of the stores are in the Secret itself, so it is restored from a machine that has them:
 *
 *   kubectl proxy --port=8001 & export CDK8S_BACKUP_KUBERNETES_URL=http://127.0.0.1:8001 AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=… AWS_DEFAULT_REGION=…
 *   npx cdk8s-backup restore --manifest dist/whispercache.k8s.yaml --job secrets-restore --identity backup.key
 */
function secrets(): { readonly [name: string]: ProtectedData } {
  const recipients = process.env.AGE_RECIPIENTS?.split(',');
  if (recipients === undefined) return {};
  return {
    secrets: {
      source: BackupSource.kubernetesSecrets({ secretNames: ['backup-secrets'] }),
      encryption: Encryption.age({ recipients }),
      backup: { backupName: 'secrets', schedule: Cron.schedule({ minute: '30', hour: '2' }), activeDeadline: Duration.minutes(30) },
    },
  };
}
