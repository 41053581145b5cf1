/*
 * The table of rules in docs/reference/lifecycle-rules.md up to 28, one test or more for each number.
 */
import { Cron, Duration, Testing } from 'cdk8s';
import { base, days, expectError, expectWarning, fine, lint, moving, rule, store } from './_lint';
import {
  BackupBucketLifecycle, BackupStore, LifecycleProvider, LifecycleStorageClass, Retention, S3StorageClass, TransitionDefaultMinimumObjectSize,
} from '../../../src';

test('a complete document passes without a warning', () => {
  expect(lint([rule({})])).toEqual(fine);
});

describe('rule 1', () => {
  test('fails without rules', () => {
    expectError(lint([]), 1, 'Rules of the document must have at least one rule, got []');
  });
  test('fails with more than 1000', () => {
    expectError(lint(Array.from({ length: 1001 }, (_, i) => rule({ ID: `${i}` }))), 1, 'there may be 1000 rules in a bucket, got 1001');
  });
  test('fails with more than 100 on Backblaze', () => {
    expectError(lint(Array.from({ length: 101 }, (_, i) => rule({ ID: `${i}` })), { provider: LifecycleProvider.BACKBLAZE_B2 }), 1, 'there may be 100 rules');
  });
  test('fails with two lifecycles for one bucket', () => {
    const chart = Testing.chart();
    new BackupBucketLifecycle(chart, 'one', { store, rules: [{ id: 'a', expiration: Duration.days(1) }] });
    expect(() => new BackupBucketLifecycle(chart, 'two', { store, rules: [{ id: 'b', expiration: Duration.days(1) }] }))
      .toThrow('the bucket "shop-backups" has the lifecycle test/one already: S3 replaces the whole configuration');
  });
});

describe('rule 2', () => {
  test('fails with an ID of 256 characters', () => {
    expectError(lint([rule({ ID: 'x'.repeat(256) })]), 2, 'rule 1: ID must have up to 255 characters, got 256');
    expect(lint([rule({ ID: 'x'.repeat(255) })])).toEqual(fine);
  });
  test('fails with the same ID twice', () => {
    expectError(lint([rule({}), rule({})]), 2, 'the ID "x" must be unique');
  });
  test('takes a rule without an ID', () => {
    expect(lint([rule({ ID: undefined })])).toEqual(fine);
  });
});

test('rule 3: fails with another Status, and without one', () => {
  expectError(lint([rule({ Status: 'enabled' })]), 3, 'rule "x": Status must be "Enabled" or "Disabled", got "enabled"');
  expectError(lint([rule({ Status: undefined })]), 3, 'rule "x": Status is missing');
});

describe('rule 4', () => {
  test('fails without a Filter', () => {
    expectError(lint([rule({ Filter: undefined })]), 4, 'Filter is missing, and may be {}');
  });
  test('fails with two conditions outside And', () => {
    expectError(lint([rule({ Filter: { Prefix: 'a', ObjectSizeGreaterThan: 1 } })]), 4, 'Filter must have at most one condition, got ["Prefix","ObjectSizeGreaterThan"]: put them into "And"');
  });
  test('fails with what S3 does not know', () => {
    expectError(lint([rule({ Filter: { Suffix: 'a' } })]), 4, 'Filter.Suffix is nothing that S3 knows: here it knows Prefix,');
    expectError(lint([rule({ Expire: 1 })]), 4, 'rule "x": Expire is nothing that S3 knows: here it knows ID, Status, Filter, Transitions,');
  });
  test('takes an empty one', () => {
    expect(lint([rule({ Filter: {} })])).toEqual(fine);
  });
});

describe('rule 5', () => {
  test('fails with a Prefix beside the Filter', () => {
    expectError(lint([rule({ Prefix: 'shop/' })]), 5, 'rule "x": Prefix is the old form, which no Filter may be beside: write "Filter": {"Prefix": "shop/"}');
  });
  test('says how the old form is written today', () => {
    expectError(lint([rule({ Filter: undefined, Prefix: 'shop/' })]), 5, 'write "Filter": {"Prefix": "shop/"}');
  });
});

test('rule 6: fails with a tag twice', () => {
  const Tags = [{ Key: 'a', Value: '1' }, { Key: 'a', Value: '2' }];
  expectError(lint([{ ...base, Filter: { And: { Tags } }, Expiration: { Days: 9 } }]), 6, 'has the tag "a" twice');
});

test('rule 7: fails where no object is large and small enough', () => {
  const And = { ObjectSizeGreaterThan: 10, ObjectSizeLessThan: 10 };
  expectError(lint([{ ...base, Filter: { And }, Expiration: { Days: 9 } }]), 7, 'must have an ObjectSizeLessThan over its ObjectSizeGreaterThan, got 10 and 10');
});

test('rule 8: fails for a rule that does nothing', () => {
  expectError(lint([base]), 8, 'must do something');
  expectError(lint([{ ...base, Transitions: [] }]), 8, 'must do something');
});

describe('rule 9', () => {
  test.each([{ Days: 1, Date: '2027-01-01T00:00:00Z' }, { Days: 9, ExpiredObjectDeleteMarker: true }, {}])('fails with %j', Expiration => {
    expectError(lint([rule({ Expiration })]), 9, 'exactly one of Days, Date and ExpiredObjectDeleteMarker');
  });
});

test.each([0, -1, 1.5, '9'])('rule 10: fails with %j days', Days => {
  expectError(lint([rule({ Expiration: { Days } })]), 10, `Expiration.Days must be a whole number of at least 1, got ${JSON.stringify(Days)}`);
});

describe('rule 11', () => {
  test('fails with a date that is not midnight', () => {
    expectError(lint([rule({ Expiration: { Date: '2027-01-01T02:00:00Z' } })]), 11, 'Expiration.Date must be midnight UTC of a day, as in "2027-01-31T00:00:00Z", got "2027-01-01T02:00:00Z"');
  });
  test('warns of every date', () => {
    expectWarning(lint([rule({ Expiration: { Date: '2027-01-01T00:00:00Z' } })]), 11, 'acts on each new object at once, for ever');
  });
});

describe('rule 12', () => {
  test.each([{ StorageClass: 'GLACIER' }, { Days: 1, Date: '2027-01-01T00:00:00Z', StorageClass: 'GLACIER' }])('fails with %j', transition => {
    expectError(lint([moving(transition)]), 12, 'Transitions[1] must have exactly one of Days and Date, got [');
  });
  test('fails with negative days', () => {
    expectError(lint([moving(days(-1, 'GLACIER'))]), 12, 'Transitions[1].Days must be a whole number of at least 0, got -1');
  });
  test('fails with a class that AWS does not have', () => {
    expectError(lint([moving(days(30, 'COLD'))]), 12, 'moves to "COLD", and AWS S3 takes STANDARD_IA, ONEZONE_IA, INTELLIGENT_TIERING, GLACIER_IR, GLACIER, DEEP_ARCHIVE');
  });
  test('takes day 0', () => {
    expect(lint([moving(days(0, 'GLACIER_IR'))])).toEqual(fine);
  });
});

describe.each(['STANDARD_IA', 'ONEZONE_IA'])('rule 13: %s', storageClass => {
  test('warns before day 30 on AWS', () => {
    expectWarning(lint([moving(days(29, storageClass))]), 13, 'AWS takes that since 2026-07-16 only');
    expect(lint([moving(days(30, storageClass))])).toEqual(fine);
  });
  test('fails before day 30 on AWS in China', () => {
    expectError(lint([moving(days(29, storageClass))], { provider: LifecycleProvider.AWS_CHINA }), 13,
      `'Days' in Transition action must be greater than or equal to 30 for storageClass '${storageClass}'`);
  });
});

test('rule 14: fails with a class twice', () => {
  expectError(lint([moving(days(30, 'GLACIER'), days(60, 'GLACIER'))]), 14, 'moves to GLACIER twice');
});

test.each([[60, 30], [30, 30]])('rule 15: fails with STANDARD_IA at day %s and GLACIER at day %s', (warm, cold) => {
  expectError(lint([moving(days(warm, 'STANDARD_IA'), days(cold, 'GLACIER'))]), 15, `must move to GLACIER later than to STANDARD_IA, got day ${cold} and day ${warm} for filter (prefix=shop/)`);
});

test.each([
  ['STANDARD_IA', 'GLACIER', 30], ['ONEZONE_IA', 'GLACIER', 30], ['GLACIER_IR', 'DEEP_ARCHIVE', 90], ['GLACIER', 'DEEP_ARCHIVE', 90],
])('rule 16: %s is left for %s after %s days at the earliest', (from, to, minimum) => {
  expectError(lint([moving(days(30, from), days(30 + minimum - 1, to))]), 16,
    `and one rule may not do so before the ${minimum} days that ${from} bills at least: 1 days of each object would be paid for nothing; move to ${to} at day ${30 + minimum} or later`);
  expect(lint([moving(days(30, from), days(30 + minimum, to))])).toEqual(fine);
});

test('rule 17: fails for a move that S3 does not make', () => {
  expectError(lint([moving(days(30, 'ONEZONE_IA'), days(90, 'GLACIER_IR'))]), 17, 'S3 moves objects of ONEZONE_IA to GLACIER or DEEP_ARCHIVE only');
});

test('rule 17: warns where the class that backups are written in makes a rule idle', () => {
  const written = BackupStore.s3({ bucketName: 'shop-backups', prefix: 'shop', region: 'eu-central-1', storageClass: S3StorageClass.GLACIER_INSTANT_RETRIEVAL });
  expectWarning(lint([moving(days(30, 'STANDARD_IA'))], {}, { stores: [written] }), 17, 'backup "db-backup" writes in GLACIER_IR, from where S3 moves nothing there');
});

test('rule 18: fails where days and dates are mixed', () => {
  expectError(lint([rule({ Transitions: [days(30, 'GLACIER')], Expiration: { Date: '2027-01-01T00:00:00Z' } })]), 18, 'mixes Days and Date');
});

test.each([29, 30])('rule 19: fails with an expiration at day %s and a transition at day 30', Days => {
  expectError(lint([rule({ Transitions: [days(30, 'GLACIER_IR')], Expiration: { Days } })]), 19, `must delete later than it moves to GLACIER_IR, got day ${Days} and day 30`);
});

test.each([['STANDARD_IA', 30], ['GLACIER_IR', 90], ['GLACIER', 90], ['DEEP_ARCHIVE', 180]])('rule 20: warns of an expiration earlier than the %s bills, %s days', (name, minimum) => {
  expectWarning(lint([rule({ Transitions: [days(30, name)], Expiration: { Days: 30 + minimum - 10 } })]), 20, '10 days of each object are paid for nothing');
  expect(lint([rule({ Transitions: [days(30, name)], Expiration: { Days: 30 + minimum } })])).toEqual(fine);
});

describe('rule 20: the runner deletes too', () => {
  test('warns of a class that bills longer than backups are kept', () => {
    expectWarning(lint([moving(days(30, 'GLACIER_IR'))], {}, { retention: Retention.days(40) }), 20, 'which bills 90 days, and backup "db-backup" keeps its backups until day 40: 80 days of each are paid for nothing');
  });
  test('warns of a transition that never comes', () => {
    expectWarning(lint([moving(days(30, 'GLACIER_IR'))], {}, { retention: Retention.days(7) }), 20, 'keeps its backups for 7 days: most never get there');
  });
});

describe('rule 21', () => {
  test('fails with NoncurrentDays 0, and without them', () => {
    expectError(lint([rule({ NoncurrentVersionExpiration: { NoncurrentDays: 0 } })]), 21, 'NoncurrentVersionExpiration.NoncurrentDays must be a whole number of at least 1, got 0');
    expectError(lint([rule({ NoncurrentVersionExpiration: { NewerNoncurrentVersions: 1 } })]), 21, 'NoncurrentVersionExpiration.NoncurrentDays is missing');
  });
  test.each([0, 101])('fails with NewerNoncurrentVersions %s', NewerNoncurrentVersions => {
    expectError(lint([rule({ NoncurrentVersionExpiration: { NoncurrentDays: 9, NewerNoncurrentVersions } })]), 21, 'NewerNoncurrentVersions must be a whole number from 1 to 100');
  });
  test('fails where there are no versions', () => {
    expectError(lint([rule({})], { provider: LifecycleProvider.CLOUDFLARE_R2 }), 21, 'is about noncurrent versions, which Cloudflare R2 does not have');
  });
});

describe('rule 22', () => {
  const old = (NoncurrentDays: number, StorageClass: string) => ({ NoncurrentDays, StorageClass });
  test('fails with negative days', () => {
    expectError(lint([rule({ NoncurrentVersionTransitions: [old(-1, 'GLACIER')] })]), 22, 'NoncurrentVersionTransitions[1].NoncurrentDays must be a whole number of at least 0, got -1');
  });
  test('fails with a class twice, in the wrong order, too close, and after the deletion', () => {
    const deleted = { NoncurrentVersionExpiration: { NoncurrentDays: 300 } };
    const bad = (...NoncurrentVersionTransitions: object[]) => lint([rule({ NoncurrentVersionTransitions, ...deleted })]);
    expectError(bad(old(1, 'GLACIER'), old(2, 'GLACIER')), 22, 'moves to GLACIER twice');
    expectError(bad(old(90, 'STANDARD_IA'), old(30, 'GLACIER')), 22, 'must move to GLACIER later than to STANDARD_IA');
    expectError(bad(old(30, 'STANDARD_IA'), old(40, 'GLACIER')), 22, 'leaves STANDARD_IA for GLACIER after 10 days');
    expectError(bad(old(300, 'GLACIER')), 22, 'must delete later than it moves to GLACIER');
  });
});

describe('rule 23', () => {
  test('fails with 0 days', () => {
    expectError(lint([rule({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 0 } })]), 23, 'AbortIncompleteMultipartUpload.DaysAfterInitiation must be a whole number of at least 1, got 0');
  });
  test.each([{ Tag: { Key: 'a', Value: 'b' } }, { ObjectSizeGreaterThan: 9 }])('fails with the filter %j', Filter => {
    expectError(lint([rule({ Filter })]), 23, 'can\'t choose unfinished uploads by tags or sizes');
  });
  test('warns where no rule has it', () => {
    expectWarning(lint([rule({ AbortIncompleteMultipartUpload: undefined })]), 23, 'parts of uploads that were cut off stay for ever');
  });
  test('fails where it would discard the upload of a run', () => {
    const weekly = { schedule: Cron.weekly(), activeDeadline: Duration.days(4) };
    expectError(lint([rule({})], {}, weekly), 23, 'a run of backup "db-backup" may take');
  });
  test('fails on MinIO for a rule with nothing else', () => {
    expectError(lint([{ ...base, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 3 } }], { provider: LifecycleProvider.MINIO }), 23, 'MinIO refuses such a rule (MalformedXML)');
  });
  test('warns on MinIO, which reads it over', () => {
    expectWarning(lint([rule({})], { provider: LifecycleProvider.MINIO }), 23, 'MinIO reads over');
  });
});

describe('rule 24', () => {
  test.each([{ Tag: { Key: 'a', Value: 'b' } }, { ObjectSizeLessThan: 9 }])('fails with the filter %j', Filter => {
    expectError(lint([{ ...base, Filter, Expiration: { ExpiredObjectDeleteMarker: true } }]), 24, 'can\'t choose delete markers by tags or sizes');
  });
});

describe('rule 25', () => {
  test('fails where it stands in the document', () => {
    const document = JSON.stringify({ TransitionDefaultMinimumObjectSize: 'varies_by_storage_class', Rules: [rule({})] });
    expectError(lint([], { document }), 25, 'is a header of the request and no part of the document');
  });
  test('fails where the provider does not know the header', () => {
    expectError(lint([rule({})], { provider: LifecycleProvider.CEPH_RGW, transitionDefaultMinimumObjectSize: TransitionDefaultMinimumObjectSize.VARIES_BY_STORAGE_CLASS }), 25, 'Ceph RGW does not know it');
  });
});

test('rule 26: warns where old versions are never freed', () => {
  const expiring = { ...base, Expiration: { Days: 90 }, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 3 } };
  expectWarning(lint([expiring]), 26, 'an Expiration only hides objects, and nothing is ever freed');
  expect(lint([expiring], { versioned: false })).toEqual(fine);
});

test('rule 27: warns where Object Lock holds what is to be deleted', () => {
  expectWarning(lint([rule({ Expiration: { Days: 20 }, NoncurrentVersionExpiration: { NoncurrentDays: 30 } })], { objectLockDefaultRetention: Duration.days(30) }), 27, 'deletes after 20 days what Object Lock holds for 30');
});

test('rule 28: fails with MFA delete', () => {
  expectError(lint([rule({})], { mfaDelete: true }), 28, 'a bucket with MFA delete takes no lifecycle configuration');
});

test('typed rules are checked as documents are', () => {
  const transitions = [
    { storageClass: LifecycleStorageClass.GLACIER, transitionAfter: Duration.days(30) },
    { storageClass: LifecycleStorageClass.INFREQUENT_ACCESS, transitionAfter: Duration.days(7) },
  ];
  expectError(lint([], { rules: [{ id: 'dumps', transitions }] }), 16, 'rule "cdk8s-backup.dumps" leaves STANDARD_IA for GLACIER after 23 days');
});
