/*
 * A bucket's lifecycle against the backups that are written there: S3 deletes and moves by age alone, whatever the runner promised.
 */
import { BucketFacts } from './lifecycle-checks';
import { error, Finding, warning } from './lifecycle-findings';
import { ModelRule } from './lifecycle-model';
import { isAllowedMove } from './lifecycle-moves';
import { keepsForever, RetentionConfig } from '../../contract/config';
import { keyPrefix } from '../../contract/layout';
import { BackupCronJob } from '../backup/backup-cron-job';
import { show, showSeconds } from '../core/check';
import { StoreLayout } from '../parts/store-layout';
import { inOneContainer, StorePlace } from '../parts/store-place';
import { reachOfPeriods } from '../recovery/promises';
import { factsOf, isArchive, retrievalSeconds } from '../recovery/retrieval-times';

/** A backup in the bucket. */
export interface BackupInBucket {
  /** How messages call it. */
  readonly title: string;
  readonly name: string;
  readonly storeName: string;
  /** What all its objects' names begin with. Not the folder of the backup, where there is one: its hold is in there, and no rule is to act on that. */
  readonly prefix: string;
  /** Whether objects of other backups may begin so, which nobody sees who sees one app only. */
  readonly isFlat: boolean;
  readonly storageClass: string;
  readonly retention: RetentionConfig;
  /** `undefined`: on demand. */
  readonly longestGapSeconds: number | undefined;
  readonly deadlineSeconds: number;
  /** How much longer than the schedule says it may take from one backup to the next. */
  readonly lateSeconds: number;
  /** From the damage until somebody acts. */
  readonly noticeSeconds: number;
  readonly hasRto: boolean;
  /** How long each object of the backup is locked from its upload; 0: it is not. */
  readonly lockSeconds: number;
}

const DAY = 86_400;

/** The default of `alertDelay` and `humanDelay` of the objectives. */
const NOTICE = 3600 + 3 * DAY;

/** Records, checksums and markers are smaller. */
const SMALL_BYTES = 128 * 1024;

/** What a backup writes to a bucket, once for each of its stores there. */
export function backupsIn(bucket: StorePlace, backup: BackupCronJob): BackupInBucket[] {
  const { name, retention, deadlineSeconds } = backup._config;
  const stores = backup._config.stores.flatMap((store, i) => store.type === 's3' && inOneContainer(backup._places[i], bucket)
    ? [{ ...store, layout: backup._backupStores[i]._layout }] : []);
  const report = backup._recovery.report([]);
  return stores.map(store => ({
    title: `backup ${show(backup.cronJobName)}`,
    name,
    storeName: store.name,
    prefix: `${store.prefix}${store.prefix === '' ? '' : '/'}${keyPrefix(name)}`,
    isFlat: store.layout === StoreLayout.FLAT,
    storageClass: store.storageClass ?? 'STANDARD',
    retention,
    longestGapSeconds: backup._longestGapSeconds,
    deadlineSeconds,
    lateSeconds: report.startingDeadlineSeconds + report.deadlineSeconds,
    noticeSeconds: report.noticeSeconds ?? NOTICE,
    hasRto: report.scenarios.some(({ rtoSeconds }) => rtoSeconds !== undefined),
    lockSeconds: store.objectLock?.seconds ?? 0,
  }));
}

/** Days for which S3 must not delete a backup: `Infinity` for ever, `undefined` if nobody can say. */
export function daysToKeep({ retention, longestGapSeconds: gap, lateSeconds, noticeSeconds }: BackupInBucket): number | undefined {
  const { keepHours, keepLast, keepAtLeast } = retention;
  if (keepsForever(retention)) return Infinity;
  if (gap === undefined) return undefined;
  const byPeriod = reachOfPeriods(retention, gap)?.seconds ?? 0;
  return Math.ceil(Math.max((keepHours ?? 0) * 3600, (keepLast ?? 0) * gap, byPeriod, noticeSeconds + keepAtLeast * gap + lateSeconds) / DAY);
}

/** Whether the rule acts on objects of the backup. Objects of backups have no tags. */
export function covers(rule: ModelRule, backup: BackupInBucket): boolean {
  return !rule.hasTags && actsUnder(rule, backup);
}

function actsUnder(rule: ModelRule, { prefix }: BackupInBucket): boolean {
  return rule.enabled && (prefix.startsWith(rule.prefix) || rule.prefix.startsWith(prefix));
}

/** Storage classes that the rules move an object of the backup to while it is at most `days` old. */
export function storageClassesWithin(rules: readonly ModelRule[], backup: BackupInBucket, days: number): string[] {
  const moves = rules.filter(rule => covers(rule, backup)).flatMap(({ transitions }) => transitions);
  return [...new Set(moves.filter(({ unit, day }) => unit === 'Date' || day < days).map(({ storageClass }) => storageClass))];
}

export function checkBackups(
  rules: readonly ModelRule[], backups: readonly BackupInBucket[], { profile, minimumSize, versioned }: BucketFacts,
): Finding[] {
  const smallOnesStay = profile.smallObjectsStay && minimumSize !== 'varies_by_storage_class';
  return [
    ...checkPrefixes(rules, backups),
    ...versioned ? [] : backups.filter(({ lockSeconds }) => lockSeconds > 0)
      .map(({ title }) => error('objectLock', `${title} has 'objectLock', and a bucket with Object Lock keeps old versions: take 'versioned: false' back`)),
    ...backups.flatMap(backup => rules.filter(rule => rule.hasTags && actsUnder(rule, backup)).flatMap(rule => checkTagged(rule, backup))),
    ...backups.flatMap(backup => rules.filter(rule => covers(rule, backup)).flatMap(rule => [
      ...checkExpiration(rule, backup),
      ...checkVersions(rule, backup),
      ...checkLock(rule, backup),
      ...checkAbort(rule, backup),
      ...profile.ordered ? checkTransitions(rule, backup, smallOnesStay) : [],
    ])),
  ];
}

function checkPrefixes(rules: readonly ModelRule[], backups: readonly BackupInBucket[]): Finding[] {
  const enabled = rules.filter(rule => rule.enabled);
  return backups.filter(backup => !enabled.some(rule => covers(rule, backup))).map(({ title, prefix }) => {
    const written = `${title}, which writes to ${show(prefix)}`;
    const misspelt = enabled.find(rule => !rule.hasTags && prefix.toLowerCase().startsWith(rule.prefix.toLowerCase()));
    return misspelt
      ? error('prefix', `${misspelt.name} has the prefix ${show(misspelt.prefix)}, and S3 tells capitals from small letters: it does not act on ${written}`)
      : warning('prefix', `no rule acts on ${written}${enabled.some(({ hasTags }) => hasTags) ? '; its objects have no tags' : ''}: is that the prefix that was meant?`);
  });
}

function checkExpiration({ name, expiration }: ModelRule, backup: BackupInBucket): Finding[] {
  if (!expiration) return [];
  const { title, retention, longestGapSeconds: gap, lateSeconds, noticeSeconds } = backup;
  const needed = daysToKeep(backup);
  const noFloor = 'no floor of the runner can stop a rule of S3';
  if (needed === Infinity) return [error('retention', `${name} deletes what ${title} keeps for ever: set its 'retention', or drop the expiration`)];
  if (expiration.unit === 'Date') return [error('retention', `${name} deletes every object of ${title} from a day on, each new backup included: give days`)];
  const { day } = expiration;
  if (retention.keepHours !== null && day * 24 < retention.keepHours) {
    return [error('retention', `${name} deletes at day ${day} what ${title} promises to keep for ${showSeconds(retention.keepHours * 3600)}, and ${noFloor}: delete ${needed === undefined ? '' : `at day ${needed} or `}later, or shorten the 'retention'`)];
  }
  if (gap === undefined || needed === undefined) {
    const level = retention.keepLast === null ? warning : error;
    return [level('retention', `${name} deletes at day ${day}, and ${title} runs on demand: when nobody asks for ${day} days, its last backup is gone although ${Math.max(retention.keepAtLeast, retention.keepLast ?? 0)} are to be kept, and ${noFloor}; drop the expiration`)];
  }
  if (day >= needed) {
    return [warning('retention', `${name} deletes at day ${day} what is pinned or held of ${title}, too: S3 has no filter for "all but these"; where somebody may have to keep a backup, drop the expiration and let the runner prune`)];
  }
  const { keepLast, keepAtLeast } = retention;
  const periods = reachOfPeriods(retention, gap);
  if (periods && periods.seconds > day * DAY) {
    return [error('retention', `${name} deletes at day ${day}, and the ${periods.rule} backups that ${title} promises to keep go back ${showSeconds(periods.seconds)}, and ${noFloor}: delete at day ${needed} or later, or keep fewer`)];
  }
  return [(keepLast ?? 0) * gap > day * DAY
    ? error('retention', `${name} deletes at day ${day}, and the ${keepLast} newest backups that ${title} promises to keep go back ${showSeconds(keepLast! * gap)}: delete at day ${needed} or later, or keep fewer`)
    : error('retention', `${name} deletes at day ${day}: when ${title} stops, the ${keepAtLeast} backups of 'keepAtLeast' go back ${showSeconds(keepAtLeast * gap + lateSeconds)} and somebody acts ${showSeconds(noticeSeconds)} later, and ${noFloor}; delete at day ${needed} or later`)];
}

/** Scanners and replications tag objects, and people do. */
function checkTagged({ name, filter, expiration }: ModelRule, { title, prefix }: BackupInBucket): Finding[] {
  if (!expiration) return [];
  return [warning('retention', `${name} deletes objects of ${title} that somebody gives the tags of its filter, ${filter}: the runner sets none, and what scanners, replications or people tag under ${show(prefix)} is gone; add a prefix that no backup has`)];
}

function checkVersions({ name, noncurrentExpiration: expiration }: ModelRule, { title, noticeSeconds }: BackupInBucket): Finding[] {
  if (!expiration || expiration.day * DAY >= noticeSeconds) return [];
  return [warning('retention', `${name} removes old versions after ${showSeconds(expiration.day * DAY)}, and somebody notices after ${showSeconds(noticeSeconds)} that a backup of ${title} was deleted or overwritten: keep them for ${Math.ceil(noticeSeconds / DAY)} days`)];
}

function checkLock({ name, expiration, noncurrentExpiration }: ModelRule, { title, lockSeconds }: BackupInBucket): Finding[] {
  const early = [expiration, noncurrentExpiration].find(when => when && when.unit !== 'Date' && when.day * DAY < lockSeconds);
  if (!early) return [];
  return [warning('objectLock', `${name} deletes after ${early.day} days, and 'objectLock' holds what ${title} stores for ${showSeconds(lockSeconds)}: it is hidden, and its bytes stay and are billed until then`)];
}

function checkAbort({ name, abortDays }: ModelRule, { title, deadlineSeconds }: BackupInBucket): Finding[] {
  if (abortDays === undefined || abortDays * DAY >= deadlineSeconds) return [];
  return [error('unfinishedUploads', `${name} discards unfinished uploads after ${showSeconds(abortDays * DAY)}, and a run of ${title} may take ${showSeconds(deadlineSeconds)}: its own upload would be discarded; set ${Math.ceil(deadlineSeconds / DAY) + 1} days`)];
}

function checkTransitions(rule: ModelRule, backup: BackupInBucket, smallOnesStay: boolean): Finding[] {
  const { name, largerThan = 0 } = rule;
  const { title, retention, storageClass: written } = backup;
  const byPeriod = reachOfPeriods(retention, backup.longestGapSeconds ?? 0)?.seconds ?? 0;
  const byAge = Math.max((retention.keepHours ?? 0) * 3600, byPeriod);
  const kept = retention.keepLast === null && byAge > 0 ? Math.ceil(byAge / DAY) : Infinity;
  return rule.transitions.flatMap(({ unit, day, storageClass }) => {
    if (unit === 'Date') return [];
    const findings: Finding[] = [];
    const { minimumDays } = factsOf(storageClass);
    if (!isAllowedMove(written, storageClass) && written !== storageClass) {
      findings.push(warning('possibleMove', `${name} moves to ${storageClass}, and ${title} writes in ${written}, from where S3 moves nothing there: the rule does nothing`));
    }
    if (day >= kept) {
      findings.push(warning('paidForNothing', `${name} moves to ${storageClass} at day ${day}, and ${title} keeps its backups for ${kept} days: most never get there; drop the transition`));
    } else if (kept - day < minimumDays) {
      findings.push(warning('paidForNothing', `${name} moves to ${storageClass} at day ${day}, which bills ${minimumDays} days, and ${title} keeps its backups until day ${kept}: ${minimumDays - (kept - day)} days of each are paid for nothing; drop the transition, or keep them longer`));
    }
    if (!isArchive(storageClass)) return findings;
    if (!smallOnesStay && largerThan < SMALL_BYTES) {
      findings.push(error('thaw', `${name} moves records and checksums of ${title} to ${storageClass} too, and without them no backup is listed, verified or restored before a thaw: set 'objectSizeGreaterThan' to Size.kibibytes(128)`));
    }
    if (day < kept && !backup.hasRto) {
      findings.push(warning('thaw', `${name} moves backups to ${storageClass} at day ${day}: a restore from ${title} then waits up to ${showSeconds(retrievalSeconds(storageClass))} for a thaw that somebody must ask for, and "verify --all" fails; GLACIER_IR is read at once. Set 'objectives' to have this checked against the RTO`));
    }
    return findings;
  });
}
