/*
 * The table of rules in docs/reference/lifecycle-rules.md from 29 on: those that know what backups promise.
 */
import { readFileSync } from 'fs';
import { Chart, Duration, Size, Testing } from 'cdk8s';
import { base, days, expectError, expectPinsOnly, expectWarning, fine, lint, moving, rule, store } from './_lint';
import { BackupBucketLifecycle, BackupCronJob, Retention, TransitionDefaultMinimumObjectSize } from '../../../src';
import { props } from '../../synth';

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
