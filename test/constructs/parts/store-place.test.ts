import { App, Chart, Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { BackupBucketLifecycle, BackupCronJob, BackupCronJobProps, BackupStore, LifecycleProvider, Retention, S3Access, S3AccessPolicy, S3StoreOptions, StoreLayout } from '../../../src';
import { objectsOf, props, synth } from '../../synth';

type Address = Pick<S3StoreOptions, 'endpoint' | 'region'>;

const AWS = 'https://s3.eu-central-1.amazonaws.com';

/** Two spellings of one place. */
const SAME: readonly (readonly [Address, Address])[] = [
  [{}, { endpoint: AWS }],
  [{}, { region: 'us-east-1' }],
  [{ region: 'eu-central-1' }, { endpoint: 'https://S3.EU-Central-1.amazonaws.com/' }],
  [{}, { endpoint: 'https://s3.amazonaws.com' }],
  [{}, { endpoint: 'https://s3-eu-central-1.amazonaws.com' }],
  [{}, { endpoint: 'https://s3-external-1.amazonaws.com' }],
  [{}, { endpoint: 'https://s3.dualstack.eu-central-1.amazonaws.com:443' }],
  [{}, { endpoint: 'https://s3-fips.us-east-1.amazonaws.com' }],
  [{}, { endpoint: 'https://s3-fips.dualstack.us-east-1.amazonaws.com' }],
  [{}, { endpoint: 'https://s3-accelerate.amazonaws.com' }],
  [{}, { endpoint: 'https://s3-accelerate.dualstack.amazonaws.com' }],
  [{}, { endpoint: 'https://shop-backups.s3.eu-central-1.amazonaws.com' }],
  [{}, { endpoint: 'https://shop-backups.s3.dualstack.eu-central-1.amazonaws.com' }],
  [{}, { endpoint: 'https://shop-backups.s3-accelerate.amazonaws.com' }],
  [{}, { endpoint: 'https://bucket.vpce-0a1b-2c3d.s3.eu-central-1.vpce.amazonaws.com' }],
  [{ endpoint: AWS }, { endpoint: 'http://s3.amazonaws.com.' }],
  [{ region: 'cn-north-1' }, { endpoint: 'https://s3.cn-north-1.amazonaws.com.cn' }],
  [{ region: 'us-gov-west-1' }, { endpoint: 'https://s3-fips.us-gov-west-1.amazonaws.com' }],
  [{ region: 'eusc-de-east-1' }, { endpoint: 'https://s3.eusc-de-east-1.amazonaws.eu' }],
  // Nobody knows where these are: the region is in a Secret.
  [{ region: undefined }, { region: 'cn-north-1' }],
  [{ endpoint: 'https://minio.example.com' }, { endpoint: 'https://MINIO.example.com:443' }],
  [{ endpoint: 'https://minio.example.com' }, { endpoint: 'https://minio.example.com./' }],
  [{ endpoint: 'https://minio.example.com' }, { endpoint: 'http://minio.example.com' }],
  [{ endpoint: 'https://minio.example.com:9000' }, { endpoint: 'http://minio.example.com:9000' }],
  [{ endpoint: 'https://minio.example.com', region: 'a' }, { endpoint: 'https://minio.example.com', region: 'b' }],
  [{ endpoint: 'https://minio.example.com' }, { endpoint: 'https://shop-backups.minio.example.com' }],
  [{ endpoint: 'https://gate.example.com/s3' }, { endpoint: 'https://gate.example.com/s3/' }],
  [{ endpoint: 'http://minio:9000' }, { endpoint: 'http://minio.shop:9000' }],
  [{ endpoint: 'http://minio:9000' }, { endpoint: 'http://minio.shop.svc.cluster.local:9000' }],
  [{ endpoint: 'http://minio.storage:9000' }, { endpoint: 'http://minio.storage.svc:9000' }],
  [{ endpoint: 'http://10.0.0.7:9000' }, { endpoint: 'http://10.0.7:9000' }],
  [{ endpoint: 'http://[fd00:0::1]:9000' }, { endpoint: 'http://[fd00::1]:9000' }],
  [{ endpoint: 'https://storage.googleapis.com' }, { endpoint: 'https://shop-backups.storage.googleapis.com' }],
];

/** Addresses that are no one place. */
const DIFFERENT: readonly (readonly [Address, Address])[] = [
  [{}, { region: 'cn-north-1' }],
  [{}, { region: 'us-gov-west-1' }],
  [{}, { endpoint: 'https://s3.cn-north-1.amazonaws.com.cn' }],
  [{}, { endpoint: 'https://minio.example.com' }],
  [{}, { endpoint: 'https://s3.amazonaws.com.example.com' }],
  [{}, { endpoint: 'https://notamazonaws.com' }],
  [{ endpoint: 'https://minio.example.com' }, { endpoint: 'https://minio.example.com:9000' }],
  [{ endpoint: 'https://minio.example.com' }, { endpoint: 'https://minio.example.org' }],
  [{ endpoint: 'https://gate.example.com/a' }, { endpoint: 'https://gate.example.com/b' }],
  [{ endpoint: 'https://gate.example.com/a' }, { endpoint: 'https://gate.example.com/A' }],
  [{ endpoint: 'http://minio:9000' }, { endpoint: 'http://minio.storage:9000' }],
  [{ endpoint: 'https://a.r2.cloudflarestorage.com' }, { endpoint: 'https://b.r2.cloudflarestorage.com' }],
];

const FLAT = { layout: StoreLayout.FLAT };

function bucket(address: Address, changes: Partial<S3StoreOptions> = {}): BackupStore {
  return BackupStore.s3({ bucketName: 'shop-backups', region: 'eu-central-1', ...address, ...changes });
}

function chartWith(...backups: readonly Partial<BackupCronJobProps>[]): { chart: Chart; backups: BackupCronJob[] } {
  const chart = new Chart(new App(), 'chart', { namespace: 'shop' });
  return { chart, backups: backups.map((changes, i) => new BackupCronJob(chart, `backup-${i + 1}`, props(changes))) };
}

describe.each(SAME)('the buckets at %j and %j are one', (a, b) => {
  test('and two backups of one name are not both written there', () => {
    const { chart } = chartWith({ stores: [bucket(a)] }, { stores: [bucket(b)] });

    expect(() => objectsOf(chart)).toThrow('\'backupName\' "orders" is that of chart/backup-1 too, and both write to s3');
  });

  test('and it is no second copy', () => {
    expect(() => synth({ stores: [bucket(a, { storeName: 'a' }), bucket(b, { storeName: 'b' })] }))
      .toThrow(/'stores' must be different places, got "b" at s3 .*, where "a" is already/);
  });

  test('and a lifecycle deletes nothing there that another backup keeps for ever', () => {
    const { chart, backups } = chartWith(
      { backupName: 'app', retention: Retention.days(7), stores: [bucket(a, FLAT)] }, { backupName: 'app_x', stores: [bucket(b, FLAT)] },
    );
    BackupBucketLifecycle.forBackups(chart, 'lifecycle', [backups[0]], { expire: true, provider: LifecycleProvider.CEPH_RGW });

    expect(() => objectsOf(chart)).toThrow('keeps for ever');
  });

  test('and has one lifecycle', () => {
    const { chart, backups } = chartWith({ backupName: 'app', stores: [bucket(a)] }, { backupName: 'web', stores: [bucket(b)] });
    const rules = [{ id: 'x', abortIncompleteMultipartUploadAfter: Duration.days(7) }];
    expect(() => BackupBucketLifecycle.forBackups(chart, 'lifecycle', backups, { otherRules: rules, provider: LifecycleProvider.CEPH_RGW })).not.toThrow();

    expect(() => new BackupBucketLifecycle(chart, 'other', { store: bucket(b), fileName: 'other.json', provider: LifecycleProvider.CEPH_RGW, rules }))
      .toThrow('the bucket "shop-backups" has the lifecycle chart/lifecycle already');
  });

  test('and one policy', () => {
    const { chart, backups } = chartWith({ backupName: 'app', stores: [bucket(a)] }, { backupName: 'web', stores: [bucket(b)] });

    expect(new S3AccessPolicy(chart, 'policy', { backups, access: S3Access.READ }).json).toContain('web_');
    expect(new S3AccessPolicy(chart, 'other', { backups, access: S3Access.VERIFY, store: bucket(a) }).json).toContain('web_');
  });
});

describe.each(DIFFERENT)('the buckets at %j and %j are two', (a, b) => {
  test('and may have backups of one name, and be two copies', () => {
    const { chart } = chartWith({ stores: [bucket(a)] }, { stores: [bucket(b)] });
    expect(() => objectsOf(chart)).not.toThrow();

    expect(() => synth({ stores: [bucket(a, { storeName: 'a' }), bucket(b, { storeName: 'b' })] })).not.toThrow();
  });
});

test('a bucket of MinIO that is called like its Service is one under both names of the Service', () => {
  const [short, long] = ['http://minio:9000', 'http://minio.shop.svc:9000'].map(endpoint => bucket({ endpoint }, { bucketName: 'minio' }));
  const { chart } = chartWith({ stores: [short] }, { stores: [long] });

  expect(() => objectsOf(chart)).toThrow('"orders" is that of chart/backup-1 too, and both write to s3 http://minio.shop.svc:9000 minio/orders, as s3 http://minio:9000 minio/orders:');
});

test('a folder is one place whether the layout makes it or the prefix', () => {
  const { chart } = chartWith({ stores: [bucket({}, { prefix: 'shop' })] }, { stores: [bucket({}, { prefix: 'shop/orders', ...FLAT })] });
  expect(() => objectsOf(chart)).toThrow('"orders" is that of chart/backup-1 too, and both write to s3 aws shop-backups/shop/orders');

  const other = chartWith({ stores: [bucket({}, { prefix: 'shop' })] }, { stores: [bucket({}, { prefix: 'shop', ...FLAT })] });
  expect(() => objectsOf(other.chart)).not.toThrow();
});

test('the short name of a Service is another one in each namespace', () => {
  const app = new App();
  for (const namespace of ['one', 'two']) new BackupCronJob(new Chart(app, namespace, { namespace }), 'db-backup', props({ stores: [bucket({ endpoint: 'http://minio:9000' })] }));

  expect(() => app.synthYaml()).not.toThrow();
});

test('the address of a bucket, as AWS shows it, is that of the service and the bucket', () => {
  const parts = (endpoint: string) => bucket({ endpoint }, { endpoint })._bind(new Chart(new App(), 'chart'), true).config;

  expect(parts('https://shop-backups.s3.eu-central-1.amazonaws.com/')).toMatchObject({ endpoint: AWS, bucketName: 'shop-backups', pathStyle: true });
  expect(parts('https://SHOP-backups.s3-accelerate.amazonaws.com')).toMatchObject({ endpoint: 'https://s3-accelerate.amazonaws.com', pathStyle: false });
  expect(() => bucket({ endpoint: 'https://minio.example.com/shop-backups' }))
    .toThrow('\'endpoint\' must not have the bucket in its path, got "https://minio.example.com/shop-backups": give the bare URL of the service, the bucket is added');
});

test.each([[undefined, undefined], ['shop', undefined], ['default', undefined]])('a claim is one place for charts of the namespaces %s and %s', (a, b) => {
  const app = new App();
  [a, b].forEach((namespace, i) => {
    const chart = new Chart(app, `c${i}`, { namespace });
    const claim = kplus.PersistentVolumeClaim.fromClaimName(chart, 'Claim', 'disk');
    new BackupCronJob(chart, `backup-${i}`, props({ stores: [BackupStore.fromClaim(claim)] }));
  });

  expect(() => app.synthYaml()).toThrow('\'backupName\' "orders" is that of c0/backup-0 too, and both write to claim default/disk/orders');
});

test('claims of one name in two namespaces are two places', () => {
  const app = new App();
  for (const namespace of ['one', 'two']) {
    const chart = new Chart(app, namespace, { namespace });
    const claim = kplus.PersistentVolumeClaim.fromClaimName(chart, 'Claim', 'disk');
    new BackupCronJob(chart, 'db-backup', props({ stores: [BackupStore.fromClaim(claim)] }));
  }

  expect(() => app.synthYaml()).not.toThrow();
});

test.each([
  ['https://s3.eu-central-1.amazonaws.com', 'in region "eu-central-1"'],
  ['http://[fd00::1]:9000', 'who knows where'],
  ['http://10.0.0.7:9000', 'who knows where'],
  ['http://minio:9000', 'in the cluster'],
  ['http://minio.storage.svc.cluster.local.:9000', 'in the cluster'],
])('a bucket at %s is %s', (endpoint, description) => {
  expect(bucket({ endpoint }).location.description).toBe(description);
});
