import { App, Chart, Cron, Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import {
  BackupBucketLifecycle, BackupCronJob, BackupExporter, BackupSource, BackupStore, Decryption, Encryption, LifecycleProvider, RestoreDrill,
  RestoreJob, RestoreMode, RestorePoint, RestoreWorkload, Retention, S3Credentials,
} from '../../src';

const RECIPIENT = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';

/** Synthesizes an app with one of each that has a config: every engine, store, way to restore, and command that a pod runs. */
export function synthShop(outdir: string): void {
  const app = new App({ outdir });
  const chart = new Chart(app, 'shop', { namespace: 'shop' });
  const secret = kplus.Secret.fromSecretName(chart, 'secret', 'backup-secrets');
  const claim = kplus.PersistentVolumeClaim.fromClaimName(chart, 'data', 'shop-data');
  const offsite = BackupStore.s3({ bucketName: 'shop-backups', prefix: 'shop', region: 'eu-central-1', credentials: S3Credentials.fromSecret(secret) });
  const stores = [BackupStore.volume({ size: Size.gibibytes(20) }), offsite];
  const postgres = BackupSource.postgres({ host: 'postgres', databaseName: 'orders', user: 'shop', password: { secret, key: 'POSTGRES_PASSWORD' } });
  const redis = BackupSource.redis({ host: 'redis', password: { secret, key: 'REDIS_PASSWORD' } });
  const files = BackupSource.sqlite({ claim, path: 'shop.db' });
  const nightly = { stores, schedule: Cron.daily(), retention: Retention.days(30) };

  const db = new BackupCronJob(chart, 'db-backup', {
    ...nightly,
    source: postgres,
    encryption: Encryption.age({ recipients: [RECIPIENT] }),
    verify: { schedule: Cron.weekly() },
    objectives: { rpo: Duration.hours(36) },
    pushgatewayUrl: 'http://pushgateway:9091',
  });
  const cache = new BackupCronJob(chart, 'cache-backup', { ...nightly, source: redis });
  const sqlite = new BackupCronJob(chart, 'files-backup', { ...nightly, source: files });
  const all = new BackupCronJob(chart, 'all-backup', { ...nightly, source: BackupSource.set({ db: postgres, cache: redis }) });
  const objects = new BackupCronJob(chart, 'objects-backup', {
    ...nightly, source: BackupSource.kubernetesSecrets({ secretNames: ['backup-secrets'] }), encryption: Encryption.age({ recipients: [RECIPIENT] }),
  });

  const decryption = Decryption.fromSecret(secret);
  const workloads = [RestoreWorkload.fromDeploymentName('shop')];
  const restores = [
    new RestoreJob(chart, 'db-restore', { backup: db, decryption, workloads, mode: RestoreMode.postgresSwap({ assertions: ['SELECT count(*) > 0 FROM orders'] }) }),
    new RestoreJob(chart, 'db-restore-in-place', { backup: db, decryption, mode: RestoreMode.postgresInPlace(), restorePoint: RestorePoint.notAfter(new Date('2026-01-01')) }),
    new RestoreJob(chart, 'cache-restore', { backup: cache }),
    new RestoreJob(chart, 'cache-restore-keys', { backup: cache, mode: RestoreMode.redisKeys() }),
    new RestoreJob(chart, 'files-restore', { backup: sqlite, workloads }),
    new RestoreJob(chart, 'all-restore', { backup: all }),
  ];
  new RestoreJob(chart, 'objects-restore', { backup: objects, decryption });
  const drills = [
    new RestoreDrill(chart, 'db-drill', { backup: db, decryption, schedule: Cron.weekly(), assertions: ['SELECT count(*) > 0 FROM orders'] }),
    new RestoreDrill(chart, 'cache-drill', { backup: cache, schedule: Cron.weekly(), keys: [{ pattern: 'session:*' }] }),
    new RestoreDrill(chart, 'files-drill', { backup: sqlite, schedule: Cron.weekly(), freshness: [{ sql: 'SELECT max(at) FROM orders', maxAge: Duration.days(2) }] }),
  ];
  new BackupExporter(chart, 'shop-backups', { backups: [db, cache, sqlite, all], restores, drills });
  BackupBucketLifecycle.forBackups(chart, 'lifecycle', [db, cache], { provider: LifecycleProvider.AWS, applyJob: {} });
  app.synth();
}
