import { App, Chart, Cron, Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { BackupCronJob } from '../../src';
import * as lib from '../../src';
import { located } from '../../src/constructs/core/located';
import { warningsOf } from '../../src/constructs/core/warnings';

/*
 * What people get wrong, as tsx lets it through: it checks no types. Each message says where, by the path of the construct or the name of the factory;
 * what, by the name of the property; and the way out.
 */
// As without types: names and types are whatever they are.
const {
  BackupAlertRules, BackupBucketLifecycle, BackupExporter, BackupSource, BackupStore, CaCertificate, Compression, Decryption, DrillVolume, Encryption,
  LifecycleStorageClass, RestoreDrill, RestoreJob, RestoreMode, RestorePoint, RestoreWorkload, Retention, S3AccessPolicy, S3Credentials,
  S3StorageClass,
}: any = lib;

const newChart = () => new Chart(new App(), 'shop', { namespace: 'shop' });
const secretIn = (chart: Chart) => kplus.Secret.fromSecretName(chart, 'Secret', 'backup-secrets');
const pg = { host: 'postgres', databaseName: 'orders', user: 'backup' };
const s3 = { bucketName: 'shop-backups', region: 'eu-central-1' };
const daily = Cron.schedule({ minute: '0', hour: '2' });

function backupIn(chart: Chart, changes: object = {}, id = 'db'): BackupCronJob {
  return new (BackupCronJob as any)(chart, id, { source: BackupSource.postgres(pg), stores: [BackupStore.s3(s3)], schedule: daily, ...changes });
}

type Mistake = readonly [property: string, make: (chart: Chart) => unknown, wayOut: string];

const backup = (property: string, changes: object | ((chart: Chart) => object), wayOut: string): Mistake =>
  [property, chart => backupIn(chart, typeof changes === 'function' ? changes(chart) : changes), wayOut];

const BACKUP: readonly Mistake[] = [
  backup('encyption', { encyption: true }, 'did you mean \'encryption\'?'),
  backup('retenton', { retenton: 7 }, 'did you mean \'retention\'?'),
  backup('Schedule', { Schedule: daily }, 'did you mean \'schedule\'?'),
  backup('store', { store: BackupStore.s3(s3) }, 'did you mean \'stores\'?'),
  backup('timezone', { timezone: 'Europe/Berlin' }, 'did you mean \'timeZone\'?'),
  backup('name', { name: 'orders' }, 'did you mean \''),
  backup('deadline', { deadline: Duration.hours(1) }, 'did you mean \'activeDeadline\'?'),
  backup('verify.deadline', { verify: { schedule: daily, deadline: Duration.hours(1) } }, 'did you mean \'verify.activeDeadline\'?'),
  backup('imagePullSecrets', { imagePullSecrets: [] }, 'did you mean \'imagePullSecret\'?'),
  backup('tz', { tz: 'Europe/Berlin' }, 'known are '),
  backup('verify.olderPercnt', { verify: { schedule: daily, olderPercnt: 5 } }, 'did you mean \'verify.olderPercent\'?'),
  backup('prune.shedule', { prune: { shedule: daily } }, 'did you mean \'prune.schedule\'?'),
  backup('objectives.corupption', { objectives: { corupption: { rpo: Duration.hours(26) } } }, 'did you mean \'objectives.corruption\'?'),
  backup('objectives.nodeLoss.rtp', { objectives: { nodeLoss: { rtp: Duration.hours(26) } } }, 'did you mean \'objectives.nodeLoss.rto\'?'),
  backup('objectives.restore.size', { objectives: { restore: { size: Size.gibibytes(1) } } }, 'did you mean \'objectives.restore.backupSize\'?'),
  backup('network.databse', { network: { databse: {} } }, 'did you mean \'network.database\'?'),
  backup('network.stores.s3.cidr', { network: { stores: { s3: { cidr: '10.0.0.0/8' } } } }, 'did you mean \'network.stores.s3.cidrs\'?'),
  backup('resources.memory.limits', { resources: { memory: { limits: Size.gibibytes(1) } } }, 'did you mean \'resources.memory.limit\'?'),
  backup('resources.requests', { resources: { requests: {} } }, 'known are \'cpu\''),
  backup('source', { source: undefined }, 'as in BackupSource.postgres with '),
  backup('source', { source: pg }, 'as in BackupSource.postgres with '),
  backup('source', { source: 'postgres://backup:planted@postgres/orders' }, 'as in BackupSource.postgres with '),
  backup('stores', { stores: undefined }, 'as in a list with BackupStore.s3 with '),
  backup('stores', { stores: BackupStore.s3(s3) }, 'as in a list with BackupStore.s3 with '),
  backup('stores', { stores: [] }, 'BackupStore.s3, BackupStore.azureBlob or BackupStore.volume'),
  backup('stores[0]', { stores: [s3] }, 'as in BackupStore.s3 with '),
  backup('stores[1]', { stores: [BackupStore.s3(s3), undefined] }, 'as in BackupStore.s3 with '),
  backup('schedule', { schedule: '0 2 * * *' }, 'as in Cron.schedule with \'minute\': "0" and \'hour\': "2"'),
  backup('schedule', { schedule: undefined }, 'or set \'onDemand\''),
  backup('retention', { retention: 7 }, 'as in Retention.days(30)'),
  backup('retention', { retention: { days: 7 } }, 'as in Retention.days(30)'),
  backup('retention', { retention: null }, 'as in Retention.days(30)'),
  backup('encryption', { encryption: true }, 'as in Encryption.age with '),
  backup('compression', { compression: 'zstd' }, 'as in Compression.zstd(3)'),
  backup('activeDeadline', { activeDeadline: 3600 }, 'as in Duration.hours(1)'),
  backup('scratchSize', { scratchSize: '10Gi' }, 'as in Size.gibibytes(10)'),
  backup('serviceAccount', { serviceAccount: 'backup' }, 'as in kplus.ServiceAccount.fromServiceAccountName('),
  backup('imagePullSecret', { imagePullSecret: 'registry' }, 'as in kplus.Secret.fromSecretName('),
  backup('imagePullPolicy', { imagePullPolicy: 'always' }, 'ImagePullPolicy.ALWAYS'),
  backup('onDemand', { onDemand: 'false' }, 'as in true'),
  backup('backoffLimit', { backoffLimit: '2' }, 'as in 3'),
  backup('labels', { labels: ['team=shop'] }, 'as in an object with "team": "shop"'),
  backup('labels.build', { labels: { build: 5 } }, 'as in "shop"'),
  backup('verify', { verify: true }, 'as in an object with \'schedule\': Cron.schedule with '),
  backup('verify.schedule', { verify: {} }, 'as in Cron.schedule with '),
  backup('verify.s3Credentials.s3', { verify: { schedule: daily, s3Credentials: { s3: 'key' } } }, 'as in S3Credentials.fromSecret(secret)'),
  backup('objectives', { objectives: Duration.hours(26) }, 'as in an object with \'rpo\': '),
  backup('objectives.rpo', { objectives: { rpo: '26h' } }, 'as in Duration.hours(1)'),
  backup('objectives.rpo', { objectives: { rpo: Duration.hours(1) } }, 'run more often, shorten the deadlines, or promise'),
  backup('objectives.restore.downloadPerSecond', { objectives: { restore: { backupSize: Size.gibibytes(1) } } }, 'as in Size.mebibytes(100)'),
  backup('objectives.restore.backupSize', {
    stores: [BackupStore.volume({ size: Size.gibibytes(10) })],
    objectives: {
      rpo: Duration.hours(48), restore: { backupSize: Size.gibibytes(11), downloadPerSecond: Size.mebibytes(9), restorePerSecond: Size.mebibytes(9) },
    },
  }, 'give it a larger \'size\''),
  backup('prune', { prune: { schedule: daily } }, 'set \'retention\', or drop \'prune\''),
];

const FACTORIES: { readonly [place: string]: readonly Mistake[] } = {
  'BackupSource.postgres': [
    ['hostname', () => BackupSource.postgres({ ...pg, hostname: 'postgres' }), 'did you mean \'host\'?'],
    ['database', () => BackupSource.postgres({ host: 'postgres', user: 'backup', database: 'orders' }), 'did you mean \'databaseName\'?'],
    ['host', () => BackupSource.postgres({ databaseName: 'orders', user: 'backup' }), 'as in "postgres"'],
    ['port', () => BackupSource.postgres({ ...pg, port: '5432' }), 'as in 5432'],
    ['password', () => BackupSource.postgres({ ...pg, password: 'planted' }), 'as in an object with \'secret\': kplus.Secret.fromSecretName('],
    ['password', chart => BackupSource.postgres({ ...pg, password: secretIn(chart) }), 'as in an object with \'secret\': kplus.Secret.fromSecretName('],
    ['password.secret', () => BackupSource.postgres({ ...pg, password: { secret: 'planted', key: 'password' } }), 'as in kplus.Secret.fromSecretName('],
    ['password.key', chart => BackupSource.postgres({ ...pg, password: { secret: secretIn(chart) } }), 'as in "POSTGRES_PASSWORD"'],
    ['tls', () => BackupSource.postgres({ ...pg, tls: true }), 'as in PostgresTls.REQUIRE'],
    ['includeSchemas', () => BackupSource.postgres({ ...pg, includeSchemas: 'public' }), 'as in a list with "public"'],
    ['options', () => BackupSource.postgres({ ...pg, options: '-c' }), 'known are '],
  ],
  'BackupSource.redis': [
    ['url', () => BackupSource.redis({ url: 'redis://redis' }), 'known are \'host\''],
    ['tls', () => BackupSource.redis({ host: 'redis', tls: true }), 'as in RedisTls.SYSTEM_ROOTS'],
  ],
  'BackupSource.sqlite': [
    ['claim', () => BackupSource.sqlite({ claim: 'data', path: 'app.db' }), 'as in kplus.PersistentVolumeClaim.fromClaimName('],
    ['claim', chart => BackupSource.sqlite({ claim: secretIn(chart), path: 'app.db' }), 'as in kplus.PersistentVolumeClaim.fromClaimName('],
    ['path', chart => BackupSource.sqlite({ claim: kplus.PersistentVolumeClaim.fromClaimName(chart, 'C', 'data') }), 'as in "data/app.db"'],
  ],
  'BackupSource.set': [['members.db', () => BackupSource.set({ db: pg, cache: BackupSource.redis({ host: 'redis' }) }), 'as in BackupSource.postgres with ']],
  'BackupStore.s3': [
    ['bucket', () => BackupStore.s3({ bucket: 'shop-backups' }), 'did you mean \'bucketName\'?'],
    ['storageClass', () => BackupStore.s3({ ...s3, storageClass: 'STANDARD_IA' }), 'as in S3StorageClass.INFREQUENT_ACCESS'],
    ['caCertificate', () => BackupStore.s3({ ...s3, caCertificate: 'ca.crt' }), 'as in CaCertificate.fromConfigMap(configMap)'],
    ['credentials', () => BackupStore.s3({ ...s3, credentials: 'AKIAIOSFODNN7EXAMPLE' }), 'as in S3Credentials.fromSecret(secret)'],
    ['objectLock.duration', () => BackupStore.s3({ ...s3, objectLock: { mode: 'GOVERNANCE', duration: 14 } }), 'as in Duration.days(14)'],
    ['objectLock.mode', () => BackupStore.s3({ ...s3, objectLock: { mode: 'governance', duration: Duration.days(14) } }), 'S3ObjectLockMode.GOVERNANCE'],
  ],
  'BackupStore.volume': [
    ['size', () => BackupStore.volume({ size: 10 }), 'as in Size.gibibytes(10)'],
    ['storageClass', () => BackupStore.volume({ size: Size.gibibytes(1), storageClass: 'ssd' }), 'did you mean \'storageClassName\'?'],
  ],
  'BackupStore.fromClaim': [['claim', () => BackupStore.fromClaim('backup-storage'), 'as in kplus.PersistentVolumeClaim.fromClaimName(']],
  'S3Credentials.fromSecret': [
    ['secret', () => S3Credentials.fromSecret('backup-secrets'), 'as in kplus.Secret.fromSecretName('],
    ['accessKey', chart => S3Credentials.fromSecret(secretIn(chart), { accessKey: 'KEY' }), 'did you mean \'accessKeyIdKey\'?'],
  ],
  'CaCertificate.fromSecret': [['secret', () => CaCertificate.fromSecret('ca'), 'as in kplus.Secret.fromSecretName(']],
  'Decryption.fromSecret': [['secret', () => Decryption.fromSecret('age'), 'as in kplus.Secret.fromSecretName(']],
  'Encryption.age': [
    ['recipients[0]', () => Encryption.age({ recipients: [undefined] }), 'as in "age1…"'],
    ['recipients', () => Encryption.age({ recipients: 'age1…' }), 'as in a list with "age1…"'],
    ['recipient', () => Encryption.age({ recipient: 'age1…' }), 'did you mean \'recipients\'?'],
  ],
  'Compression.zstd': [['level', () => Compression.zstd('3'), '1 is a good one']],
  'Retention.days': [
    ['days', () => Retention.days('7'), 'use Retention.FOREVER'],
    ['keepAtleast', () => Retention.days(7, { keepAtleast: 3 }), 'did you mean \'keepAtLeast\'?'],
  ],
  'Retention.of': [
    ['dayly', () => Retention.of({ dayly: 7 }), 'did you mean \'daily\'?'],
    ['age', () => Retention.of({ age: 7 }), 'as in Duration.hours(1)'],
    ['retention', () => Retention.of({}), 'give at least one of \'age\''],
  ],
  'Retention.newest': [['count', () => Retention.newest(2), 'raise the one, or lower the other']],
  'Retention.grandfatherFatherSon': [['weekly', () => Retention.grandfatherFatherSon({ daily: 7, monthly: 12 }), 'as in 7']],
  'RestoreMode.postgresSwap': [['paralelJobs', () => RestoreMode.postgresSwap({ paralelJobs: 4 }), 'did you mean \'parallelJobs\'?']],
  'RestoreMode.redisKeys': [['assertions[0].patern', () => RestoreMode.redisKeys({ assertions: [{ patern: 'user:*' }] }), 'did you mean \'assertions[0].pattern\'?']],
  'RestorePoint.named': [['backupId', () => RestorePoint.named('latest'), '"cdk8s-backup list" shows the ids']],
  'RestorePoint.notAfter': [['time', () => RestorePoint.notAfter('2026-11-22'), 'as in the Date of ']],
  'RestoreWorkload.deployment': [['deployment', () => RestoreWorkload.deployment('api'), 'RestoreWorkload.fromDeploymentName("api")']],
  'DrillVolume.claim': [['size', () => DrillVolume.claim('20Gi'), 'as in Size.gibibytes(20)']],
};

const about = (type: any, id: string, property: string, props: (chart: Chart, of: BackupCronJob) => object, wayOut: string): Mistake =>
  [property, chart => new type(chart, id, props(chart, backupIn(chart))), wayOut];

const OTHERS: { readonly [place: string]: readonly Mistake[] } = {
  'shop/restore': [
    about(RestoreJob, 'restore', 'workloads[0]', (_, of) => ({ backup: of, workloads: ['api'] }), 'as in RestoreWorkload.fromDeploymentName("api")'),
    about(RestoreJob, 'restore', 'restorePoint', (_, of) => ({ backup: of, restorePoint: 'latest' }), 'as in RestorePoint.named('),
    about(RestoreJob, 'restore', 'mode', (_, of) => ({ backup: of, mode: 'swap' }), 'as in RestoreMode.postgresSwap()'),
    about(RestoreJob, 'restore', 'trigger', (_, of) => ({ backup: of, trigger: true }), 'as in RestoreTrigger.TEMPLATE'),
    about(RestoreJob, 'restore', 'backup', () => ({ backup: 'db' }), 'as in a BackupCronJob that '),
    about(RestoreJob, 'restore', 'jobName', (_, of) => ({ backup: of, jobName: 'orders-restore' }), 'did you mean \'cronJobName\'?'),
    about(RestoreJob, 'restore', 'deadline', (_, of) => ({ backup: of, deadline: Duration.hours(1) }), 'did you mean \'activeDeadline\'?'),
    about(RestoreJob, 'restore', 'schedule', (_, of) => ({ backup: of, schedule: daily }), 'known are '),
    about(RestoreJob, 'restore', 'target', () => ({}), 'give \'backup\', the BackupCronJob'),
  ],
  'shop/drill': [
    about(RestoreDrill, 'drill', 'schedule', (_, of) => ({ backup: of }), 'give a Cron, as in Cron.weekly()'),
    about(RestoreDrill, 'drill', 'onDemand', (_, of) => ({ backup: of, onDemand: true }), 'known are '),
    about(RestoreDrill, 'drill', 'backup', () => ({ schedule: daily }), 'as in a BackupCronJob that '),
    about(RestoreDrill, 'drill', 'freshness[0].max', (_, of) => ({ backup: of, schedule: daily, freshness: [{ sql: 'SELECT now()', max: 1 }] }), 'known are \'sql\''),
    about(RestoreDrill, 'drill', 'dataVolume', (_, of) => ({ backup: of, schedule: daily, dataVolume: Size.gibibytes(1) }), 'as in DrillVolume.claim('),
  ],
  'shop/alerts': [
    about(BackupAlertRules, 'alerts', 'backup', (_, of) => ({ backup: of }), 'did you mean \'backups\'?'),
    about(BackupAlertRules, 'alerts', 'backups', (_, of) => ({ backups: of }), 'as in a list with a BackupCronJob that '),
    about(BackupAlertRules, 'alerts', 'drills[0]', (_, of) => ({ backups: [of], drills: [of] }), 'as in a RestoreDrill that '),
  ],
  'shop/exporter': [
    about(BackupExporter, 'exporter', 'backups', () => ({}), 'as in a list with a BackupCronJob that '),
    about(BackupExporter, 'exporter', 'refresh', (_, of) => ({ backups: [of], refresh: 60 }), 'as in Duration.hours(1)'),
    about(BackupExporter, 'exporter', 'ingress', (_, of) => ({ backups: [of], ingress: true }), 'known are '),
  ],
  'shop/lifecycle': [
    about(BackupBucketLifecycle, 'lifecycle', 'rules[0].expiraton', () => ({ store: BackupStore.s3(s3), rules: [{ id: 'x', expiraton: 1 }] }), 'did you mean \'rules[0].expiration\'?'),
    about(BackupBucketLifecycle, 'lifecycle', 'rules[0].expiration', () => ({ store: BackupStore.s3(s3), rules: [{ id: 'x', expiration: 90 }] }), 'as in Duration.days(90)'),
    about(BackupBucketLifecycle, 'lifecycle', 'applyJob.labls', () => ({ store: BackupStore.s3(s3), rules: [], applyJob: { labls: {} } }), 'did you mean \'applyJob.labels\'?'),
    ['expire', chart => BackupBucketLifecycle.forBackups(chart, 'lifecycle', [backupIn(chart)], { expire: true }), 'set \'retention\' there, or drop \'expire\''],
    ['applyJob', chart => BackupBucketLifecycle.forBackups(chart, 'lifecycle', [backupIn(chart)], { applyJob: 'yes' }), 'as in an object with \'image\': '],
    ['provider', chart => BackupBucketLifecycle.forBackups(chart, 'lifecycle', [backupIn(chart)], { provider: 'aws' }), 'as in LifecycleProvider.AWS'],
    // Told by the construct that forBackups() makes.
    ['applyJob', chart => BackupBucketLifecycle.forBackups(chart, 'lifecycle', [backupIn(chart, {
      stores: [BackupStore.s3({ ...s3, credentials: S3Credentials.workloadIdentity({ access: lib.S3Access.BACKUP }) })],
    })], { applyJob: {} }), 'S3Access.LIFECYCLE'],
    ['expires', chart => BackupBucketLifecycle.forBackups(chart, 'lifecycle', [backupIn(chart)], { expires: true }), 'did you mean \'expire\'?'],
    ['backups', chart => BackupBucketLifecycle.forBackups(chart, 'lifecycle', backupIn(chart)), 'as in a list with a BackupCronJob that '],
    ['transitions[0].after', chart => BackupBucketLifecycle.forBackups(chart, 'lifecycle', [backupIn(chart)], {
      transitions: [{ storageClass: LifecycleStorageClass.GLACIER_INSTANT_RETRIEVAL, after: Duration.days(30) }],
    }), 'did you mean \'transitions[0].transitionAfter\'?'],
    ['transitions[0].storageClass', chart => BackupBucketLifecycle.forBackups(chart, 'lifecycle', [backupIn(chart)], {
      transitions: [{ storageClass: S3StorageClass.GLACIER_INSTANT_RETRIEVAL, transitionAfter: Duration.days(30) }],
    }), 'as in LifecycleStorageClass.INFREQUENT_ACCESS'],
  ],
  'shop/policy': [
    about(S3AccessPolicy, 'policy', 'access', (_, of) => ({ backups: [of], access: 'write' }), 'S3Access.BACKUP'),
    about(S3AccessPolicy, 'policy', 'grants[0].principals', (_, of) => ({ backups: [of], grants: [{ access: 'read', principals: 'arn' }] }), 'as in a list with "arn:aws:iam:'),
  ],
};

const TABLE = Object.entries({ 'shop/db': BACKUP, ...FACTORIES, ...OTHERS })
  .flatMap(([place, mistakes]) => mistakes.map(([property, make, wayOut]) => ({ place, property, make, wayOut })));

test('the table has at least 80 mistakes', () => {
  expect(TABLE.length).toBeGreaterThanOrEqual(80);
});

test.each(TABLE)('$place: \'$property\' is told, with the way out: $wayOut', ({ place, property, make, wayOut }) => {
  let error: unknown;
  try {
    make(newChart());
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(Error);
  expect(error).not.toBeInstanceOf(TypeError);
  const { message } = error as Error;
  expect(message.slice(0, place.length + 2)).toBe(`${place}: `);
  // Of several that are wrong, the message begins with the one that it is about.
  expect(/'([^']+)'/.exec(message)![1]).toBe(property);
  expect(message.slice(message.indexOf(`'${property}'`) + property.length + 2)).toContain(wayOut);
  expect(message).not.toMatch(/planted|AKIA/);
  // One place, though forBackups() makes a construct.
  expect(message).not.toMatch(/: ([A-Z]\w+\.\w+|shop\/\w+): /);
});

test('the place is in the stack as well, which is what Node prints', () => {
  const error = new Error('it is broken');
  expect(error.stack).toMatch(/^Error: it is broken\n/);
  expect(located('shop/db', error)).toBe(error);
  expect(error.stack).toMatch(/^Error: shop\/db: it is broken\n/);
});

test.each([
  ['24 hourly on a daily backup', Retention.of({ hourly: 24 }), daily, '\'hourly: 24\', and runs are 1 day apart: each is the newest of its period, so the newest 24 are kept, the oldest of them for 24 days; say \'count\''],
  ['7 daily on a weekly backup', Retention.of({ daily: 7 }), Cron.weekly(), '\'daily: 7\', and runs are 7 days apart'],
])('%s is told in a warning', (_name, retention, schedule, message) => {
  const warned = (changes: object) => warningsOf(backupIn(newChart(), changes)).filter(warning => warning.includes('\'retention\' has'));
  expect(warned({ retention, schedule })).toEqual([expect.stringContaining(message)]);
  expect(warned({ retention, schedule: Cron.hourly() })).toEqual([]);
});

test('an RPO without a scenario is promised for corruption, and held against the schedule', () => {
  const { scenarios } = backupIn(newChart(), { objectives: { rpo: Duration.hours(48) } }).recoveryReport();
  expect(scenarios.map(({ scenario, rpoSeconds }) => [scenario, rpoSeconds])).toEqual([['corruption', 48 * 3600]]);
  const { scenarios: named } = backupIn(newChart(), { objectives: { rpo: Duration.hours(48), nodeLoss: {} } }).recoveryReport();
  expect(named.map(({ scenario }) => scenario)).toEqual(['nodeLoss']);
});

describe('left alone', () => {
  test('options that are an instance of a class', () => {
    class Options {
      public readonly host = 'postgres';
      public readonly databaseName = 'orders';
      public readonly user = 'backup';
      public readonly somethingOfItsOwn = true;
    }
    expect(() => BackupSource.postgres(new Options())).not.toThrow();
  });

  test('what cdk8s-plus makes, and what is a Duration by another copy of cdk8s', () => {
    const chart = newChart();
    const activeDeadline = { toSeconds: () => 3600, toHumanString: () => '1 hour' };
    expect(() => backupIn(chart, { activeDeadline, serviceAccount: new kplus.ServiceAccount(chart, 'Account'), imagePullSecret: new kplus.Secret(chart, 'Own') })).not.toThrow();
  });

  test('properties that are there and undefined', () => {
    expect(() => backupIn(newChart(), { retention: undefined, verify: undefined, network: { database: undefined } })).not.toThrow();
  });
});
