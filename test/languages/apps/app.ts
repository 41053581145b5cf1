import { App, Chart, Cron, Duration, Size } from 'cdk8s';
import {
  BackupCronJob, BackupDefaults, BackupExporter, BackupSource, BackupStore, CaCertificate, Decryption, PostgresTls, RestoreJob, RestoreMode,
  RestoreWorkload, Retention, S3Credentials,
} from 'cdk8s-backup';
import * as kplus from 'cdk8s-plus-28';

const app = new App();

// What an app has already: objects of its own cdk8s-plus.
const shop = new Chart(app, 'shop', { namespace: 'shop' });
const registry = kplus.Secret.fromSecretName(shop, 'Registry', 'registry');
const credentials = new kplus.Secret(shop, 'Credentials', { metadata: { name: 'credentials' } });
const key = new kplus.Secret(shop, 'Key', { metadata: { name: 'key' } });
const ca = new kplus.ConfigMap(shop, 'Ca', { metadata: { name: 'ca' } });
const files = new kplus.PersistentVolumeClaim(shop, 'Files', {
  metadata: { name: 'files' }, storage: Size.gibibytes(5), accessModes: [kplus.PersistentVolumeAccessMode.READ_WRITE_ONCE],
});
const identity = new kplus.ServiceAccount(shop, 'Identity', { metadata: { name: 'identity' } });
const api = new kplus.Deployment(shop, 'Api', { metadata: { name: 'api' }, containers: [{ image: 'api' }] });
const worker = new kplus.StatefulSet(shop, 'Worker', {
  metadata: { name: 'worker' }, containers: [{ image: 'worker' }], service: new kplus.Service(shop, 'WorkerService', { ports: [{ port: 80 }] }),
});

// And what it adds.
const chart = new Chart(app, 'backups', { namespace: 'shop' });
BackupDefaults.of(chart).set({ image: 'registry.example.com/runner:1', imagePullSecret: registry, imagePullPolicy: kplus.ImagePullPolicy.ALWAYS });
const store = BackupStore.volume({ size: Size.gibibytes(20), accessModes: [kplus.PersistentVolumeAccessMode.READ_WRITE_MANY] });
const bucket = BackupStore.s3({
  bucketName: 'shop-backups', region: 'eu-central-1', credentials: S3Credentials.fromSecret(credentials, { accessKeyIdKey: 'id', secretAccessKeyKey: 'secret' }),
});

const backup = new BackupCronJob(chart, 'db-backup', {
  source: BackupSource.postgres({
    host: 'postgres', databaseName: 'shop', user: 'backup', password: { secret: credentials, key: 'password' }, tls: PostgresTls.verifyFull(CaCertificate.fromConfigMap(ca)),
  }),
  stores: [store, bucket],
  schedule: Cron.daily(),
  retention: Retention.days(30),
  serviceAccount: identity,
  prune: { schedule: Cron.weekly(), serviceAccount: identity },
  resources: { cpu: { request: kplus.Cpu.millis(250), limit: kplus.Cpu.units(2) }, memory: { limit: Size.gibibytes(2) } },
});
new RestoreJob(chart, 'db-restore', {
  backup,
  mode: RestoreMode.postgresSwap(),
  decryption: Decryption.fromVolume(kplus.Volume.fromSecret(chart, 'KeyVolume', key), 'identity'),
  workloads: [RestoreWorkload.deployment(api), RestoreWorkload.statefulSet(worker)],
});
const orders = new BackupCronJob(chart, 'orders-backup', {
  source: BackupSource.sqlite({ claim: files, path: 'orders.db', lockTimeout: Duration.seconds(30) }), stores: [store], schedule: Cron.daily(),
});
new BackupExporter(chart, 'exporter', { backups: [backup, orders] });

app.synth();
