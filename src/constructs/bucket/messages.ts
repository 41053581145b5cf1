/*
 * What is said about a lifecycle: which rule of it does what, why that is wrong, and the way out. Days are days of age.
 */
import { BackupInBucket } from './backup-in-bucket';
import { ModelRule, Move, When } from './lifecycle-model';
import { Profile } from './lifecycle-profiles';
import { S3StoreConfig } from '../../contract/config';
import { show, showSeconds } from '../core/check';

type Rule = Pick<ModelRule, 'name' | 'filter' | 'prefix'>;
type Backup = Pick<BackupInBucket, 'title' | 'prefix' | 'storageClass' | 'retention' | 'noticeSeconds'>;

const DAY = 86_400;
const NO_FLOOR = 'no floor of the runner can stop a rule of S3';

/** The oldest backups that a rule by period keeps, and how far back they go. */
interface Periods {
  readonly rule: string;
  readonly seconds: number;
}

/* What is taken for granted. */

export function assumedServer({ endpoint, name }: S3StoreConfig): string {
  return `the endpoint ${show(endpoint)} of store ${show(name)} is of no provider that is known by its name, so the rules on old versions are such as MinIO and Ceph RGW take: set 'provider', as in LifecycleProvider.MINIO, and they are checked against that one's`;
}

/* The rules against the backups. */

export function lockNeedsVersions({ title }: Backup): string {
  return `${title} has 'objectLock', and a bucket with Object Lock keeps old versions: take 'versioned: false' back`;
}

export function misspeltPrefix(rule: Rule, backup: Backup): string {
  return `${rule.name} has the prefix ${show(rule.prefix)}, and S3 tells capitals from small letters: it does not act on ${written(backup)}`;
}

/** @param tagged whether there are rules for objects with tags */
export function nothingActsOn(backup: Backup, tagged: boolean): string {
  return `no rule acts on ${written(backup)}${tagged ? '; its objects have no tags' : ''}: is that the prefix that was meant?`;
}

export function deletesWhatIsKeptForEver({ name }: Rule, { title }: Backup): string {
  return `${name} deletes what ${title} keeps for ever: set its 'retention', or drop the expiration`;
}

export function deletesFromADateOn({ name }: Rule, { title }: Backup): string {
  return `${name} deletes every object of ${title} from a day on, each new backup included: give days`;
}

/** @param needed the first day on which that would be right; `undefined`: nobody can say */
export function deletesWithinRetention({ name }: Rule, { title, retention }: Backup, day: number, needed: number | undefined): string {
  return `${name} deletes at day ${day} what ${title} promises to keep for ${showSeconds(retention.keepHours! * 3600)}, and ${NO_FLOOR}: `
    + `delete ${needed === undefined ? '' : `at day ${needed} or `}later, or shorten the 'retention'`;
}

export function deletesOnDemand({ name }: Rule, { title, retention: { keepAtLeast, keepLast } }: Backup, day: number): string {
  return `${name} deletes at day ${day}, and ${title} runs on demand: when nobody asks for ${day} days, its last backup is gone although ${Math.max(keepAtLeast, keepLast ?? 0)} are to be kept, `
    + `and ${NO_FLOOR}; drop the expiration`;
}

export function deletesWhatIsHeld({ name }: Rule, { title }: Backup, day: number): string {
  return `${name} deletes at day ${day} what is pinned or held of ${title}, too: S3 has no filter for "all but these"; where somebody may have to keep a backup, drop the expiration and let the runner prune`;
}

export function deletesPeriods({ name }: Rule, { title }: Backup, day: number, periods: Periods, needed: number): string {
  return `${name} deletes at day ${day}, and the ${periods.rule} backups that ${title} promises to keep go back ${showSeconds(periods.seconds)}, and ${NO_FLOOR}: delete at day ${needed} or later, or keep fewer`;
}

export function deletesNewest({ name }: Rule, { title, retention }: Backup, day: number, seconds: number, needed: number): string {
  return `${name} deletes at day ${day}, and the ${retention.keepLast} newest backups that ${title} promises to keep go back ${showSeconds(seconds)}: delete at day ${needed} or later, or keep fewer`;
}

/** @param seconds how far the backups of `keepAtLeast` go back */
export function deletesFloor({ name }: Rule, { title, retention, noticeSeconds }: Backup, day: number, seconds: number, needed: number): string {
  return `${name} deletes at day ${day}: when ${title} stops, the ${retention.keepAtLeast} backups of 'keepAtLeast' go back ${showSeconds(seconds)} and somebody acts ${showSeconds(noticeSeconds)} later, `
    + `and ${NO_FLOOR}; delete at day ${needed} or later`;
}

export function deletesTagged({ name, filter }: Rule, { title, prefix }: Backup): string {
  return `${name} deletes objects of ${title} that somebody gives the tags of its filter, ${filter}: the runner sets none, and what scanners, replications or people tag under ${show(prefix)} is gone; add a prefix that no backup has`;
}

export function forgetsVersions({ name }: Rule, { title, noticeSeconds }: Backup, day: number): string {
  return `${name} removes old versions after ${showSeconds(day * DAY)}, and somebody notices after ${showSeconds(noticeSeconds)} that a backup of ${title} was deleted or overwritten: keep them for ${Math.ceil(noticeSeconds / DAY)} days`;
}

export function deletesLocked({ name }: Rule, { title }: Backup, day: number, lockSeconds: number): string {
  return `${name} deletes after ${day} days, and 'objectLock' holds what ${title} stores for ${showSeconds(lockSeconds)}: it is hidden, and its bytes stay and are billed until then`;
}

export function discardsUploads({ name }: Rule, { title }: Backup, days: number, deadlineSeconds: number): string {
  return `${name} discards unfinished uploads after ${showSeconds(days * DAY)}, and a run of ${title} may take ${showSeconds(deadlineSeconds)}: its own upload would be discarded; set ${Math.ceil(deadlineSeconds / DAY) + 1} days`;
}

export function movesNothing({ name }: Rule, { title, storageClass: from }: Backup, to: string): string {
  return `${name} moves to ${to}, and ${title} writes in ${from}, from where S3 moves nothing there: the rule does nothing`;
}

export function movesTooLate({ name }: Rule, { title }: Backup, { day, storageClass }: Move, keptDays: number): string {
  return `${name} moves to ${storageClass} at day ${day}, and ${title} keeps its backups for ${keptDays} days: most never get there; drop the transition`;
}

export function movesForTooShort({ name }: Rule, { title }: Backup, { day, storageClass }: Move, keptDays: number, minimumDays: number): string {
  return `${name} moves to ${storageClass} at day ${day}, which bills ${minimumDays} days, and ${title} keeps its backups until day ${keptDays}: ${minimumDays - (keptDays - day)} days of each are paid for nothing; drop the transition, or keep them longer`;
}

export function archivesRecords({ name }: Rule, { title }: Backup, { storageClass }: Move): string {
  return `${name} moves records and checksums of ${title} to ${storageClass} too, and without them no backup is listed, verified or restored before a thaw: set 'objectSizeGreaterThan' to Size.kibibytes(128)`;
}

export function archivesBackups({ name }: Rule, { title }: Backup, { day, storageClass }: Move, thawSeconds: number): string {
  return `${name} moves backups to ${storageClass} at day ${day}: a restore from ${title} then waits up to ${showSeconds(thawSeconds)} for a thaw that somebody must ask for, and "verify --all" fails; GLACIER_IR is read at once. `
    + 'Set \'objectives\' to have this checked against the RTO';
}

/* What providers and buckets can do. */

export function noVersionsThere({ name }: Rule, versions: readonly string[], { title }: Profile): string {
  return `${name} is about ${versions.join(' and ')}, which ${title} does not have${isAny(title) ? ' in common: name the \'provider\'' : ': leave them out'}`;
}

export function dropsSizes({ name, filter }: Rule): string {
  return `${name} chooses by size, filter ${filter}, and Ceph 16 drops sizes without a word, so that it acts on records and checksums too: "lifecycle apply" notices that and puts the earlier rules back; with another tool look at what is stored`;
}

export function refusesAbort({ name }: Rule, { title }: Profile): string {
  return `${name} only discards unfinished uploads, and ${isAny(title) ? 'MinIO' : title} refuses such a rule (MalformedXML): leave it out, the server discards them after 24 hours by itself`;
}

export function ignoresAbort({ name }: Rule, { title }: Profile): string {
  return `${name} discards unfinished uploads, which ${isAny(title) ? 'MinIO' : title} reads over: the server discards them after 24 hours by itself`;
}

export const NO_ABORT = 'no rule has AbortIncompleteMultipartUpload: the parts of uploads that were cut off stay for ever, invisible and billed';

export const NOTHING_FREED = 'no rule has NoncurrentVersionExpiration: in a versioned bucket an Expiration only hides objects, and nothing is ever freed';

export const MFA_DELETE = 'a bucket with MFA delete takes no lifecycle configuration: drop one of the two';

export function unknownHeader(minimumSize: string, { title }: Profile): string {
  return `'transitionDefaultMinimumObjectSize' is a header of AWS's, and ${title} does not know it, got ${show(minimumSize)}: use 'objectSizeGreaterThan' in the rules`;
}

export function deletesWhatLockHolds({ name }: Rule, day: number, lockDays: number): string {
  return `${name} deletes after ${day} days what Object Lock holds for ${lockDays}: only a delete marker is set, and the bytes stay and are billed until then`;
}

/* Storage classes. */

export function movesTwice({ name }: Rule, storageClass: string): string {
  return `${name} moves to ${storageClass} twice: drop one of the two`;
}

export function tooManyMoves({ name }: Rule, moves: number, { title, maxTransitions }: Profile): string {
  return `${name} has ${moves} transitions, and ${title} takes ${maxTransitions} in a rule: a second one silently replaces the first; drop one`;
}

export function unknownClass({ name }: Rule, storageClass: string, { title, classes = [] }: Profile): string {
  const known = classes.length === 0 ? 'takes no transitions' : `takes ${classes.join(', ')}`;
  return `${name} moves to ${show(storageClass)}, and ${title} ${known}: ${classes.length === 0 ? 'leave the objects where they are, or name the \'provider\'' : 'use one of them'}`;
}

export function perhapsNoTier({ name }: Rule, storageClass: string): string {
  return `${name} moves to ${show(storageClass)}: MinIO takes the name of a remote tier that its operator has made ("mc ilm tier ls"), and refuses others with InvalidStorageClass`;
}

export function refusedByClients({ name }: Rule, storageClass: string): string {
  return `${name} moves to ${show(storageClass)}, which Ceph reads at once, but AWS's own clients refuse to read: give the class of the placement another name`;
}

export function refusedSoEarly({ name }: Rule, { day, storageClass }: Move, earliest: number, { title }: Profile): string {
  return `${name} moves to ${storageClass} at day ${day}, and ${title} takes day ${earliest} or later ('Days' in Transition action must be greater than or equal to ${earliest} for storageClass '${storageClass}')`;
}

export function dearSoEarly({ name }: Rule, { day, storageClass }: Move, earliest: number, minimumDays: number, { asOf }: Profile): string {
  return `${name} moves to ${storageClass} at day ${day}: AWS takes that since ${asOf} only, AWS in China and others refuse days before ${earliest}, and each object is billed ${minimumDays} days there`;
}

export function colderFirst({ name, filter }: Rule, warmer: Move, colder: Move): string {
  return `${name} must move to ${colder.storageClass} later than to ${warmer.storageClass}, got ${at(colder)} and ${at(warmer)} for filter ${filter}`;
}

export function impossibleMove({ name }: Rule, from: string, to: string, possible: readonly string[]): string {
  return `${name} moves from ${from} to ${to}: S3 moves objects of ${from} to ${possible.join(' or ') || 'no other class'} only`;
}

export function leavesTooEarly({ name }: Rule, warmer: Move, { storageClass: to, ...later }: Move, minimumDays: number): string {
  const { storageClass: from } = warmer;
  const stay = later.day - warmer.day;
  return `${name} leaves ${from} for ${to} after ${stay} days (${at(warmer)} to ${at(later)}), and one rule may not do so before the ${minimumDays} days that ${from} bills at least: `
    + `${minimumDays - stay} days of each object would be paid for nothing; move to ${to} at day ${warmer.day + minimumDays} or later`;
}

export function deletesBeforeMove({ name }: Rule, expiration: When, late: Move): string {
  return `${name} must delete later than it moves to ${late.storageClass}, got ${at(expiration)} and ${at(late)}: delete later, or drop the transition`;
}

export function deletesTooSoonAfterMove({ name }: Rule, expiration: When, last: Move, minimumDays: number): string {
  const stay = expiration.day - last.day;
  return `${name} deletes at ${at(expiration)}, ${stay} days after the move to ${last.storageClass}, which bills ${minimumDays}: ${minimumDays - stay} days of each object are paid for nothing; `
    + `delete at day ${last.day + minimumDays} or later, or move to a class with a shorter minimum`;
}

export function mixesUnits({ name, filter }: Rule): string {
  return `${name} mixes Days and Date in its Transitions and Expiration for filter ${filter}: give days for all of them`;
}

function isAny(title: string): boolean {
  return title === 'any provider';
}

function written({ title, prefix }: Backup): string {
  return `${title}, which writes to ${show(prefix)}`;
}

function at({ unit, day }: When): string {
  return unit === 'Date' ? new Date(day * DAY * 1000).toISOString().slice(0, 10) : `day ${day}`;
}
