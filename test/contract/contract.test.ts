import { Chart, Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import {
  BackupCronJobProps, BackupSource, BackupStore, CaCertificate, Compression, PostgresTls, RedisTls, Retention, S3Checksums, S3Credentials,
  S3Encryption, S3ObjectLockMode, S3StorageClass,
} from '../../src';
import { BackupConfig } from '../../src/contract/config';
import { parseConfig } from '../../src/runner/config/config';
import { configOf, configTextOf, synth } from '../synth';

const secret = (chart: Chart) => kplus.Secret.fromSecretName(chart, `Secret${chart.node.children.length}`, 'secrets');
const ca = (chart: Chart) => CaCertificate.fromSecret(secret(chart));
const claim = (chart: Chart) => kplus.PersistentVolumeClaim.fromClaimName(chart, 'Claim', 'data');

const CASES: [string, (chart: Chart) => Partial<BackupCronJobProps>][] = [
  ['the defaults', () => ({})],
  ['PostgreSQL with everything', chart => ({
    source: BackupSource.postgres({
      host: 'db.shop.svc',
      port: 6432,
      allDatabases: true,
      user: 'backup',
      password: { secret: secret(chart), key: 'password' },
      tls: PostgresTls.verifyFull(ca(chart)),
      excludeSchemas: ['tmp*'],
      excludeTables: ['public."Log$"'],
      globals: false,
      lockTimeout: Duration.seconds(5),
    }),
    compression: Compression.gzip(9),
    retention: Retention.days(7),
    suspectBelowPercent: 0,
  })],
  ['Redis with everything', chart => ({
    source: BackupSource.redis({ host: '::1', user: 'backup', password: { secret: secret(chart), key: 'password' }, tls: RedisTls.trusting(ca(chart)) }),
    compression: Compression.NONE,
    retention: Retention.newest(24),
  })],
  ['SQLite', chart => ({ source: BackupSource.sqlite({ claim: claim(chart), path: 'a b/$c.db' }), onDemand: true })],
  ['S3 with everything, beside a volume', chart => ({
    stores: [
      BackupStore.s3({
        bucketName: 'shop-backups',
        prefix: 'a/b',
        region: 'us-east-1',
        endpoint: 'https://minio.storage.svc:9000/',
        caCertificate: ca(chart),
        encryption: S3Encryption.kms('alias/x'),
        credentials: S3Credentials.fromSecret(secret(chart), { sessionTokenKey: 'token' }),
        storageClass: S3StorageClass.INFREQUENT_ACCESS,
        objectLock: { mode: S3ObjectLockMode.COMPLIANCE, duration: Duration.days(30) },
        checksums: S3Checksums.REQUIRED_ONLY,
        maxParts: 1000,
      }),
      BackupStore.s3({ bucketName: 'other-backups', region: 'x', storeName: 'off-site', credentials: S3Credentials.workloadIdentity() }),
      BackupStore.volume({ size: Size.gibibytes(1) }),
    ],
  })],
];

test.each(CASES)('the runner reads what the construct writes: %s', (_case, changes) => {
  const objects = synth(changes);
  expect(parseConfig(configTextOf(objects))).toEqual(configOf(objects));
});

test('a dollar sign survives the way through a pod spec', () => {
  const source = BackupSource.postgres({ host: 'postgres', databaseName: 'pay$(HOME)$$day', user: 'u$er', excludeTables: ['"$"'] });
  const expected: BackupConfig = {
    version: 1,
    kind: 'backup',
    namespace: 'shop',
    name: 'pay_HOME_day',
    source: {
      engine: 'postgres',
      host: 'postgres',
      port: 5432,
      databaseName: 'pay$(HOME)$$day',
      user: 'u$er',
      passwordEnv: null,
      tls: { mode: 'prefer', caFile: null },
      includeSchemas: [],
      excludeSchemas: [],
      includeTables: [],
      excludeTables: ['"$"'],
      globals: true,
      lockTimeoutSeconds: 60,
    },
    stores: [{
      type: 's3',
      name: 's3',
      bucketName: 'shop-backups',
      prefix: 'pay_HOME_day',
      region: 'eu-central-1',
      regionEnv: null,
      endpoint: null,
      pathStyle: false,
      credentials: { accessKeyIdEnv: 'AWS_ACCESS_KEY_ID', secretAccessKeyEnv: 'AWS_SECRET_ACCESS_KEY', sessionTokenEnv: null },
      encryption: null,
      storageClass: null,
      objectLock: null,
      checksums: 'auto',
      maxParts: 10_000,
    }],
    compression: { algorithm: 'zstd', level: 1 },
    retention: {
      keepHours: null, keepLast: null, keepHourly: null, keepDaily: null, keepWeekly: null, keepMonthly: null, keepYearly: null, keepAtLeast: 1,
    },
    pruneAfterBackup: false,
    verify: { olderPercent: 10, repair: false },
    encryption: null,
    pushgatewayUrl: null,
    suspectBelowPercent: 50,
    activeDeadlineSeconds: 6 * 3600 - 60,
    scratch: { directory: '/tmp', limitBytes: 1024 ** 3 },
  };

  expect(parseConfig(configTextOf(synth({ source })))).toEqual(expected);
});
