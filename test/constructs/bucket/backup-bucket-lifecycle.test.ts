import { readFileSync } from 'fs';
import { join } from 'path';
import { Chart, Duration, Size, Testing } from 'cdk8s';
import {
  BackupBucketLifecycle, BackupBucketLifecycleProps, BackupStore, LifecycleProvider, LifecycleRule,
  LifecycleStorageClass,
} from '../../../src';
import { synthFiles } from '../../../src/constructs/core/synth-file';
import { warningsOf } from '../../../src/constructs/core/warnings';

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
