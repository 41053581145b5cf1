import { App, Chart, Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import {
  BackupCronJob, BackupStore, S3Checksums, S3Credentials, S3Encryption, S3ObjectLockMode,
  S3StorageClass, S3StoreOptions, StoreLayout, VolumeStoreOptions, WorkloadIdentityOptions,
} from '../../../src';
import { configOf, newChart, objectsOf, podOf, props, secretsOf, synth } from '../../synth';

const s3 = (options: Partial<S3StoreOptions> = {}) => BackupStore.s3({ bucketName: 'shop-backups', ...options });

describe('S3', () => {
  test('defaults are the guide\'s Secret and its keys', () => {
    const objects = synth({ stores: [s3()] });
    expect(configOf(objects).stores).toEqual([{
      type: 's3',
      name: 's3',
      bucketName: 'shop-backups',
      prefix: 'orders',
      region: null,
      regionEnv: 'AWS_DEFAULT_REGION',
      endpoint: null,
      pathStyle: false,
      credentials: { accessKeyIdEnv: 'AWS_ACCESS_KEY_ID', secretAccessKeyEnv: 'AWS_SECRET_ACCESS_KEY', sessionTokenEnv: null },
      encryption: null,
      storageClass: null,
      objectLock: null,
      checksums: 'auto',
      maxParts: 10_000,
    }]);
    expect(secretsOf(objects)).toEqual({
      AWS_ACCESS_KEY_ID: 'backup-secrets/AWS_ACCESS_KEY_ID',
      AWS_SECRET_ACCESS_KEY: 'backup-secrets/AWS_SECRET_ACCESS_KEY',
      AWS_DEFAULT_REGION: 'backup-secrets/AWS_DEFAULT_REGION',
    });
  });

  test('a region leaves its key unread', () => {
    const objects = synth({ stores: [s3({ region: 'eu-central-1' })] });
    expect(configOf(objects).stores[0]).toMatchObject({ region: 'eu-central-1', regionEnv: null });
    expect(secretsOf(objects)).not.toHaveProperty('AWS_DEFAULT_REGION');
  });

  test('every option reaches the config', () => {
    const objects = synth(chart => ({
      stores: [s3({
        prefix: 'a/b',
        region: 'us-east-1',
        endpoint: 'http://minio:9000/',
        credentials: S3Credentials.fromSecret(kplus.Secret.fromSecretName(chart, 'Minio', 'minio'), {
          accessKeyIdKey: 'id', secretAccessKeyKey: 'key', sessionTokenKey: 'token',
        }),
        encryption: S3Encryption.kms('alias/backup'),
        storageClass: S3StorageClass.GLACIER_INSTANT_RETRIEVAL,
        objectLock: { mode: S3ObjectLockMode.GOVERNANCE, duration: Duration.days(30) },
        checksums: S3Checksums.REQUIRED_ONLY,
        maxParts: 1000,
        storeName: 'minio',
      })],
    }));
    expect(configOf(objects).stores).toEqual([{
      type: 's3',
      name: 'minio',
      bucketName: 'shop-backups',
      prefix: 'a/b/orders',
      region: 'us-east-1',
      regionEnv: null,
      endpoint: 'http://minio:9000',
      pathStyle: true,
      credentials: { accessKeyIdEnv: 'AWS_ACCESS_KEY_ID', secretAccessKeyEnv: 'AWS_SECRET_ACCESS_KEY', sessionTokenEnv: 'AWS_SESSION_TOKEN' },
      encryption: { algorithm: 'aws:kms', kmsKeyId: 'alias/backup' },
      storageClass: 'GLACIER_IR',
      objectLock: { mode: 'GOVERNANCE', durationSeconds: 30 * 86_400 },
      checksums: 'required-only',
      maxParts: 1000,
    }]);
    expect(secretsOf(objects)).toEqual({ AWS_ACCESS_KEY_ID: 'minio/id', AWS_SECRET_ACCESS_KEY: 'minio/key', AWS_SESSION_TOKEN: 'minio/token' });
  });

  test('several stores have variables of their own', () => {
    const objects = synth({ stores: [s3(), s3({ bucketName: 'other-backups', storeName: 'off-site', region: 'us-west-2' })] });
    expect(configOf(objects).stores).toMatchObject([
      { credentials: { accessKeyIdEnv: 'AWS_ACCESS_KEY_ID' } },
      { credentials: { accessKeyIdEnv: 'OFF_SITE_AWS_ACCESS_KEY_ID', secretAccessKeyEnv: 'OFF_SITE_AWS_SECRET_ACCESS_KEY' } },
    ]);
    expect(Object.keys(secretsOf(objects))).toEqual(expect.arrayContaining(['AWS_ACCESS_KEY_ID', 'OFF_SITE_AWS_ACCESS_KEY_ID']));
  });

  test('a workload identity has no keys, but annotations', () => {
    const annotations = { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/backup' };
    const credentials = S3Credentials.workloadIdentity({ serviceAccountAnnotations: annotations });
    const objects = synth({ stores: [s3({ region: 'eu-central-1', credentials })] });

    expect(configOf(objects).stores[0]).toMatchObject({ credentials: null });
    expect(secretsOf(objects)).toEqual({});
    expect(objects.find(object => object.kind === 'ServiceAccount').metadata.annotations).toEqual(annotations);
  });

  test.each([
    [S3Encryption.S3_MANAGED, { algorithm: 'AES256', kmsKeyId: null }],
    [S3Encryption.kms(), { algorithm: 'aws:kms', kmsKeyId: null }],
  ])('encryption %j', (encryption, expected) => {
    expect(configOf(synth({ stores: [s3({ encryption })] })).stores[0]).toMatchObject({ encryption: expected });
  });

  test.each(['abc', 'a.b-c', '1.2.3.4.5', 'a'.repeat(63)])('takes the bucket %s', bucketName => {
    expect(() => s3({ bucketName })).not.toThrow();
  });

  test.each<[string, () => unknown, string]>([
    ['a short bucket', () => s3({ bucketName: 'ab' }), '\'bucketName\' must be 3 to 63 characters long, got "ab": S3 refuses other names'],
    ['a long bucket', () => s3({ bucketName: 'a'.repeat(64) }), '\'bucketName\' must be 3 to 63 characters long'],
    ['an upper-case bucket', () => s3({ bucketName: 'Shop' }), '\'bucketName\' must have lower-case letters, digits, "-" and "." only, got "Shop"'],
    ['a bucket with "_"', () => s3({ bucketName: 'shop_backups' }), '\'bucketName\' must have lower-case letters'],
    ['a bucket with a path', () => s3({ bucketName: 'shop/backups' }), '\'bucketName\' must have lower-case letters'],
    ['a bucket with dashes around', () => s3({ bucketName: '-shop-' }), '\'bucketName\' must begin and end with a letter or digit'],
    ['two dots', () => s3({ bucketName: 'a..b' }), '\'bucketName\' must not have two dots in a row'],
    ['an IP address', () => s3({ bucketName: '192.168.5.4' }), '\'bucketName\' must not look like an IP address'],
    ['a reserved prefix', () => s3({ bucketName: 'xn--shop' }), '\'bucketName\' must not begin with the reserved "xn--"'],
    ['a reserved suffix', () => s3({ bucketName: 'shop-s3alias' }), '\'bucketName\' must not end with the reserved "-s3alias"'],
    ['a prefix with ".."', () => s3({ prefix: 'a/../b' }), '\'prefix\' must not have "." or ".." between slashes, got "a/../b"'],
    ['a prefix that begins with a slash', () => s3({ prefix: '/a' }), '\'prefix\' must not begin or end with a slash, got "/a": write "a"'],
    ['a prefix that ends with a slash', () => s3({ prefix: 'a/b/' }), '\'prefix\' must not begin or end with a slash, got "a/b/": write "a/b"'],
    ['a prefix with an empty part', () => s3({ prefix: 'a//b' }), '\'prefix\' must not have two slashes in a row'],
    ['a prefix with a backslash', () => s3({ prefix: 'a\\b' }), '\'prefix\' must not have control characters or backslashes'],
    ['a prefix that fills the key', () => s3({ prefix: 'a'.repeat(513) }), '\'prefix\' must not be longer than 512 bytes'],
    ['an endpoint without http', () => s3({ endpoint: 'minio:9000' }), '\'endpoint\' must be a URL with http or https, got "minio:9000": as in "https://minio.storage.svc:9000"'],
    ['an endpoint of another protocol', () => s3({ endpoint: 's3://bucket' }), '\'endpoint\' must be a URL with http or https'],
    ['an endpoint with credentials', () => s3({ endpoint: 'https://me:hunter2@minio' }), '\'endpoint\' must not have credentials in it, got "https://…@minio"'],
    ['an endpoint with a query', () => s3({ endpoint: 'https://minio?x=1' }), '\'endpoint\' must not have "?" or "#"'],
    ['a region that is none', () => s3({ region: 'eu central' }), '\'region\' must be letters, digits and "-", got "eu central"'],
    ['an identity without a region', () => s3({ credentials: S3Credentials.workloadIdentity() }),
      '\'region\' is missing and the \'credentials\' have no \'regionKey\' either: give the region of bucket "shop-backups"'],
    ['a Secret without a region', () => s3({ credentials: S3Credentials.fromSecret(kplus.Secret.fromSecretName(newChart(), 'S', 's')) }), '\'region\' is missing'],
    ['no parts', () => s3({ maxParts: 0 }), '\'maxParts\' must be a whole number from 1 to 10000, got 0'],
    ['too many parts', () => s3({ maxParts: 10_001 }), '\'maxParts\' must be a whole number from 1 to 10000, got 10001'],
    ['a store name that is none', () => s3({ storeName: 'Off Site' }), '\'storeName\' must be up to 30 lower-case letters, digits and "-"'],
    ['an archive', () => S3StorageClass.of('DEEP_ARCHIVE'), '\'storageClass\' must be a class whose objects can be read at once, got "DEEP_ARCHIVE": use GLACIER_INSTANT_RETRIEVAL'],
    ['an archive in other letters', () => S3StorageClass.of('glacier'), '\'storageClass\' must be a class whose objects can be read at once'],
    ['a class that is none', () => S3StorageClass.of(''), '\'storageClass\' must be upper-case letters'],
    ['a KMS key without a name', () => S3Encryption.kms(''), '\'keyId\' must be text'],
    ['an annotation without a text', () => S3Credentials.workloadIdentity({ serviceAccountAnnotations: { role: '' } } as WorkloadIdentityOptions),
      '\'serviceAccountAnnotations\' must have a name and a text each, got {"role":""}'],
  ])('fails on %s', (_case, define, message) => {
    expect(define).toThrow(message);
  });

  test('the flat layout is that of the guide, for backups that are there already', () => {
    const layout = StoreLayout.FLAT;
    const objects = synth({ stores: [s3({ prefix: 'a/b', layout }), BackupStore.volume({ size: Size.gibibytes(20), layout })] });
    expect(configOf(objects).stores).toMatchObject([{ prefix: 'a/b' }, { directory: '/backups', folder: null }]);
  });

  test('a message never repeats a password', () => {
    expect(() => s3({ endpoint: 'https://me:hunter2@minio' })).not.toThrow('hunter2');
  });
});

describe('volume', () => {
  const volume = (options: Partial<VolumeStoreOptions> = {}) => BackupStore.volume({ size: Size.gibibytes(20), ...options });

  test('defaults', () => {
    const objects = synth({ stores: [volume()] });
    expect(objects.find(object => object.kind === 'PersistentVolumeClaim')).toEqual({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: {
        name: 'backup-storage',
        namespace: 'shop',
        labels: expect.objectContaining({ 'app.kubernetes.io/component': 'backup-storage' }),
        annotations: {
          'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false',
          'helm.sh/resource-policy': 'keep',
          'kustomize.toolkit.fluxcd.io/prune': 'disabled',
        },
      },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '20Gi' } }, volumeMode: 'Filesystem' },
    });
    expect(configOf(objects).stores).toEqual([{ type: 'folder', name: 'volume', directory: '/backups', folder: 'orders' }]);
    expect(podOf(objects).containers[0].volumeMounts).toContainEqual({ name: 'store-volume', mountPath: '/backups' });
  });

  test('may go with its app, where that is said', () => {
    const claim = synth({ stores: [volume({ keep: false })] }).find(object => object.kind === 'PersistentVolumeClaim');
    expect(claim.metadata).not.toHaveProperty('annotations');
  });

  test('every option reaches the claim', () => {
    const accessModes = [kplus.PersistentVolumeAccessMode.READ_WRITE_MANY];
    const objects = synth({ stores: [volume({ claimName: 'disk', storageClassName: 'slow', accessModes })] });
    expect(objects.find(object => object.kind === 'PersistentVolumeClaim')).toMatchObject({
      metadata: { name: 'disk' }, spec: { accessModes: ['ReadWriteMany'], storageClassName: 'slow' },
    });
  });

  test('a claim of one\'s own is mounted, not made', () => {
    const objects = synth(chart => ({ stores: [BackupStore.fromClaim(kplus.PersistentVolumeClaim.fromClaimName(chart, 'Disk', 'disk'))] }));
    expect(objects.map(object => object.kind)).not.toContain('PersistentVolumeClaim');
    expect(podOf(objects).volumes).toContainEqual({ name: 'store-volume', persistentVolumeClaim: { claimName: 'disk' } });
  });

  test('two of them have directories of their own', () => {
    const objects = synth({ stores: [volume(), volume({ storeName: 'second', claimName: 'second' })] });
    expect(configOf(objects).stores).toMatchObject([{ directory: '/backups/volume' }, { directory: '/backups/second' }]);
  });

  test('is shared by the charts of a namespace', () => {
    const app = new App();
    const store = volume();
    const charts = ['one', 'two'].map(id => new Chart(app, id, { namespace: 'shop' }));
    charts.forEach((chart, i) => new BackupCronJob(chart, `backup-${i}`, props({ backupName: `name-${i}`, stores: [store] })));

    expect(charts.flatMap(objectsOf).filter(object => object.kind === 'PersistentVolumeClaim')).toHaveLength(1);
  });

  test('fails in two namespaces', () => {
    const app = new App();
    const store = volume();
    new BackupCronJob(new Chart(app, 'one', { namespace: 'one' }), 'backup', props({ stores: [store] }));

    expect(() => new BackupCronJob(new Chart(app, 'two', { namespace: 'two' }), 'backup', props({ stores: [store] })))
      .toThrow('the claim "backup-storage" is in namespace "one" and can\'t be mounted in "two": make a BackupStore of its own for each namespace');
  });

  test('fails on two stores that make one claim', () => {
    const chart = newChart();
    new BackupCronJob(chart, 'one', props({ stores: [volume()] }));

    expect(() => new BackupCronJob(chart, 'two', props({ stores: [volume()] })))
      .toThrow('the chart "chart" has a child "backup-storage" already: share one BackupStore among the backups');
  });

  test.each<[string, Partial<VolumeStoreOptions>, string]>([
    ['less than 1 GiB', { size: Size.mebibytes(500) }, '\'size\' must be a whole number of GiB, at least 1, got 500Mi: Size.gibibytes(1)'],
    ['half a GiB more', { size: Size.mebibytes(1536) }, '\'size\' must be a whole number of GiB, at least 1, got 1536Mi: Size.gibibytes(2)'],
    ['a name that is none', { claimName: 'Backup_Storage' }, '\'claimName\' must be up to 63 lower-case letters'],
    ['no access mode', { accessModes: [] }, '\'accessModes\' must have at least one mode, got []'],
    ['no way to write', { accessModes: [kplus.PersistentVolumeAccessMode.READ_ONLY_MANY] }, '\'accessModes\' must have one that allows writing, got ["ReadOnlyMany"]'],
    ['a class that is none', { storageClassName: '' }, '\'storageClassName\' must be text'],
  ])('fails on %s', (_case, options, message) => {
    expect(() => volume(options)).toThrow(message);
  });
});
