/**
 * Example: Redis alone, every hour to S3, kept a day. Its restore loads the file by replication, so nobody has to reach the server's volume.
 *
 * Needs in the namespace `shop`: the Secret `backup-secrets` with the keys REDIS_PASSWORD, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
 * AWS_DEFAULT_REGION.
 *
 * Run:
 *   npx cdk8s synth && kubectl apply -f dist/
 *   kubectl create job --from=cronjob/redis-backup first-backup -n shop
 *
 * After a loss of its data:
 *   kubectl create job --from=cronjob/redis-restore emergency-restore -n shop
 */
import { App, Chart, Cron } from 'cdk8s';
import { BackupCronJob, BackupDefaults, BackupSource, BackupStore, RestoreDrill, RestoreJob, Retention } from 'cdk8s-backup';
import { Secret } from 'cdk8s-plus-28';

const app = new App();
BackupDefaults.of(app).set({ image: 'registry.example.com/cdk8s-backup-runner:0.1.0' });
const chart = new Chart(app, 'redis', { namespace: 'shop' });

const backup = new BackupCronJob(chart, 'redis-backup', {
  source: BackupSource.redis({ host: 'redis', password: { secret: Secret.fromSecretName(chart, 'secrets', 'backup-secrets'), key: 'REDIS_PASSWORD' } }),
  stores: [BackupStore.s3({ bucketName: 'your-backup-bucket', prefix: 'shop' })],
  schedule: Cron.hourly(),
  retention: Retention.hours(24),
});
new RestoreJob(chart, 'redis-restore', { backup });
new RestoreDrill(chart, 'redis-drill', { backup, schedule: Cron.daily(), keys: [{ pattern: 'session:*' }] });

app.synth();
