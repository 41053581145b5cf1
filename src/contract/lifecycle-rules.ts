/*
 * The rules that a lifecycle is checked against, by name. Messages have their numbers, and docs/reference/lifecycle-rules.md has all of them in a table, which is
 * printed from this one.
 */

/** What there is to know about one rule. */
export interface LifecycleRuleFacts {
  /** As in messages. Never given to another rule. */
  readonly number: number;
  /** What it says, as Markdown. */
  readonly says: string;
  /** Where breaking it fails synth; empty: everywhere, but for what `warning` says. */
  readonly error?: string;
  /** Where breaking it is only a warning; empty: in some ways, or in all. */
  readonly warning?: string;
}

export const LIFECYCLE_RULES = {
  ruleCount: { number: 1, says: '1 to 1000 rules in a bucket (100 on Backblaze, and on a provider that is not known); one lifecycle for each bucket', error: '' },
  uniqueIds: { number: 2, says: 'IDs of up to 255 characters, unique', error: '' },
  status: { number: 3, says: 'Status is Enabled or Disabled', error: '' },
  filter: {
    number: 4,
    says: 'a Filter with at most one condition outside `And` and two or more in it, prefixes of up to 1,024 bytes, nothing that S3 doesn\'t know, and values of the right type',
    error: '',
    warning: 'for sizes on Ceph',
  },
  prefixInFilter: { number: 5, says: 'no Prefix beside or instead of the Filter', error: '' },
  tags: { number: 6, says: 'tags have a Key (1 to 128 characters) and a Value (up to 256); up to 10, with different keys', error: '' },
  sizes: { number: 7, says: 'sizes are whole numbers of bytes; ObjectSizeLessThan is over ObjectSizeGreaterThan', error: '' },
  action: { number: 8, says: 'a rule does something', error: '' },
  oneExpiration: { number: 9, says: 'Expiration has exactly one of Days, Date, ExpiredObjectDeleteMarker', error: '' },
  expirationDay: { number: 10, says: 'Expiration at day 1 or later', error: '' },
  midnight: { number: 11, says: 'a Date is at midnight UTC, `2027-01-31T00:00:00Z`; it acts on new objects for ever', error: '', warning: '' },
  knownClass: {
    number: 12, says: 'a transition has one of Days and Date, and a class that the provider has', error: '', warning: 'for AWS\'s class names on MinIO and Ceph',
  },
  earliestDay: {
    number: 13,
    says: 'STANDARD_IA and ONEZONE_IA at day 30 or later, GLACIER on Scaleway at day 90 or later',
    error: 'in China and on Scaleway',
    warning: 'on AWS',
  },
  oneMoveToAClass: { number: 14, says: 'a class at most once in a rule; one transition on MinIO and R2', error: '' },
  colderIsLater: { number: 15, says: 'a colder class comes later', error: '' },
  minimumStay: { number: 16, says: 'a class is left after its minimum duration at the earliest (IA 30, GLACIER_IR and GLACIER 90)', error: '' },
  possibleMove: { number: 17, says: 'only moves that S3 makes', error: '', warning: 'for the class that backups are written in' },
  oneUnit: { number: 18, says: 'no mixture of Days and Date', error: '' },
  expirationIsLast: { number: 19, says: 'Expiration comes after every transition', error: '' },
  paidForNothing: { number: 20, says: 'Expiration, or the runner\'s retention, not before the minimum duration of the last class', warning: '' },
  oldVersions: { number: 21, says: 'NoncurrentDays from 1, NewerNoncurrentVersions 1 to 100, versions exist', error: '' },
  oldVersionMoves: { number: 22, says: 'transitions of old versions: 12 and 14 to 16, and deletion later', error: '', warning: 'as 12' },
  unfinishedUploads: {
    number: 23, says: 'AbortIncompleteMultipartUpload from day 1, without tags and sizes, after the longest run; some rule has it', error: '', warning: '',
  },
  deleteMarkers: { number: 24, says: 'ExpiredObjectDeleteMarker without tags and sizes', error: '' },
  minimumSizeHeader: { number: 25, says: 'TransitionDefaultMinimumObjectSize is a header, and AWS\'s', error: '' },
  versionsAreFreed: { number: 26, says: 'a versioned bucket with an Expiration has a NoncurrentVersionExpiration', warning: '' },
  objectLock: {
    number: 27, says: 'nothing is deleted that Object Lock still holds, and a bucket with Object Lock is versioned', error: 'without versions', warning: '',
  },
  mfaDelete: { number: 28, says: 'no MFA delete', error: '' },
  thaw: {
    number: 29,
    says: 'no thaw that takes longer than the RTO while a backup is inside the restore horizon; records are never archived',
    error: '',
    warning: 'without objectives',
  },
  prefix: { number: 30, says: 'prefixes without a slash in front and without wildcards, spelled as the backups are', error: '', warning: '' },
  actionTime: { number: 31, says: 'actions run from the next midnight UTC, a day and more late, and no bucket policy stops them' },
  retention: {
    number: 32,
    says: 'Expiration after retention, after the newest N, and after (alarm to human) + `keepAtLeast` × longest gap; none by tags where backups are',
    error: '',
    warning: 'on demand, by tags, and for old versions and what is pinned or held',
  },
} as const satisfies { readonly [name: string]: LifecycleRuleFacts };

type Rules = typeof LIFECYCLE_RULES;

/** Name of a rule. */
export type LifecycleRuleName = keyof Rules;

/** Of a rule that fails synth when it is broken, if only somewhere. */
export type LifecycleErrorRule = { [N in LifecycleRuleName]: Rules[N] extends { readonly error: string } ? N : never }[LifecycleRuleName];

/** Of a rule that may be broken with a warning. */
export type LifecycleWarningRule = { [N in LifecycleRuleName]: Rules[N] extends { readonly warning: string } ? N : never }[LifecycleRuleName];
