/*
 * The table of rules in docs/reference/lifecycle-rules.md, one test or more for each number.
 */
import { readFileSync } from 'fs';
import { Chart, Cron, Duration, Size, Testing } from 'cdk8s';
import {
  BackupBucketLifecycle, BackupBucketLifecycleProps, BackupCronJob, BackupCronJobProps, BackupStore,
  LifecycleProvider, LifecycleStorageClass, Retention, S3StorageClass, TransitionDefaultMinimumObjectSize,
} from '../../../src';
import { warningsOf } from '../../../src/constructs/core/warnings';
import { props } from '../../synth';

const store = BackupStore.s3({ bucketName: 'shop-backups', prefix: 'shop', region: 'eu-central-1' });

interface Linted {
  /** Everything that keeps the app from being synthesized. */
  readonly error: string;
  readonly warnings: readonly string[];
}

/** One backup that writes where the rules of these tests act. */
type Backup = Partial<BackupCronJobProps>;

/** Checks a document; unless a test says otherwise, nothing is missing in it. */
function lint(rules: readonly any[], changes: Partial<BackupBucketLifecycleProps> = {}, backup?: Backup): Linted {
  const app = Testing.app();
  const chart = new Chart(app, 'chart');
  const document = changes.rules ? undefined : JSON.stringify({ Rules: rules });
  let lifecycle: BackupBucketLifecycle;
  const stderr = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    if (backup) new BackupCronJob(chart, 'db-backup', props({ backupName: 'orders', stores: [store], ...backup }));
    lifecycle = new BackupBucketLifecycle(chart, 'lifecycle', { store, document, ...changes });
    app.synth();
  } catch (error) {
    return { error: (error as Error).message, warnings: [] };
  } finally {
    stderr.mockRestore();
  }
  return { error: '', warnings: warningsOf(lifecycle) };
}

const base = { ID: 'x', Status: 'Enabled', Filter: { Prefix: 'shop/' } };
const complete = { NoncurrentVersionExpiration: { NoncurrentDays: 10 }, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 3 } };
const days = (Days: number, StorageClass: string) => ({ Days, StorageClass });

function rule(changes: object): any {
  return { ...base, ...complete, ...changes };
}

/** A rule with transitions, and what it takes to be complete. */
function moving(...transitions: object[]): any {
  return rule({ Transitions: transitions });
}

/** Nothing but the warning that every expiration gets. */
function expectPinsOnly({ error, warnings }: Linted): void {
  expect([error, ...warnings]).toEqual(['', expect.stringContaining('what is pinned or held')]);
}

function expectError(linted: Linted, number: number, text: string): void {
  expect(linted.error).toContain(`[${number}] error: `);
  expect(linted.error).toContain(text);
}

function expectWarning(linted: Linted, number: number, text: string): void {
  expect(linted.error).toBe('');
  expect(linted.warnings).toEqual([expect.stringContaining(`[${number}] warning: `)]);
  expect(linted.warnings[0]).toContain(text);
}

const fine: Linted = { error: '', warnings: [] };

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

describe('rule 29', () => {
  const restore = { backupSize: Size.gibibytes(1), downloadPerSecond: Size.mebibytes(50), restorePerSecond: Size.mebibytes(20) };
  const objectives = { rpo: Duration.hours(48), rto: Duration.hours(1), corruption: {}, restore };

  test.each([['GLACIER', '5 hours'], ['DEEP_ARCHIVE', '12 hours']])('fails where the RTO is shorter than the thaw from %s', (name, time) => {
    expect(lint([moving(days(2, name))], {}, { objectives }).error).toContain(`${time} to thaw ${name}`);
  });
  test('also where the backup was defined after the lifecycle', () => {
    const app = Testing.app();
    const chart = new Chart(app, 'chart');
    new BackupBucketLifecycle(chart, 'lifecycle', { store, document: JSON.stringify({ Rules: [moving(days(2, 'GLACIER'))] }) });
    new BackupCronJob(chart, 'db-backup', props({ stores: [store], objectives }));
    expect(() => app.synth()).toThrow('5 hours to thaw GLACIER');
  });
  test('takes a class that is read at once, and an archive beyond the horizon', () => {
    expect(lint([moving(days(2, 'GLACIER_IR'))], {}, { objectives })).toEqual(fine);
    expect(lint([moving(days(60, 'GLACIER'))], {}, { objectives })).toEqual(fine);
  });
  test('warns where no RTO is declared', () => {
    expectWarning(lint([moving(days(30, 'GLACIER'))], {}, {}), 29, 'waits up to 5 hours for a thaw that somebody must ask for');
  });
  test('fails where records would have to be thawed', () => {
    const varies = { transitionDefaultMinimumObjectSize: TransitionDefaultMinimumObjectSize.VARIES_BY_STORAGE_CLASS };
    expectError(lint([moving(days(60, 'GLACIER'))], varies, { objectives }), 29, 'moves records and checksums of backup "db-backup" to GLACIER too');
    const And = { Prefix: 'shop/', ObjectSizeGreaterThan: 131072 };
    const split = [{ ...base, ID: 'y', Filter: { And }, Transitions: [days(60, 'GLACIER')] }, rule({})];
    expect(lint(split, varies, { objectives })).toEqual(fine);
  });
});

describe('rule 30', () => {
  test('fails with a slash in front', () => {
    expectError(lint([rule({ Filter: { Prefix: '/shop/' } })]), 30, 'must have a prefix without a slash in front, got "/shop/"');
  });
  test.each(['shop/*', 'shop/?.dump'])('fails with the wildcard in %s', Prefix => {
    expectError(lint([rule({ Filter: { Prefix } })]), 30, 'must have a prefix without wildcards');
  });
  test('fails where only capitals differ from what backups write', () => {
    expectError(lint([rule({ Filter: { Prefix: 'Shop/' } })], {}, {}), 30, 'S3 tells capitals from small letters: it does not act on backup "db-backup", which writes to "shop/orders/orders_"');
  });
  test('warns where no backup is meant', () => {
    expectWarning(lint([rule({ Filter: { Prefix: 'logs/' } })], {}, {}), 30, 'no rule acts on backup "db-backup", which writes to "shop/orders/orders_": is that');
    const tagged = { ...base, ID: 'y', Filter: { Tag: { Key: 'a', Value: 'b' } }, Transitions: [days(30, 'GLACIER_IR')] };
    expectWarning(lint([rule({ Filter: { Prefix: 'logs/' } }), tagged], {}, {}), 30, 'its objects have no tags');
  });
});

test('rule 31: the documentation of the rules says when they act, and that no policy stops them', () => {
  const source = readFileSync(`${__dirname}/../../../src/constructs/bucket/lifecycle-rule.ts`, 'utf8');
  expect(source).toContain('Rules act from the midnight UTC after the day they name, up to a day and more late, and no bucket policy stops them.');
});

describe('rule 32', () => {
  const expiring = (Days: number) => [rule({ Expiration: { Days } })];
  test('fails where S3 deletes what the runner promised to keep', () => {
    expectError(lint(expiring(6), {}, { retention: Retention.days(7) }), 32, 'deletes at day 6 what backup "db-backup" promises to keep for 7 days, and no floor of the runner can stop a rule of S3: delete at day 7 or later, or shorten the \'retention\'');
  });
  test('fails where everything is kept for ever', () => {
    expectError(lint(expiring(3650), {}, {}), 32, 'deletes what backup "db-backup" keeps for ever');
  });
  test('fails where the newest backups go back further', () => {
    expectError(lint(expiring(90), {}, { retention: Retention.of({ daily: 7, monthly: 12 }) }), 32, 'the 12 monthly backups that backup "db-backup" promises to keep go back 372 days, and no floor of the runner can stop a rule of S3: delete at day 372 or later, or keep fewer');
    expectPinsOnly(lint(expiring(372), {}, { retention: Retention.of({ daily: 7, monthly: 12 }) }));
    expectError(lint(expiring(20), {}, { retention: Retention.newest(30) }), 32, 'the 30 newest backups that backup "db-backup" promises to keep go back 30 days: delete at day 30 or later');
  });
  test('fails where the floor would be gone before somebody acts', () => {
    expectError(lint(expiring(9), {}, { retention: Retention.days(7, { keepAtLeast: 7 }) }), 32,
      'the 7 backups of \'keepAtLeast\' go back 7 days 12 hours and somebody acts 3 days 1 hour later, and no floor of the runner can stop a rule of S3; delete at day 11 or later');
    expectPinsOnly(lint(expiring(11), {}, { retention: Retention.days(7, { keepAtLeast: 7 }) }));
  });
  test('counts the time that the objectives give somebody to notice', () => {
    const objectives = { rpo: Duration.hours(48), corruption: {}, humanDelay: Duration.days(5) };
    expectError(lint(expiring(9), {}, { retention: Retention.days(8, { keepAtLeast: 7 }), objectives }), 32, 'somebody acts 5 days 1 hour later');
  });
  test('warns on demand, where nobody knows when the next one comes', () => {
    expectWarning(lint(expiring(90), {}, { onDemand: true, schedule: undefined, retention: Retention.days(7) }), 32, 'runs on demand: when nobody asks for 90 days, its last backup is gone');
  });
  test('fails on demand where a number of backups is promised', () => {
    expectError(lint(expiring(90), {}, { onDemand: true, schedule: undefined, retention: Retention.newest(7) }), 32, 'although 7 are to be kept');
  });
  test('fails with a date', () => {
    expectError(lint([rule({ Expiration: { Date: '2027-01-01T00:00:00Z' } })], {}, { retention: Retention.days(7) }), 32, 'each new backup included: give days');
  });
  test('warns where old versions are gone before somebody notices', () => {
    expectWarning(lint([rule({ NoncurrentVersionExpiration: { NoncurrentDays: 2 } })], {}, {}), 32, 'keep them for 4 days');
  });
});

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

test('typed rules are checked as documents are', () => {
  const transitions = [
    { storageClass: LifecycleStorageClass.GLACIER, transitionAfter: Duration.days(30) },
    { storageClass: LifecycleStorageClass.INFREQUENT_ACCESS, transitionAfter: Duration.days(7) },
  ];
  expectError(lint([], { rules: [{ id: 'dumps', transitions }] }), 16, 'rule "cdk8s-backup.dumps" leaves STANDARD_IA for GLACIER after 23 days');
});
