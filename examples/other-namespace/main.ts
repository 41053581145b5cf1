/**
 * Example: staging gets the data of production. Backups are taken in the namespace `shop`, and restored in `shop-staging`, into a database of its own,
 * with keys that can read the bucket and change nothing there.
 *
 * Needs: in `shop` the Secret `backup-secrets` with the keys POSTGRES_PASSWORD, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_DEFAULT_REGION; in
 * `shop-staging` one of that name with the password of staging's database, and with keys that have dist/s3-policies/your-backup-bucket.read.json.
 *
 * Run:
 *   npx cdk8s synth && kubectl apply -f dist/
 *
 * To bring the latest backup of production to staging:
 *   kubectl create job --from=cronjob/db-from-production refresh -n shop-staging
 */
import { App, Chart, Cron } from 'cdk8s';
import { BackupCronJob, BackupDefaults, BackupSource, BackupStore, RestoreJob, RestoreWorkload, Retention, S3Access, S3AccessPolicy } from 'cdk8s-backup';
import { Secret } from 'cdk8s-plus-28';

const app = new App();
BackupDefaults.of(app).set({ image: 'registry.example.com/cdk8s-backup-runner:0.1.0' });

/** The database of a namespace: same names, another server. */
const databaseOf = (chart: Chart) => BackupSource.postgres({
  host: 'postgres',
  databaseName: 'shop',
  user: 'shop',
  password: { secret: Secret.fromSecretName(chart, 'secrets', 'backup-secrets'), key: 'POSTGRES_PASSWORD' },
});
const bucket = BackupStore.s3({ bucketName: 'your-backup-bucket', prefix: 'shop' });

const production = new Chart(app, 'production', { namespace: 'shop' });
const backup = new BackupCronJob(production, 'db-backup', {
  source: databaseOf(production),
  stores: [bucket],
  schedule: Cron.schedule({ minute: '0', hour: '2' }),
  retention: Retention.days(7),
});
new S3AccessPolicy(production, 'reader', { backups: [backup], access: S3Access.READ });

const staging = new Chart(app, 'staging', { namespace: 'shop-staging' });
new RestoreJob(staging, 'db-from-production', {
  backup,
  target: databaseOf(staging),
  workloads: [RestoreWorkload.fromDeploymentName('shop')],
});

app.synth();
