import { posix } from 'node:path';
import { Chart, Cron, Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import {
  BackupBucketLifecycle, BackupCronJob, BackupExporter, BackupStore, CaCertificate, LifecycleProvider, RestoreDrill, RestoreJob, Retention,
  S3StoreOptions,
} from '../../../../src';
import { CONFIG_ENV, S3StoreConfig, unescapeEnvValue } from '../../../../src/contract/config';
import { LIFECYCLE_ENV } from '../../../../src/contract/lifecycle';
import { configOf, newChart, objectsOf, props, synth } from '../../../synth';

const MINIO = { bucketName: 'shop-backups', region: 'us-east-1', endpoint: 'https://minio.example.com:9000' };
const fromConfigMap = (chart: Chart, name = 'minio-ca') => CaCertificate.fromConfigMap(kplus.ConfigMap.fromConfigMapName(chart, name, name));
const fromSecret = (chart: Chart) => CaCertificate.fromSecret(kplus.Secret.fromSecretName(chart, 'Tls', 'minio-tls'), 'root.pem');

/** The pods of all objects, by kind and name. */
function podsOf(objects: readonly any[]): { readonly [name: string]: any } {
  const pods = objects.map(({ kind, metadata, spec }) => [`${kind} ${metadata.name.replace(/(-[0-9a-f]{8})+$/, '')}`, (spec?.jobTemplate?.spec ?? spec)?.template?.spec]);
  return Object.fromEntries(pods.filter(([, pod]) => pod !== undefined));
}

/** The S3 stores in the config of a pod, wherever they stand in it. */
function storesIn(pod: any): readonly S3StoreConfig[] {
  const { value } = pod.containers[0].env.find(({ name }: any) => [CONFIG_ENV, LIFECYCLE_ENV].includes(name));
  const found: S3StoreConfig[] = [];
  JSON.parse(unescapeEnvValue(value), (_key, each) => {
    if (each?.type === 's3') found.push(each);
    return each;
  });
  return found;
}

/** Where the pod has a file from: `configMap minio-ca ca.crt`. */
function originOf(pod: any, file: string): string {
  const { name } = pod.containers[0].volumeMounts.find(({ mountPath, readOnly }: any) => mountPath === posix.dirname(file) && readOnly === true);
  const { configMap, secret } = pod.volumes.find((volume: any) => volume.name === name);
  const [{ key, path }, ...others] = (configMap ?? secret).items;
  expect([path, others]).toEqual([posix.basename(file), []]);
  return configMap ? `configMap ${configMap.name} ${key}` : `secret ${secret.secretName} ${key}`;
}

test('every pod that reaches a store has the authority of the store, and each store its own', () => {
  const chart = newChart();
  const store = BackupStore.s3({ ...MINIO, caCertificate: fromConfigMap(chart) });
  const backup = new BackupCronJob(chart, 'db-backup', props({
    stores: [store, BackupStore.s3({ ...MINIO, storeName: 'second-site', endpoint: 'https://minio.second.example.com', caCertificate: fromSecret(chart) })],
    retention: Retention.days(7),
    prune: { schedule: Cron.daily() },
    verify: { schedule: Cron.weekly() },
  }));
  const restore = new RestoreJob(chart, 'db-restore', { backup });
  const drill = new RestoreDrill(chart, 'db-drill', { backup, schedule: Cron.weekly() });
  new BackupExporter(chart, 'look', { backups: [backup], restores: [restore], drills: [drill] });
  new BackupBucketLifecycle(chart, 'lifecycle', {
    store, provider: LifecycleProvider.MINIO, rules: [{ id: 'cdk8s-backup.all', prefix: 'x/', expiration: Duration.days(90) }], applyJob: {},
  });
  const both = { 's3': 'configMap minio-ca ca.crt', 'second-site': 'secret minio-tls root.pem' };
  expect(Object.fromEntries(Object.entries(podsOf(objectsOf(chart))).map(([name, pod]) =>
    [name, Object.fromEntries(storesIn(pod).map(({ name: of, caFile }) => [of, originOf(pod, caFile!)]))]))).toEqual({
    'CronJob db-backup': both,
    'CronJob db-backup-prune': both,
    'CronJob db-backup-verify': both,
    'CronJob db-restore': both,
    'CronJob db-drill': both,
    'Deployment look': both,
    'Job backup-lifecycle': { s3: both.s3 },
  });
});

test('stores of one name in an exporter have each its own authority', () => {
  const chart = newChart();
  const storeOf = (ca: string) => BackupStore.s3({ ...MINIO, prefix: ca, caCertificate: fromConfigMap(chart, ca) });
  const backupOf = (id: string, ca: string) => new BackupCronJob(chart, id, props({ backupName: id, stores: [storeOf(ca)] }));
  new BackupExporter(chart, 'look', { backups: [backupOf('one', 'ca-one'), backupOf('two', 'ca-two')] });
  const pod = podsOf(objectsOf(chart))['Deployment look'];
  expect(storesIn(pod).map(({ caFile }) => originOf(pod, caFile!))).toEqual(['configMap ca-one ca.crt', 'configMap ca-two ca.crt']);
});

test('a store without one says nothing of it, as in earlier versions', () => {
  const objects = synth({ stores: [BackupStore.s3(MINIO)] });
  expect(configOf(objects).stores[0]).not.toHaveProperty('caFile');
  expect(JSON.stringify(objects)).not.toContain('authority-');
});

test.each<[string, Partial<S3StoreOptions>, string]>([
  ['without an endpoint', { endpoint: undefined }, '\'caCertificate\' is for a service of your own, and \'endpoint\' is missing: AWS has public certificates'],
  ['with the endpoint of AWS', { endpoint: 'https://s3.eu-central-1.amazonaws.com', region: 'eu-central-1' }, '\'endpoint\' is "https://s3.eu-central-1.amazonaws.com": AWS has public certificates'],
  ['without TLS', { endpoint: 'http://minio.storage.svc:9000' }, '\'caCertificate\' needs TLS, got the \'endpoint\' "http://minio.storage.svc:9000": let it begin with https://'],
])('is refused %s', (_case, changes, message) => {
  expect(() => BackupStore.s3({ ...MINIO, caCertificate: fromConfigMap(newChart()), ...changes })).toThrow(message);
});
