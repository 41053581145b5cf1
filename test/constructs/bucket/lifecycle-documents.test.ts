/*
 * Lifecycle documents as people bring them: what S3 refuses is refused at synth, and by the runner before it sends it, by the same
 * schema.
 */
import { Testing } from 'cdk8s';
import fc from 'fast-check';
import { BackupBucketLifecycle, BackupCronJob, BackupStore } from '../../../src';
import { warningsOf } from '../../../src/constructs/core/warnings';
import { LIFECYCLE_VERSION } from '../../../src/contract/lifecycle';
import { lifecycleFaults } from '../../../src/contract/lifecycle-schema';
import { checkLifecycleConfig } from '../../../src/runner/lifecycle/config';
import { props } from '../../synth';

const store = BackupStore.s3({ bucketName: 'shop-backups', region: 'eu-central-1', prefix: 'shop' });
const base = { ID: 'cdk8s-backup.x', Status: 'Enabled', Filter: { Prefix: 'logs/' } };
const expiring = (changes: object = {}) => ({ Rules: [{ ...base, Expiration: { Days: 9 }, ...changes }] });
const filtered = (Filter: unknown) => expiring({ Filter });
const and = (And: unknown) => filtered({ And });
const moving = (...Transitions: unknown[]) => ({ Rules: [{ ...base, Transitions }] });
const tag = { Key: 'k', Value: 'v' };

/** Why a document is refused at synth, beside a backup that is kept for ever; '' where it is not. */
function atSynth(document: unknown): string {
  const chart = Testing.chart();
  new BackupCronJob(chart, 'db-backup', props({ stores: [store] }));
  const stderr = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    new BackupBucketLifecycle(chart, 'lifecycle', { store, document: JSON.stringify(document) });
    Testing.synth(chart);
    return '';
  } catch (error) {
    return (error as Error).message;
  } finally {
    stderr.mockRestore();
  }
}

/** Why the runner refuses it. */
function byRunner(document: unknown): string {
  const parts = store._bind(Testing.chart(), true).config;
  try {
    const config = { version: LIFECYCLE_VERSION, store: parts, document, transitionDefaultMinimumObjectSize: null };
    checkLifecycleConfig(JSON.parse(JSON.stringify(config)));
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

const REFUSED: readonly [string, unknown, string, string][] = [
  ['no object', [], 'the document must be an object, got []', 'document: must be an object, got []'],
  ['nothing', null, 'the document must be an object, got null', 'document: must be an object, got null'],
  ['no rules', {}, 'Rules of the document is missing', 'document.Rules: is missing'],
  ['rules that are no list', { Rules: { 0: base } }, 'Rules of the document must be a list, got {…}', 'document.Rules: must be a list'],
  ['an empty list', { Rules: [] }, 'must have at least one rule, got []', 'document.Rules: must have at least one rule'],
  ['the singular of XML', { Rule: [base] }, 'Rule of the document is nothing that S3 knows: here it knows Rules', 'document.Rule: is nothing that S3 knows'],
  ['a rule that is nothing', { Rules: [null] }, 'rule 1 must be an object, got null', 'document.Rules.0: must be an object, got null'],
  ['a rule that is a list', { Rules: [[base]] }, 'rule 1 must be an object, got […]', 'document.Rules.0: must be an object'],
  ['an ID that is a number', expiring({ ID: 7 }), 'rule 1: ID must be text, got 7', 'document.Rules.0.ID: must be text, got 7'],
  ['an ID with a control character', expiring({ ID: 'cdk8s-backup.\u0001' }), 'ID must not have control characters', 'Rules.0.ID: must not have control'],
  ['half a character', filtered({ Prefix: 'a\ud800' }), 'Filter.Prefix must not have control characters', 'Rules.0.Filter.Prefix: must not'],
  ['a Status that is a truth', expiring({ Status: true }), 'Status must be "Enabled" or "Disabled", got true', 'Rules.0.Status: must be "Enabled"'],
  ['no Filter', expiring({ Filter: undefined }), 'Filter is missing, and may be {}', 'Rules.0.Filter: is missing'],
  ['a Filter that is nothing', filtered(null), 'Filter must be an object, got null', 'Rules.0.Filter: must be an object, got null'],
  ['a Filter that is text', filtered('logs/'), 'Filter must be an object, got "logs/"', 'Rules.0.Filter: must be an object'],
  ['a number as Prefix', filtered({ Prefix: 7 }), 'Filter.Prefix must be text, got 7', 'Rules.0.Filter.Prefix: must be text, got 7'],
  ['a Prefix longer than a name', filtered({ Prefix: 'ä'.repeat(513) }), 'Filter.Prefix must have up to 1024 bytes, as the names of objects, got 1026', 'Prefix: must have up to 1024 bytes'],
  ['the old Prefix', expiring({ Filter: undefined, Prefix: 'logs/' }), 'write "Filter": {"Prefix": "logs/"}', 'Rules.0.Prefix: is the old form'],
  ['a condition that S3 does not have', filtered({ Suffix: '.log' }), 'Filter.Suffix is nothing that S3 knows', 'Rules.0.Filter.Suffix: is nothing'],
  ['Tags outside of And', filtered({ Tags: [tag, { ...tag, Key: 'l' }] }), 'Filter.Tags is nothing that S3 knows: here it knows Prefix, ObjectSizeGreaterThan, ObjectSizeLessThan, Tag, And', 'Filter.Tags: is nothing'],
  ['two conditions outside of And', filtered({ Prefix: 'a', Tag: tag }), 'Filter must have at most one condition, got ["Prefix","Tag"]', 'Rules.0.Filter: must have at most one'],
  ['a condition beside And', filtered({ Prefix: 'a', And: { Prefix: 'a', Tags: [tag] } }), 'Filter must have at most one condition, got ["Prefix","And"]', 'Rules.0.Filter: must have at most one'],
  ['a Tag without Value', filtered({ Tag: { Key: 'k' } }), 'Filter.Tag.Value is missing', 'Rules.0.Filter.Tag.Value: is missing'],
  ['a Tag without Key', filtered({ Tag: { Value: 'v' } }), 'Filter.Tag.Key is missing', 'Rules.0.Filter.Tag.Key: is missing'],
  ['a Tag with an empty Key', filtered({ Tag: { Key: '', Value: 'v' } }), 'Filter.Tag.Key must have 1 to 128 characters, got 0', 'Filter.Tag.Key: must have 1 to 128'],
  ['a Tag with a long Value', filtered({ Tag: { Key: 'k', Value: 'v'.repeat(257) } }), 'Filter.Tag.Value must have up to 256 characters, got 257', 'Filter.Tag.Value: must have up to 256'],
  ['a Tag with a number', filtered({ Tag: { Key: 'k', Value: 1 } }), 'Filter.Tag.Value must be text, got 1', 'Filter.Tag.Value: must be text'],
  ['a Tag that is a map', filtered({ Tag: { k: 'v' } }), 'Filter.Tag.k is nothing that S3 knows: here it knows Key, Value', 'Filter.Tag.k: is nothing'],
  ['a list as Tag', filtered({ Tag: [tag] }), 'Filter.Tag must be an object, got […]', 'Filter.Tag: must be an object'],
  ['Tag in And', and({ Prefix: '', Tag: tag }), 'Filter.And.Tag is nothing that S3 knows: here it knows Prefix, ObjectSizeGreaterThan, ObjectSizeLessThan, Tags', 'Filter.And.Tag: is nothing'],
  ['Tags that are a map', and({ Prefix: '', Tags: { k: 'v' } }), 'Filter.And.Tags must be a list, got {…}', 'Filter.And.Tags: must be a list'],
  ['a tag twice', and({ Tags: [tag, tag] }), 'Filter.And.Tags has the tag "k" twice', 'Filter.And.Tags: has the tag'],
  ['11 tags', and({ Tags: Array.from({ length: 11 }, (_, i) => ({ Key: `${i}`, Value: '' })) }), 'Filter.And.Tags must have up to 10 tags, got 11', 'Filter.And.Tags: must have up to 10'],
  ['And with one condition', and({ Tags: [tag] }), 'Filter.And must have two conditions or more, got 1', 'Filter.And: must have two'],
  ['And with one condition and no tags', and({ Prefix: 'a', Tags: [] }), 'Filter.And must have two conditions or more, got 1', 'Filter.And: must have two'],
  ['And in And', and({ Prefix: 'a', And: {} }), 'Filter.And.And is nothing that S3 knows', 'Filter.And.And: is nothing'],
  ['a size with a unit', filtered({ ObjectSizeGreaterThan: '128KiB' }), 'Filter.ObjectSizeGreaterThan must be a whole number of at least 0, got "128KiB"', 'ObjectSizeGreaterThan: must be a whole number'],
  ['a size in text', and({ Prefix: 'a', ObjectSizeLessThan: '131072' }), 'Filter.And.ObjectSizeLessThan must be a whole number of at least 1, got "131072"', 'ObjectSizeLessThan: must be a whole number'],
  ['a size below nothing', filtered({ ObjectSizeGreaterThan: -1 }), 'Filter.ObjectSizeGreaterThan must be a whole number of at least 0, got -1', 'ObjectSizeGreaterThan: must be'],
  ['no size', filtered({ ObjectSizeLessThan: 0 }), 'Filter.ObjectSizeLessThan must be a whole number of at least 1, got 0', 'ObjectSizeLessThan: must be'],
  ['sizes that exclude each other', and({ ObjectSizeGreaterThan: 10, ObjectSizeLessThan: 10 }), 'got 10 and 10: no object is both', 'got 10 and 10'],
  ['no action', { Rules: [base] }, 'rule "cdk8s-backup.x" must do something', 'Rules.0: must do something'],
  ['no transition in the list', moving(), 'must do something', 'Rules.0: must do something'],
  ['an unknown action', expiring({ Expire: { Days: 9 } }), 'Expire is nothing that S3 knows', 'Rules.0.Expire: is nothing'],
  ['the action of the old API', { Rules: [{ ...base, Transition: { Days: 9, StorageClass: 'GLACIER' } }] }, 'Transition is nothing that S3 knows', 'Rules.0.Transition: is nothing'],
  ['an Expiration that is nothing', expiring({ Expiration: null }), 'Expiration must be an object, got null', 'Rules.0.Expiration: must be an object'],
  ['an Expiration that is a number', expiring({ Expiration: 9 }), 'Expiration must be an object, got 9', 'Rules.0.Expiration: must be an object'],
  ['an empty Expiration', expiring({ Expiration: {} }), 'Expiration must have exactly one of Days, Date and ExpiredObjectDeleteMarker, got []', 'Rules.0.Expiration: must have exactly one'],
  ['Days in text', expiring({ Expiration: { Days: '9' } }), 'Expiration.Days must be a whole number of at least 1, got "9"', 'Expiration.Days: must be a whole number'],
  ['more Days than S3 counts', expiring({ Expiration: { Days: 2147483648 } }), 'Expiration.Days must be a whole number of at least 1, got 2147483648', 'Expiration.Days: must be a whole number'],
  ['days in another property', expiring({ Expiration: { Day: 9 } }), 'Expiration.Day is nothing that S3 knows', 'Expiration.Day: is nothing'],
  ['a marker that is not removed', expiring({ Expiration: { ExpiredObjectDeleteMarker: false } }), 'Expiration.ExpiredObjectDeleteMarker must be true, got false', 'ExpiredObjectDeleteMarker: must be true'],
  ['a marker that is text', expiring({ Expiration: { ExpiredObjectDeleteMarker: 'true' } }), 'Expiration.ExpiredObjectDeleteMarker must be true, got "true"', 'ExpiredObjectDeleteMarker: must be true'],
  ...['2027-01-01', '2027-01-01T02:00:00Z', '2027-01-01T00:00:00', '2027-01-01T00:00:00+02:00', '2027-02-30T00:00:00Z', '1 Jan 2027 UTC', 1798761600].map((Date): [string, unknown, string, string] => [
    `the Date ${JSON.stringify(Date)}`, expiring({ Expiration: { Date } }), `Expiration.Date must be midnight UTC of a day, as in "2027-01-31T00:00:00Z", got ${JSON.stringify(Date)}`, 'Expiration.Date: must be midnight UTC',
  ]),
  ['Transitions that are no list', { Rules: [{ ...base, Transitions: { Days: 9, StorageClass: 'GLACIER' } }] }, 'Transitions must be a list, got {…}', 'Rules.0.Transitions: must be a list'],
  ['a Transition that is nothing', moving(null), 'Transitions[1] must be an object, got null', 'Transitions.0: must be an object'],
  ['a Transition without a class', moving({ Days: 9 }), 'Transitions[1].StorageClass is missing', 'Transitions.0.StorageClass: is missing'],
  ['a Transition without days', moving({ StorageClass: 'GLACIER' }), 'Transitions[1] must have exactly one of Days and Date, got []', 'Transitions.0: must have exactly one'],
  ['a Transition of old versions', moving({ NoncurrentDays: 9, StorageClass: 'GLACIER' }), 'Transitions[1].NoncurrentDays is nothing that S3 knows', 'Transitions.0.NoncurrentDays: is nothing'],
  ['half a day', moving({ Days: 0.5, StorageClass: 'GLACIER' }), 'Transitions[1].Days must be a whole number of at least 0, got 0.5', 'Transitions.0.Days: must be'],
  ['an old version by Date', { Rules: [{ ...base, NoncurrentVersionTransitions: [{ Date: '2027-01-01T00:00:00Z', StorageClass: 'GLACIER' }] }] }, 'NoncurrentVersionTransitions[1].Date is nothing that S3 knows', 'NoncurrentVersionTransitions.0.Date: is nothing'],
  ['old versions without days', { Rules: [{ ...base, NoncurrentVersionExpiration: { NewerNoncurrentVersions: 3 } }] }, 'NoncurrentVersionExpiration.NoncurrentDays is missing', 'NoncurrentVersionExpiration.NoncurrentDays: is missing'],
  ['more old versions than S3 keeps', { Rules: [{ ...base, NoncurrentVersionExpiration: { NoncurrentDays: 9, NewerNoncurrentVersions: 101 } }] }, 'NewerNoncurrentVersions must be a whole number from 1 to 100, got 101', 'NewerNoncurrentVersions: must be'],
  ['an upload without days', { Rules: [{ ...base, AbortIncompleteMultipartUpload: {} }] }, 'AbortIncompleteMultipartUpload.DaysAfterInitiation is missing', 'DaysAfterInitiation: is missing'],
  ['an upload with other days', { Rules: [{ ...base, AbortIncompleteMultipartUpload: { Days: 3 } }] }, 'AbortIncompleteMultipartUpload.Days is nothing that S3 knows', 'AbortIncompleteMultipartUpload.Days: is nothing'],
];

test.each(REFUSED)('%s: refused at synth and by the runner', (_, document, synth, runner) => {
  expect(atSynth(document)).toContain(synth);
  expect(byRunner(document)).toContain(runner);
});

const DIFFERENT_MESSAGES: readonly [string, unknown, string][] = [
  ['more than 1,000 rules', { Rules: Array.from({ length: 1001 }, (_, i) => expiring({ ID: `cdk8s-backup.${i}` }).Rules[0]) }, 'there may be 1000 rules in a bucket, got 1001'],
  ['two rules of one ID', { Rules: [...expiring().Rules, ...expiring().Rules] }, 'the ID "cdk8s-backup.x" must be unique'],
  ['unfinished uploads with tags', { Rules: [{ ...base, Filter: { Tag: tag }, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 3 } }] }, 'can\'t choose unfinished uploads by tags or sizes'],
  ['an Expiration before the transition', { Rules: [{ ...base, Transitions: [{ Days: 90, StorageClass: 'GLACIER' }], Expiration: { Days: 90 } }] }, 'must delete later than it moves to GLACIER'],
  ['a colder class before a warmer one', moving({ Days: 90, StorageClass: 'STANDARD_IA' }, { Days: 30, StorageClass: 'GLACIER' }), 'must move to GLACIER later than to STANDARD_IA'],
  ['Days beside a Date', { Rules: [{ ...base, Transitions: [{ Days: 1, StorageClass: 'GLACIER' }], Expiration: { Date: '2027-01-01T00:00:00Z' } }] }, 'mixes Days and Date'],
  ['an expiry of everything, beside a backup that is kept for ever', filtered({}), 'deletes what backup "db-backup" keeps for ever'],
  ['the same, by sizes', and({ Prefix: '', ObjectSizeGreaterThan: 1 }), 'deletes what backup "db-backup" keeps for ever'],
];

test.each(DIFFERENT_MESSAGES)('%s: refused at synth', (_, document, message) => {
  expect(atSynth(document)).toContain(message);
});

test.each<[string, unknown]>([
  ['an empty Filter', { Rules: [{ ...base, Filter: {}, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 9 } }] }],
  ['two conditions in And', and({ Prefix: 'logs/', ObjectSizeGreaterThan: 0, ObjectSizeLessThan: 9, Tags: [tag, { Key: 'l', Value: '' }] })],
  ['a tag', filtered({ Tag: tag })],
  ['a Date', expiring({ Expiration: { Date: '2028-02-29T00:00:00.000Z' } })],
  ['an empty list of transitions', expiring({ Transitions: [] })],
  ['all actions', {
    Rules: [{
      ...base,
      Transitions: [{ Days: 0, StorageClass: 'GLACIER_IR' }],
      Expiration: { Days: 120 },
      NoncurrentVersionTransitions: [{ NoncurrentDays: 0, NewerNoncurrentVersions: 1, StorageClass: 'GLACIER' }],
      NoncurrentVersionExpiration: { NoncurrentDays: 120, NewerNoncurrentVersions: 100 },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 9 },
    }],
  }],
])('%s: taken at synth and by the runner', (_, document) => {
  expect(atSynth(document)).toBe('');
  expect(byRunner(document)).toBe('');
});

test('whatever it is, it is refused with a message or taken, at synth as by the runner', () => {
  const value = fc.oneof(fc.constantFrom(null, true, 0, 1, -1, '', 'x', 'Enabled', [], {}, [null], tag, { Days: 1 }, { Prefix: '' }), fc.jsonValue({ maxDepth: 3 }));
  const keys = fc.constantFrom(
    'ID', 'Status', 'Filter', 'Prefix', 'Transitions', 'Expiration', 'NoncurrentVersionTransitions', 'NoncurrentVersionExpiration', 'AbortIncompleteMultipartUpload',
    '__proto__', 'constructor',
  );
  const rules = fc.dictionary(keys, value).map(changes => ({ ...base, Expiration: { Days: 9 }, ...changes }));
  const documents = fc.array(rules, { maxLength: 3 }).map(Rules => ({ Rules }));
  fc.assert(fc.property(documents, document => {
    const json = JSON.parse(JSON.stringify(document)) as unknown;
    const [synth, runner] = [atSynth(json), byRunner(json)];
    expect(synth === '' || /^([a-z/]+: the lifecycle of bucket|Validation failed)/.test(synth)).toBe(true);
    if (lifecycleFaults(json).length > 0) expect([synth, runner].map(message => message === '')).toEqual([false, false]);
  }), { numRuns: 150, seed: 20261127 });
});

test('what deletes tagged objects where backups are is warned of: the runner sets no tags, and others may', () => {
  const warnings = (Filter: object) => {
    const chart = Testing.chart();
    new BackupCronJob(chart, 'db-backup', props({ stores: [store] }));
    const lifecycle = new BackupBucketLifecycle(chart, 'lifecycle', { store, document: JSON.stringify({ Rules: [{ ...base, Filter, Expiration: { Days: 1 } }] }) });
    Testing.synth(chart);
    return warningsOf(lifecycle).join('\n');
  };
  const message = 'rule "cdk8s-backup.x" deletes objects of backup "db-backup" that somebody gives the tags of its filter, (prefix=, tag=k)';
  expect(warnings({ And: { Prefix: '', Tags: [tag] } })).toContain(message);
  expect(warnings({ Tag: tag })).toContain(message);
  expect(warnings({ And: { Prefix: 'logs/', Tags: [tag] } })).not.toContain('somebody gives');
});
