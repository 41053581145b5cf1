import { App, Chart, Cron, Duration, Size, Testing } from 'cdk8s';
import {
  BackupBucketLifecycle, BackupCronJob, BackupCronJobProps, BackupSource, BackupStore, LifecycleForBackupsOptions,
  LifecycleProvider, LifecycleStorageClass, Retention, S3StoreOptions, StoreLayout,
} from '../../../src';
import { warningsOf } from '../../../src/constructs/core/warnings';
import { LifecycleDocument } from '../../../src/contract/lifecycle';
import { props } from '../../synth';

const store = BackupStore.s3({ bucketName: 'shop-backups', prefix: 'shop', region: 'eu-central-1' });

function backup(chart: Chart, id: string, changes: Partial<BackupCronJobProps> = {}): BackupCronJob {
  return new BackupCronJob(chart, id, props({ stores: [store], ...changes }));
}

describe('forBackups', () => {
  function derive(options: LifecycleForBackupsOptions = {}, changes: Partial<BackupCronJobProps> = {}): { lifecycle: BackupBucketLifecycle; rules: LifecycleDocument['Rules'] } {
    const chart = Testing.chart();
    const backups = [
      backup(chart, 'db-backup', { backupName: 'orders', retention: Retention.days(30), ...changes }),
      backup(chart, 'redis-backup', { source: BackupSource.redis({ host: 'redis' }), schedule: Cron.hourly(), retention: Retention.hours(24) }),
    ];
    const lifecycle = BackupBucketLifecycle.forBackups(chart, 'lifecycle', backups, options);
    App._synthChart(chart);
    return { lifecycle, rules: JSON.parse(lifecycle.json).Rules };
  }

  test('cleans up behind the backups, and touches nothing else', () => {
    const { rules, lifecycle } = derive();
    expect(rules).toEqual([
      {
        ID: 'cdk8s-backup.orders',
        Status: 'Enabled',
        Filter: { Prefix: 'shop/orders/orders_' },
        NoncurrentVersionExpiration: { NoncurrentDays: 4 },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 2 },
      },
      { ID: 'cdk8s-backup.orders.delete-markers', Status: 'Enabled', Filter: { Prefix: 'shop/orders/orders_' }, Expiration: { ExpiredObjectDeleteMarker: true } },
      {
        ID: 'cdk8s-backup.redis',
        Status: 'Enabled',
        Filter: { Prefix: 'shop/redis/redis_' },
        NoncurrentVersionExpiration: { NoncurrentDays: 4 },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 2 },
      },
      { ID: 'cdk8s-backup.redis.delete-markers', Status: 'Enabled', Filter: { Prefix: 'shop/redis/redis_' }, Expiration: { ExpiredObjectDeleteMarker: true } },
    ]);
    expect(warningsOf(lifecycle)).toEqual([]);
  });

  test('deletes on demand what nobody promised to keep: retention, and the floor until somebody acts', () => {
    const { rules, lifecycle } = derive({ expire: true });
    expect(rules.map(({ ID, Expiration }) => [ID, Expiration?.Days])).toEqual([
      ['cdk8s-backup.orders', 30], ['cdk8s-backup.orders.delete-markers', undefined],
      ['cdk8s-backup.redis', 4], ['cdk8s-backup.redis.delete-markers', undefined],
    ]);
    // No filter of S3 leaves them out.
    expect(warningsOf(lifecycle)).toEqual([['orders', 30, 'db-backup'], ['redis', 4, 'redis-backup']].map(([name, day, cronJob]) =>
      expect.stringContaining(`rule "cdk8s-backup.${name}" deletes at day ${day} what is pinned or held of backup "${cronJob}", too`)));
  });

  test('never deletes what is kept for ever', () => {
    expect(derive({ expire: true }, { retention: Retention.FOREVER }).rules[0].Expiration).toBeUndefined();
  });

  test('moves artifacts and leaves records', () => {
    const { rules } = derive(
      { transitions: [{ storageClass: LifecycleStorageClass.GLACIER_INSTANT_RETRIEVAL, transitionAfter: Duration.days(7) }], expire: true },
      { retention: Retention.days(120) },
    );
    expect(rules.filter(({ Transitions }) => Transitions)).toEqual(['orders', 'redis'].map(name => ({
      ID: `cdk8s-backup.${name}.transitions`,
      Status: 'Enabled',
      Filter: { And: { Prefix: `shop/${name}/${name}_`, ObjectSizeGreaterThan: 131072 } },
      Transitions: [{ Days: 7, StorageClass: 'GLACIER_IR' }],
    })));
  });

  test('keeps old versions as long as Object Lock holds them', () => {
    expect(derive({ objectLockDefaultRetention: Duration.days(30) }).rules[0].NoncurrentVersionExpiration).toEqual({ NoncurrentDays: 30 });
  });

  test('leaves out what the provider or the bucket does not have', () => {
    const keys = (options: LifecycleForBackupsOptions) => derive(options).rules.map(rule => Object.keys(rule).slice(3));
    expect(keys({ provider: LifecycleProvider.CLOUDFLARE_R2 })).toEqual([['AbortIncompleteMultipartUpload'], ['AbortIncompleteMultipartUpload']]);
    expect(keys({ provider: LifecycleProvider.MINIO })).toEqual([['NoncurrentVersionExpiration'], ['Expiration'], ['NoncurrentVersionExpiration'], ['Expiration']]);
    expect(keys({ versioned: false })).toEqual([['AbortIncompleteMultipartUpload'], ['AbortIncompleteMultipartUpload']]);
    expect(keys({ provider: LifecycleProvider.ANY, expire: true })).toEqual([['Expiration'], ['Expiration']]);
  });

  test('of a server that its endpoint does not name, takes what MinIO and Ceph take, and says so', () => {
    const stores = [BackupStore.s3({ bucketName: 'shop-backups', region: 'us-east-1', endpoint: 'http://minio:9000' })];
    const at = (options: LifecycleForBackupsOptions) => {
      const chart = Testing.chart();
      const lifecycle = BackupBucketLifecycle.forBackups(chart, 'lifecycle', [backup(chart, 'db-backup', { stores, retention: Retention.days(30) })], options);
      return { rules: JSON.parse(lifecycle.json).Rules, warnings: warningsOf(lifecycle).filter(message => message.includes('provider')) };
    };
    const { rules, warnings } = at({});
    expect(rules).toEqual(at({ provider: LifecycleProvider.MINIO }).rules);
    expect(warnings).toEqual([expect.stringContaining('the endpoint "http://minio:9000" of store "s3" is of no provider that is known by its name')]);
    for (const provider of [LifecycleProvider.MINIO, LifecycleProvider.CEPH_RGW]) expect(at({ provider }).warnings).toEqual([]);
    expect(at({ versioned: false, expire: true }).warnings).toEqual([]);
    expect(() => at({ versioned: false })).toThrow('leave the lifecycle out, or set \'expire\', or name the \'provider\'');
  });

  test('adds rules for other things in the bucket', () => {
    const { rules } = derive({ otherRules: [{ id: 'logs', prefix: 'logs/', expiration: Duration.days(14) }] });
    expect(rules.at(-1)).toEqual({ ID: 'cdk8s-backup.logs', Status: 'Enabled', Filter: { Prefix: 'logs/' }, Expiration: { Days: 14 } });
  });

  test('fails where nothing follows', () => {
    expect(() => derive({ provider: LifecycleProvider.ANY })).toThrow('nothing follows from backup "db-backup", backup "redis-backup" for any provider: leave the lifecycle out, or set \'expire\'');
  });

  test('fails without a bucket, with several, and for a backup that is not in it', () => {
    const chart = Testing.chart();
    const onVolume = backup(chart, 'volume-backup', { stores: [BackupStore.volume({ size: Size.gibibytes(1) })] });
    const here = backup(chart, 'here', { backupName: 'here' });
    const there = backup(chart, 'there', { stores: [BackupStore.s3({ bucketName: 'other-bucket', region: 'eu-central-1' })] });
    expect(() => BackupBucketLifecycle.forBackups(chart, 'a', [onVolume])).toThrow('\'backups\' must write to a bucket, got ["volume-backup"]');
    expect(() => BackupBucketLifecycle.forBackups(chart, 'b', [here, there])).toThrow('the backups write to several buckets, ["shop-backups","other-bucket"]');
    expect(() => BackupBucketLifecycle.forBackups(chart, 'c', [here, there], { store })).toThrow('\'backups\' must write to the bucket "shop-backups", got "there"');
  });

  /** `app` for a week, and another backup for 90 days. */
  function synthBeside(own: Partial<S3StoreOptions>, other: Partial<BackupCronJobProps>): string[] {
    const chart = Testing.chart();
    const short = backup(chart, 'one', { backupName: 'app', retention: Retention.days(7), stores: [bucketWith(own)] });
    backup(chart, 'two', { retention: Retention.days(90), ...other });
    const lifecycle = BackupBucketLifecycle.forBackups(chart, 'lifecycle', [short], { expire: true });
    App._synthChart(chart);
    return warningsOf(lifecycle);
  }
  const bucketWith = (options: Partial<S3StoreOptions>) => BackupStore.s3({ bucketName: 'shop-backups', region: 'eu-central-1', ...options });
  const FLAT = { layout: StoreLayout.FLAT };

  test.each<[string, Partial<S3StoreOptions>, Partial<BackupCronJobProps>]>([
    ['side by side', { prefix: 'shop', ...FLAT }, { backupName: 'app_x', stores: [bucketWith({ prefix: 'shop', ...FLAT })] }],
    ['in the folder of the other', {}, { backupName: 'app_x', stores: [bucketWith({ prefix: 'app', ...FLAT })] }],
    ['in a folder of that folder', {}, { backupName: 'app_x', stores: [bucketWith({ prefix: 'app' })] }],
    ['under a prefix that begins like the other', FLAT, { backupName: 'web', stores: [bucketWith({ prefix: 'app_old' })] }],
  ])('fails where one rule acts on the objects of a backup that is kept longer: %s', (_where, own, other) => {
    expect(() => synthBeside(own, other)).toThrow('[32] error: rule "cdk8s-backup.app" deletes at day 7 what backup "two" promises to keep for 90 days');
  });

  test.each<[string, Partial<S3StoreOptions>, Partial<BackupCronJobProps>]>([
    ['another name that begins alike', {}, { backupName: 'app_x', stores: [bucketWith({})] }],
    ['a name that begins alike, in the flat layout', {}, { backupName: 'app_x', stores: [bucketWith(FLAT)] }],
    ['another folder below', {}, { backupName: 'web', stores: [bucketWith({ prefix: 'app' })] }],
  ])('the rules for a backup in its folder are about nothing else: %s', (_what, own, other) => {
    expect(synthBeside(own, other)).toEqual([
      expect.stringContaining('no rule acts on backup "two"'), expect.stringContaining('what is pinned or held of backup "one", too'),
    ]);
  });

  test('what the rules for a flat layout do to another app can\'t be seen, and is a warning', () => {
    const flat = { stores: [bucketWith({ prefix: 'shop', ...FLAT })] };
    expect(synthBeside({ prefix: 'shop', ...FLAT }, { backupName: 'web', ...flat })[0]).toBe(
      'the rules for backup "one" delete or move whatever begins with "shop/app_", that of a backup "app_…" of another app too, which this one does not know: '
      + 'drop \'layout: StoreLayout.FLAT\' of the store, or give the app a \'prefix\' of its own');
    const chart = Testing.chart();
    expect(warningsOf(BackupBucketLifecycle.forBackups(chart, 'lifecycle', [backup(chart, 'db-backup', flat)]))).toEqual([]);
  });

  test('no rule acts on the hold of a backup', () => {
    for (const layout of Object.values(StoreLayout)) {
      const chart = Testing.chart();
      const held = backup(chart, 'db-backup', { backupName: 'app', retention: Retention.days(7), stores: [bucketWith({ layout })] });
      const { Rules: rules } = JSON.parse(BackupBucketLifecycle.forBackups(chart, 'lifecycle', [held], { expire: true }).json) as LifecycleDocument;
      const folder = layout === StoreLayout.FLAT ? '' : 'app/';
      expect(rules.filter(({ Filter }) => `${folder}app.hold`.startsWith(Filter.Prefix!))).toEqual([]);
      expect(rules.filter(({ Filter }) => `${folder}app_20261122_020000.dump`.startsWith(Filter.Prefix!))).toHaveLength(2);
    }
  });
});
