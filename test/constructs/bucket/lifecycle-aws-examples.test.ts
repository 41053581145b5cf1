import { Chart, Testing } from 'cdk8s';
import { BackupBucketLifecycle, BackupStore } from '../../../src';

/*
 * The forms that the documentation of S3 gives as examples of lifecycles, with prefixes and texts of our own. S3 takes each of them, so a
 * check that refuses one is wrong. No backup is under these prefixes, so none is about backups.
 */
const store = BackupStore.s3({ bucketName: 'shop-backups', prefix: 'backups', region: 'eu-central-1' });

const enabled = (rule: object) => ({ ID: 'example', Status: 'Enabled', ...rule });
const archive = (Days: number) => [{ Days, StorageClass: 'GLACIER' }];

test.each<[string, readonly object[]]>([
  ['one prefix, archived and deleted', [enabled({ Filter: { Prefix: 'tax/' }, Transitions: archive(365), Expiration: { Days: 3650 } })]],
  ['one prefix, archived on the first day', [enabled({ Filter: { Prefix: 'scans/' }, Transitions: archive(0) })]],
  ['a prefix and two tags', [enabled({ Filter: { And: { Prefix: 'tax/', Tags: [{ Key: 'k1', Value: 'v1' }, { Key: 'k2', Value: 'v2' }] } }, Transitions: archive(0) })]],
  ['a disabled rule beside an enabled one', [
    enabled({ ID: 'a', Filter: { Prefix: 'logs/' }, Transitions: archive(0) }),
    { ID: 'b', Status: 'Disabled', Filter: { Prefix: 'docs/' }, Transitions: archive(0), Expiration: { Days: 365 } },
  ]],
  ['tiers down, and the end', [enabled({
    Filter: { Prefix: 'logs/' }, Transitions: [{ Days: 30, StorageClass: 'STANDARD_IA' }, { Days: 90, StorageClass: 'GLACIER' }], Expiration: { Days: 365 },
  })]],
  ['two prefixes', [
    enabled({ ID: 'a', Filter: { Prefix: 'classA/' }, Transitions: archive(365), Expiration: { Days: 3650 } }),
    enabled({ ID: 'b', Filter: { Prefix: 'classB/' }, Transitions: [{ Days: 90, StorageClass: 'STANDARD_IA' }, { Days: 365, StorageClass: 'GLACIER' }] }),
  ]],
  ['prefixes that overlap, of which the shorter expiration counts', [
    enabled({ ID: 'a', Filter: { Prefix: 'tmp/' }, Expiration: { Days: 365 } }),
    enabled({ ID: 'b', Filter: { Prefix: 'tmp/a/' }, Expiration: { Days: 180 } }),
  ]],
  ['sizes', [
    enabled({ ID: 'a', Filter: { And: { Prefix: 'tmp/', ObjectSizeGreaterThan: 500 } }, Expiration: { Days: 30 } }),
    enabled({ ID: 'b', Filter: { And: { Prefix: 'tmp/', ObjectSizeGreaterThan: 500, ObjectSizeLessThan: 64000 } }, Expiration: { Days: 60 } }),
  ]],
  ['old versions, of which some are kept', [enabled({
    Filter: { Prefix: 'docs/' },
    NoncurrentVersionTransitions: [{ NoncurrentDays: 30, StorageClass: 'STANDARD_IA' }, { NoncurrentDays: 60, StorageClass: 'GLACIER' }],
    NoncurrentVersionExpiration: { NewerNoncurrentVersions: 5, NoncurrentDays: 100 },
  })]],
  ['delete markers that are alone', [enabled({ Filter: { Prefix: 'docs/' }, Expiration: { ExpiredObjectDeleteMarker: true }, NoncurrentVersionExpiration: { NoncurrentDays: 30 } })]],
  ['unfinished uploads', [enabled({ Filter: { Prefix: 'SomeKeyPrefix/' }, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } })]],
  ['a date', [enabled({ Filter: { Prefix: 'tax/' }, Expiration: { Date: '2030-01-01T00:00:00Z' } })]],
])('takes what S3 takes: %s', (_what, Rules) => {
  const app = Testing.app();
  const stderr = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    new BackupBucketLifecycle(new Chart(app, 'chart'), 'lifecycle', { store, document: JSON.stringify({ Rules }) });
    expect(() => app.synth()).not.toThrow();
  } finally {
    stderr.mockRestore();
  }
});
