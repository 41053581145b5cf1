import { readFileSync } from 'fs';
import { join } from 'path';
import { App, Chart, Cron, Duration, Size, Testing } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import {
  BackupBucketLifecycle, BackupBucketLifecycleProps, BackupCronJob, BackupCronJobProps, BackupSource, BackupStore,
  LifecycleApplyJobOptions, LifecycleForBackupsOptions, LifecycleProvider,
  LifecycleRule, LifecycleStorageClass, OtherLifecycleRules, Retention, S3Credentials, S3StoreOptions, StoreLayout,
  TransitionDefaultMinimumObjectSize,
} from '../../../src';
import { synthFiles } from '../../../src/constructs/core/synth-file';
import { warningsOf } from '../../../src/constructs/core/warnings';
import { unescapeEnvValue } from '../../../src/contract/config';
import { LIFECYCLE_ENV, LifecycleDocument } from '../../../src/contract/lifecycle';
import { checkLifecycleConfig } from '../../../src/runner/lifecycle/config';
import { objectsOf, props } from '../../synth';

const store = BackupStore.s3({ bucketName: 'shop-backups', prefix: 'shop', region: 'eu-central-1' });

function define(changes: Partial<BackupBucketLifecycleProps>): BackupBucketLifecycle {
  return new BackupBucketLifecycle(Testing.chart(), 'lifecycle', { store, ...changes });
}

function rendered(rule: Omit<LifecycleRule, 'id'>, changes: Partial<BackupBucketLifecycleProps> = {}): any {
  return JSON.parse(define({ rules: [{ id: 'x', ...rule }], ...changes }).json).Rules[0];
}

describe('typed rules', () => {
  test('become the document that S3 takes', () => {
    expect(rendered({
      prefix: 'shop/',
      objectSizeGreaterThan: Size.kibibytes(128),
      transitions: [{ storageClass: LifecycleStorageClass.GLACIER_INSTANT_RETRIEVAL, transitionAfter: Duration.days(30) }],
      expiration: Duration.days(120),
      noncurrentVersionTransitions: [
        { storageClass: LifecycleStorageClass.GLACIER_INSTANT_RETRIEVAL, transitionAfter: Duration.days(10), noncurrentVersionsToRetain: 2 },
      ],
      noncurrentVersionExpiration: Duration.days(100),
      noncurrentVersionsToRetain: 3,
    })).toEqual({
      ID: 'cdk8s-backup.x',
      Status: 'Enabled',
      Filter: { And: { Prefix: 'shop/', ObjectSizeGreaterThan: 131072 } },
      Transitions: [{ Days: 30, StorageClass: 'GLACIER_IR' }],
      Expiration: { Days: 120 },
      NoncurrentVersionTransitions: [{ NoncurrentDays: 10, NewerNoncurrentVersions: 2, StorageClass: 'GLACIER_IR' }],
      NoncurrentVersionExpiration: { NoncurrentDays: 100, NewerNoncurrentVersions: 3 },
    });
  });

  test.each<[string, Omit<LifecycleRule, 'id'>, object]>([
    ['no condition', {}, { Prefix: '' }],
    ['a prefix', { prefix: 'a/' }, { Prefix: 'a/' }],
    ['one tag', { tagFilters: { a: '1' } }, { Tag: { Key: 'a', Value: '1' } }],
    ['two tags', { tagFilters: { a: '1', b: '2' } }, { And: { Tags: [{ Key: 'a', Value: '1' }, { Key: 'b', Value: '2' }] } }],
    ['a size', { objectSizeLessThan: Size.kibibytes(1) }, { ObjectSizeLessThan: 1024 }],
  ])('have the filter for %s', (_, conditions, filter) => {
    expect(rendered({ expiration: Duration.days(90), ...conditions }).Filter).toEqual(filter);
  });

  test('may be switched off, and may be about unfinished uploads, delete markers and dates', () => {
    expect(rendered({ enabled: false, abortIncompleteMultipartUploadAfter: Duration.days(3) })).toMatchObject({
      Status: 'Disabled', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 3 },
    });
    expect(rendered({ expiredObjectDeleteMarker: true }).Expiration).toEqual({ ExpiredObjectDeleteMarker: true });
    expect(rendered({ expirationDate: new Date('2027-01-01T00:00:00Z') }).Expiration).toEqual({ Date: '2027-01-01T00:00:00.000Z' });
  });

  test('fail for part of a day', () => {
    expect(() => rendered({ expiration: Duration.hours(36) })).toThrow('\'expiration\' must be whole days');
  });

  test('fail for versions to retain of what is never deleted', () => {
    expect(() => rendered({ expiration: Duration.days(9), noncurrentVersionsToRetain: 3 })).toThrow('\'noncurrentVersionsToRetain\' of the rule "x" needs \'noncurrentVersionExpiration\'');
  });

  test('fail for a class that no provider spells so', () => {
    expect(() => LifecycleStorageClass.of('Glacier')).toThrow('\'storageClass\' must be upper-case letters');
  });
});

test('fails without rules, with rules twice, with a volume and with a document that is none', () => {
  expect(() => define({})).toThrow('give either \'rules\' or \'document\', got none');
  expect(() => define({ rules: [], document: '{}' })).toThrow('got both');
  expect(() => define({ document: '{' })).toThrow('\'document\' must be JSON as the AWS CLI takes it');
  expect(() => define({ document: '{}', store: BackupStore.volume({ size: Size.gibibytes(1) }) })).toThrow('\'store\' must be a bucket, got the volume "volume": BackupStore.s3');
});

describe('the policy of the guide', () => {
  // Word for word.
  const document = JSON.stringify({
    Rules: [{
      ID: 'BackupRetention',
      Status: 'Enabled',
      Filter: { Prefix: 'whispercache/backups/' },
      Transitions: [{ Days: 7, StorageClass: 'STANDARD_IA' }, { Days: 30, StorageClass: 'GLACIER' }],
      Expiration: { Days: 90 },
    }],
  });

  function messageFor(changes: Partial<BackupBucketLifecycleProps> = {}): string {
    try {
      define({ document, ...changes });
    } catch (error) {
      return (error as Error).message;
    }
    return 'it passed';
  }

  test('fails with the two rules that it breaks, and what it would cost', () => {
    const message = messageFor();
    expect(message.slice(0, message.indexOf('This one passes:'))).toMatchInlineSnapshot(`
"test/lifecycle: the lifecycle of bucket "shop-backups" breaks rule 16 of AWS S3 (as of 2026-07-16), and is unwise by rule 13, 20, 23, 26:
  [16] error: rule "BackupRetention" leaves STANDARD_IA for GLACIER after 23 days (day 7 to day 30), and one rule may not do so before the 30 days that STANDARD_IA bills at least: 7 days of each object would be paid for nothing; move to GLACIER at day 37 or later
  [13] warning: rule "BackupRetention" moves to STANDARD_IA at day 7: AWS takes that since 2026-07-16 only, AWS in China and others refuse days before 30, and each object is billed 30 days there
  [20] warning: rule "BackupRetention" deletes at day 90, 60 days after the move to GLACIER, which bills 90: 30 days of each object are paid for nothing; delete at day 120 or later, or move to a class with a shorter minimum
  [23] warning: no rule has AbortIncompleteMultipartUpload: the parts of uploads that were cut off stay for ever, invisible and billed
  [26] warning: no rule has NoncurrentVersionExpiration: in a versioned bucket an Expiration only hides objects, and nothing is ever freed
"
`);
  });

  test('breaks both where the change of July 2026 did not arrive', () => {
    expect(messageFor({ provider: LifecycleProvider.AWS_CHINA })).toContain('breaks rule 13, 16 of AWS S3 in China (as of 2026-11-22), and is unwise by rule 20, 23, 26:');
  });

  test('prints one that passes, without a warning', () => {
    const message = messageFor();
    const printed = message.slice(message.indexOf('This one passes:') + 'This one passes:'.length);
    const passing = define({ document: printed });
    expect(warningsOf(passing)).toEqual([]);
    expect(JSON.parse(passing.json)).toEqual({
      Rules: [
        {
          ID: 'cdk8s-backup.dumps',
          Status: 'Enabled',
          Filter: { Prefix: 'whispercache/backups/' },
          Transitions: [{ Days: 30, StorageClass: 'GLACIER_IR' }],
          Expiration: { Days: 120 },
          NoncurrentVersionExpiration: { NoncurrentDays: 30 },
          AbortIncompleteMultipartUpload: { DaysAfterInitiation: 3 },
        },
        {
          ID: 'cdk8s-backup.delete-markers', Status: 'Enabled', Filter: { Prefix: 'whispercache/backups/' }, Expiration: { ExpiredObjectDeleteMarker: true },
        },
      ],
    });
  });
});

describe('the file', () => {
  test('is written by synth, as the AWS CLI takes it', () => {
    const app = Testing.app();
    const lifecycle = new BackupBucketLifecycle(new Chart(app, 'chart'), 'lifecycle', {
      store, rules: [{ id: 'x', abortIncompleteMultipartUploadAfter: Duration.days(3) }],
    });
    app.synth();
    const text = readFileSync(join(app.outdir, 's3-lifecycle', 'shop-backups.json'), 'utf8');
    expect(text).toBe(`${lifecycle.json}\n`);
    expect(Object.keys(JSON.parse(text))).toEqual(['Rules']);
    expect(synthFiles(app)).toEqual({ 's3-lifecycle/shop-backups.json': text });
  });

  test('may have another name', () => {
    const lifecycle = define({ rules: [{ id: 'x', expiration: Duration.days(9) }], fileName: 'aws/rules.json' });
    expect(Object.keys(synthFiles(lifecycle))).toEqual(['aws/rules.json']);
  });
});

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

describe('applyJob', () => {
  function job(changes: Partial<BackupBucketLifecycleProps> = {}): { readonly objects: any[]; readonly job: any; readonly config: any } {
    const chart = new Chart(Testing.app(), 'chart', { namespace: 'shop' });
    new BackupBucketLifecycle(chart, 'lifecycle', {
      store, rules: [{ id: 'x', prefix: 'shop/$$(A)', abortIncompleteMultipartUploadAfter: Duration.days(3) }], applyJob: {}, ...changes,
    });
    const objects = objectsOf(chart);
    const found = objects.find(({ kind }) => kind === 'Job');
    const value = found.spec.template.spec.containers[0].env.find(({ name }: any) => name === LIFECYCLE_ENV).value as string;
    return { objects, job: found, config: checkLifecycleConfig(JSON.parse(unescapeEnvValue(value))) };
  }

  test('is not there by default', () => {
    const chart = Testing.chart();
    new BackupBucketLifecycle(chart, 'lifecycle', { store, rules: [{ id: 'x', expiration: Duration.days(9) }] });
    expect(objectsOf(chart)).toEqual([]);
  });

  test('is a Job with all that the runner needs, and a service account without rights', () => {
    expect(job().objects).toMatchSnapshot();
  });

  test('says the bucket, the rules and the header', () => {
    const { config } = job({ transitionDefaultMinimumObjectSize: TransitionDefaultMinimumObjectSize.VARIES_BY_STORAGE_CLASS });
    expect(config).toMatchObject({
      version: 1,
      store: { bucketName: 'shop-backups', credentials: { accessKeyIdEnv: 'AWS_ACCESS_KEY_ID' } },
      document: { Rules: [{ ID: 'cdk8s-backup.x', Filter: { Prefix: 'shop/$$(A)' } }] },
      transitionDefaultMinimumObjectSize: 'varies_by_storage_class',
    });
  });

  test('fails for a document whose rules the runner would not know as its own', () => {
    const document = JSON.stringify({ Rules: [{ ID: 'old', Status: 'Enabled', Filter: {}, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 3 } }] });
    expect(() => job({ rules: undefined, document })).toThrow('\'applyJob\' needs rules whose ID begins with "cdk8s-backup.", got "old" in \'document\'');
  });

  test('is another Job for other rules, since the pod of a Job can\'t be changed, and the same for the same', () => {
    const other = job({ rules: [{ id: 'y', expiration: Duration.days(9) }] }).job.metadata.name;
    expect(job().job.metadata.name).toBe(job().job.metadata.name);
    expect(other).not.toBe(job().job.metadata.name);
  });

  test('is another Job for whatever else of it changes, so that nothing that is applied is refused', () => {
    const variants: LifecycleApplyJobOptions[] = [{}, { image: 'registry/runner:2' }, { labels: { team: 'db' } }, { otherRules: OtherLifecycleRules.KEEP }];
    const names = variants.map(applyJob => job({ applyJob }).job.metadata.name);
    expect(new Set(names).size).toBe(variants.length);
  });

  test('is the same Job when the construct is moved, and the construct knows its name', () => {
    const nameIn = (...path: string[]) => {
      const chart = new Chart(Testing.app(), 'chart', { namespace: 'shop' });
      const scope = path.reduce<Construct>((parent, id) => new Construct(parent, id), chart);
      const { applyJobName } = new BackupBucketLifecycle(scope, 'l', { store, rules: [{ id: 'x', expiration: Duration.days(9) }], applyJob: {} });
      expect(objectsOf(chart).find(({ kind }) => kind === 'Job').metadata.name).toBe(applyJobName);
      return applyJobName;
    };
    expect(nameIn('Buckets')).toBe(nameIn());
  });

  test('does not show among backups', () => {
    expect(job().objects.map(({ metadata }) => metadata.labels.component)).toEqual(Array(3).fill('backup-lifecycle'));
    expect(() => job({ applyJob: { labels: { component: 'backup' } } })).toThrow('\'labels\' must not be those of a backup');
  });

  test('leaves rules of others alone unless it is told', () => {
    const args = (otherRules?: OtherLifecycleRules) => job({ applyJob: { otherRules } }).job.spec.template.spec.containers[0].args;
    expect(args()).toEqual(['lifecycle', 'apply']);
    expect(args(OtherLifecycleRules.KEEP)).toEqual(['lifecycle', 'apply', '--keep-others']);
    expect(args(OtherLifecycleRules.REMOVE)).toEqual(['lifecycle', 'apply', '--remove-others']);
  });

  test('takes a service account, labels and an image', () => {
    const serviceAccount = kplus.ServiceAccount.fromServiceAccountName(Testing.chart(), 'account', 'bucket-owner');
    const { job: { metadata, spec } } = job({ applyJob: { serviceAccount, labels: { team: 'db' }, image: 'registry/runner:1' } });
    expect(metadata.labels).toMatchObject({ team: 'db' });
    expect(metadata.labels).not.toHaveProperty('component');
    expect(spec.template.spec).toMatchObject({ serviceAccountName: 'bucket-owner', containers: [{ image: 'registry/runner:1' }] });
  });

  test('may have credentials of its own, for a backup should not be able to change rules', () => {
    const own = BackupStore.s3({
      bucketName: 'shop-backups', region: 'eu-central-1', credentials: S3Credentials.workloadIdentity({ serviceAccountAnnotations: { role: 'bucket-owner' } }),
    });
    const account = job({ store: own }).objects.find(({ kind }) => kind === 'ServiceAccount');
    expect(account.metadata.annotations).toEqual({ role: 'bucket-owner' });
  });
});
