import { base, days, expectError, expectWarning, fine, lint, moving, rule } from './_lint';
import { BackupStore, LifecycleProvider } from '../../../src';

describe('providers', () => {
  const move = (name: string, day = 30) => [moving(days(day, name))];
  test('MinIO takes one transition in a rule', () => {
    expectError(lint([moving(days(7, 'WARM'), days(30, 'COLD'))], { provider: LifecycleProvider.MINIO }), 14, 'a second one silently replaces the first');
  });
  test('MinIO is warned of the names of AWS', () => {
    const { warnings } = lint(move('GLACIER'), { provider: LifecycleProvider.MINIO });
    expect(warnings[0]).toContain('MinIO takes the name of a remote tier');
  });
  test('Ceph takes any class at any day, and is warned of the name GLACIER', () => {
    expect(lint(move('STANDARD_IA', 1), { provider: LifecycleProvider.CEPH_RGW })).toEqual(fine);
    expectWarning(lint(move('GLACIER', 1), { provider: LifecycleProvider.CEPH_RGW }), 12, 'AWS\'s own clients refuse to read');
  });
  test('Ceph is warned of sizes in filters', () => {
    const split = [rule({}), { ...base, ID: 'y', Filter: { ObjectSizeGreaterThan: 131072 }, Transitions: [days(30, 'WARM')] }];
    expectWarning(lint(split, { provider: LifecycleProvider.CEPH_RGW }), 4, 'Ceph 16 drops sizes without a word');
  });
  test('Cloudflare takes one class', () => {
    const abort = { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 3 } };
    const only = (name: string) => lint([{ ...base, ...abort, Transitions: [days(30, name)] }], { provider: LifecycleProvider.CLOUDFLARE_R2 });
    expect(only('STANDARD_IA')).toEqual(fine);
    expectError(only('GLACIER'), 12, 'Cloudflare R2 takes STANDARD_IA');
  });
  test.each([['ONEZONE_IA', 30], ['GLACIER', 90]])('Scaleway takes %s from day %s on', (name, earliest) => {
    expectError(lint(move(name, earliest - 1), { provider: LifecycleProvider.SCALEWAY }), 13, `Scaleway takes day ${earliest} or later`);
    expect(lint(move(name, earliest), { provider: LifecycleProvider.SCALEWAY })).toEqual(fine);
    expectError(lint(move('STANDARD_IA'), { provider: LifecycleProvider.SCALEWAY }), 12, 'Scaleway takes ONEZONE_IA, GLACIER');
  });
  test('Backblaze takes no transitions', () => {
    expectError(lint(move('STANDARD_IA'), { provider: LifecycleProvider.BACKBLAZE_B2 }), 12, 'Backblaze B2 takes no transitions');
  });
  test('Google is refused by name', () => {
    expect(lint(move('STANDARD_IA'), { provider: LifecycleProvider.GOOGLE_CLOUD_STORAGE }).error)
      .toContain('\'provider\' Google Cloud Storage can\'t be given a lifecycle: its lifecycle has a schema of its own');
  });
  test('any takes what all have in common', () => {
    const provider = LifecycleProvider.ANY;
    expect(lint([{ ...base, Expiration: { Days: 90 } }], { provider })).toEqual(fine);
    expectError(lint(move('STANDARD_IA'), { provider }), 12, 'any provider takes no transitions');
    expectError(lint([rule({ Expiration: { Days: 90 } })], { provider }), 21, 'which any provider does not have in common: name the \'provider\'');
  });
  test.each([
    ['https://x.r2.cloudflarestorage.com', 'Cloudflare R2'], ['https://s3.fr-par.scw.cloud', 'Scaleway'], ['https://s3.eu-central-003.backblazeb2.com', 'Backblaze B2'],
    ['https://s3.cn-north-1.amazonaws.com.cn', 'AWS S3 in China'], ['https://s3.eu-central-1.amazonaws.com', 'AWS S3'],
    ['https://minio.storage.svc:9000', 'a server that its endpoint does not name'],
  ])('is known by its endpoint: %s', (endpoint, title) => {
    const at = BackupStore.s3({ bucketName: 'shop-backups', region: 'auto', endpoint });
    expect(lint([base], { store: at }).error).toContain(`of ${title} (as of `);
  });
  test('Google is known by its endpoint', () => {
    expect(lint([base], { store: BackupStore.s3({ bucketName: 'shop-backups', region: 'auto', endpoint: 'https://storage.googleapis.com' }) }).error).toContain('Google Cloud Storage can\'t be given');
  });
  test('China is known by its region', () => {
    expect(lint([base], { store: BackupStore.s3({ bucketName: 'shop-backups', region: 'cn-north-1' }) }).error).toContain('of AWS S3 in China');
  });
});
