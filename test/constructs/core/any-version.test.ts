import { ApiObject, Chart, Cron, Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct, IConstruct } from 'constructs';
import {
  BackupCronJob, BackupDefaults, BackupSource, BackupStore, CaCertificate, Cpu, Decryption, PostgresTls, RestoreJob, RestoreMode, RestoreWorkload,
  Retention, S3Credentials,
} from '../../../src';
import { newChart, objectsOf, props } from '../../synth';

/*
 * An app has another cdk8s-plus than this library is built on, or none. These are the objects of cdk8s alone; test/languages has apps with others.
 */
type Make = (kind: string, name: string) => IConstruct;

const ofCdk8s = (scope: Construct): Make => (kind, name) => new ApiObject(scope, `${kind}-${name}`, { apiVersion: 'v1', kind, metadata: { name } });

const ofCdk8sPlus = (scope: Construct): Make => (kind, name) => ({
  Secret: () => kplus.Secret.fromSecretName(scope, `${kind}-${name}`, name),
  ConfigMap: () => kplus.ConfigMap.fromConfigMapName(scope, `${kind}-${name}`, name),
  PersistentVolumeClaim: () => kplus.PersistentVolumeClaim.fromClaimName(scope, `${kind}-${name}`, name),
  ServiceAccount: () => kplus.ServiceAccount.fromServiceAccountName(scope, `${kind}-${name}`, name),
  Deployment: () => new kplus.Deployment(scope, name, { metadata: { name }, containers: [{ image: 'api' }] }),
  StatefulSet: () => new kplus.StatefulSet(scope, name, {
    metadata: { name }, containers: [{ image: 'db' }], service: new kplus.Service(scope, `${name}-service`, { ports: [{ port: 5432 }] }),
  }),
}[kind]!());

/** A backup and a restore with every kind of object that one can hand in. */
function synthWith(makeIn: (scope: Construct) => Make): any[] {
  const chart = newChart();
  const make = makeIn(new Chart(chart.node.root as Construct, 'given', { namespace: 'shop' }));
  const serviceAccount = make('ServiceAccount', 'identity');
  BackupDefaults.of(chart).set({ imagePullSecret: make('Secret', 'registry') });
  const backup = new BackupCronJob(chart, 'db-backup', props({
    source: BackupSource.postgres({
      host: 'db', databaseName: 'shop', user: 'backup', password: { secret: make('Secret', 'db'), key: 'password' }, tls: PostgresTls.verifyFull(CaCertificate.fromConfigMap(make('ConfigMap', 'ca'))),
    }),
    stores: [
      BackupStore.fromClaim(make('PersistentVolumeClaim', 'backups')),
      BackupStore.s3({ bucketName: 'shop-backups', region: 'eu-central-1', endpoint: 'https://minio.storage.svc:9000', caCertificate: CaCertificate.fromConfigMap(make('ConfigMap', 's3-ca')), credentials: S3Credentials.fromSecret(make('Secret', 's3')) }),
    ],
    serviceAccount,
    prune: { schedule: Cron.weekly(), serviceAccount, activeDeadline: Duration.hours(1) },
    retention: Retention.days(30),
    resources: { cpu: { request: Cpu.millis(250), limit: Cpu.units(1) } },
  }));
  new RestoreJob(chart, 'db-restore', {
    backup,
    mode: RestoreMode.postgresSwap(),
    decryption: Decryption.fromSecret(make('Secret', 'identity')),
    workloads: [RestoreWorkload.deployment(make('Deployment', 'api')), RestoreWorkload.statefulSet(make('StatefulSet', 'worker'))],
  });
  return objectsOf(chart);
}

test('objects of cdk8s alone are taken like those of cdk8s-plus', () => {
  const objects = synthWith(ofCdk8s);
  expect(objects.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['CronJob', 'NetworkPolicy', 'RoleBinding']));
  for (const name of ['registry', 'db', 'ca', 'backups', 's3', 'identity', 'api', 'worker']) expect(JSON.stringify(objects)).toContain(`"${name}"`);
  expect(objects).toEqual(synthWith(ofCdk8sPlus));
});

test.each([
  ['an object of another kind', (chart: Chart) => ofCdk8s(chart)('ConfigMap', 'backup-secrets')],
  ['a construct that is no object', (chart: Chart) => chart],
])('%s is refused', (_, given) => {
  expect(() => S3Credentials.fromSecret(given(newChart()))).toThrow(/^S3Credentials.fromSecret: 'secret' must be a Secret, got an? (ApiObject|Chart): as in kplus.Secret.fromSecretName\(/);
});

test.each([0, 0.5, -1, NaN])('%p of a processor is refused', amount => {
  expect(() => Cpu.units(amount)).toThrow(/^Cpu.units: 'amount' must be a whole number of at least 1, got .*Cpu.millis\(500\)/);
});
