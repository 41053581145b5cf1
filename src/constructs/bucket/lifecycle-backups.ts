/*
 * A bucket's lifecycle against the backups that are written there: S3 deletes and moves by age alone, whatever the runner promised.
 */
import { actsUnder, BackupInBucket, covers, daysToKeep } from './backup-in-bucket';
import { BucketFacts } from './lifecycle-checks';
import { error, LifecycleFinding, warning } from './lifecycle-findings';
import { ModelRule } from './lifecycle-model';
import { isAllowedMove } from './lifecycle-moves';
import * as messages from './messages';
import { reachOfPeriods } from '../recovery/promises';
import { factsOf, isArchive, retrievalSeconds } from '../recovery/retrieval-times';

const DAY = 86_400;

/** Records, checksums and markers are smaller. */
const SMALL_BYTES = 128 * 1024;

export function checkBackups(
  rules: readonly ModelRule[], backups: readonly BackupInBucket[], { profile, minimumSize, versioned }: BucketFacts,
): LifecycleFinding[] {
  const smallOnesStay = profile.smallObjectsStay && minimumSize !== 'varies_by_storage_class';
  return [
    ...checkPrefixes(rules, backups),
    ...versioned ? [] : backups.filter(({ lockSeconds }) => lockSeconds > 0).map(backup => error('objectLock', messages.lockNeedsVersions(backup))),
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

function checkPrefixes(rules: readonly ModelRule[], backups: readonly BackupInBucket[]): LifecycleFinding[] {
  const enabled = rules.filter(rule => rule.enabled);
  const tagged = enabled.some(({ hasTags }) => hasTags);
  return backups.filter(backup => !enabled.some(rule => covers(rule, backup))).map(backup => {
    const misspelt = enabled.find(rule => !rule.hasTags && backup.prefix.toLowerCase().startsWith(rule.prefix.toLowerCase()));
    return misspelt ? error('prefix', messages.misspeltPrefix(misspelt, backup)) : warning('prefix', messages.nothingActsOn(backup, tagged));
  });
}

function checkExpiration(rule: ModelRule, backup: BackupInBucket): LifecycleFinding[] {
  const { expiration } = rule;
  if (!expiration) return [];
  const needed = daysToKeep(backup);
  if (needed === Infinity) return [error('retention', messages.deletesWhatIsKeptForEver(rule, backup))];
  if (expiration.unit === 'Date') return [error('retention', messages.deletesFromADateOn(rule, backup))];
  const { day } = expiration;
  const { longestGapSeconds: gap, lateSeconds, retention } = backup;
  const { keepHours, keepLast, keepAtLeast } = retention;
  if (keepHours !== null && day * 24 < keepHours) return [error('retention', messages.deletesWithinRetention(rule, backup, day, needed))];
  if (gap === undefined || needed === undefined) {
    const level = keepLast === null ? warning : error;
    return [level('retention', messages.deletesOnDemand(rule, backup, day))];
  }
  if (day >= needed) return [warning('retention', messages.deletesWhatIsHeld(rule, backup, day))];
  const periods = reachOfPeriods(retention, gap);
  if (periods && periods.seconds > day * DAY) return [error('retention', messages.deletesPeriods(rule, backup, day, periods, needed))];
  const newest = (keepLast ?? 0) * gap;
  return [error('retention', newest > day * DAY
    ? messages.deletesNewest(rule, backup, day, newest, needed)
    : messages.deletesFloor(rule, backup, day, keepAtLeast * gap + lateSeconds, needed))];
}

/** Scanners and replications tag objects, and people do. */
function checkTagged(rule: ModelRule, backup: BackupInBucket): LifecycleFinding[] {
  return rule.expiration ? [warning('retention', messages.deletesTagged(rule, backup))] : [];
}

function checkVersions(rule: ModelRule, backup: BackupInBucket): LifecycleFinding[] {
  const { noncurrentExpiration: expiration } = rule;
  if (!expiration || expiration.day * DAY >= backup.noticeSeconds) return [];
  return [warning('retention', messages.forgetsVersions(rule, backup, expiration.day))];
}

function checkLock(rule: ModelRule, backup: BackupInBucket): LifecycleFinding[] {
  const { lockSeconds } = backup;
  const early = [rule.expiration, rule.noncurrentExpiration].find(when => when && when.unit !== 'Date' && when.day * DAY < lockSeconds);
  return early ? [warning('objectLock', messages.deletesLocked(rule, backup, early.day, lockSeconds))] : [];
}

function checkAbort(rule: ModelRule, backup: BackupInBucket): LifecycleFinding[] {
  const { abortDays } = rule;
  if (abortDays === undefined || abortDays * DAY >= backup.deadlineSeconds) return [];
  return [error('unfinishedUploads', messages.discardsUploads(rule, backup, abortDays, backup.deadlineSeconds))];
}

function checkTransitions(rule: ModelRule, backup: BackupInBucket, smallOnesStay: boolean): LifecycleFinding[] {
  const { retention, storageClass: written } = backup;
  const byPeriod = reachOfPeriods(retention, backup.longestGapSeconds ?? 0)?.seconds ?? 0;
  const byAge = Math.max((retention.keepHours ?? 0) * 3600, byPeriod);
  const kept = retention.keepLast === null && byAge > 0 ? Math.ceil(byAge / DAY) : Infinity;
  return rule.transitions.flatMap(move => {
    const { unit, day, storageClass } = move;
    if (unit === 'Date') return [];
    const findings: LifecycleFinding[] = [];
    const { minimumDays } = factsOf(storageClass);
    if (!isAllowedMove(written, storageClass) && written !== storageClass) {
      findings.push(warning('possibleMove', messages.movesNothing(rule, backup, storageClass)));
    }
    if (day >= kept) findings.push(warning('paidForNothing', messages.movesTooLate(rule, backup, move, kept)));
    else if (kept - day < minimumDays) findings.push(warning('paidForNothing', messages.movesForTooShort(rule, backup, move, kept, minimumDays)));
    if (!isArchive(storageClass)) return findings;
    if (!smallOnesStay && (rule.largerThan ?? 0) < SMALL_BYTES) findings.push(error('thaw', messages.archivesRecords(rule, backup, move)));
    if (day < kept && !backup.hasRto) findings.push(warning('thaw', messages.archivesBackups(rule, backup, move, retrievalSeconds(storageClass))));
    return findings;
  });
}
