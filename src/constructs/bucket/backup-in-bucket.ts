import { ModelRule } from './lifecycle-model';
import { keepsForever, RetentionConfig } from '../../contract/config';
import { keyPrefix } from '../../contract/layout';
import { BackupCronJob } from '../backup/backup-cron-job';
import { show } from '../core/check';
import { StoreLayout } from '../parts/store-layout';
import { inOneContainer, StorePlace } from '../parts/store-place';
import { reachOfPeriods } from '../recovery/promises';
import { isBucket } from '../stores/s3/store-type';

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

/** What a backup writes to a bucket, once for each of its stores there. */
export function backupsIn(bucket: StorePlace, backup: BackupCronJob): BackupInBucket[] {
  const { name, retention, activeDeadlineSeconds: deadlineSeconds } = backup._config;
  const stores = backup._config.stores.flatMap((store, i) => isBucket(store) && inOneContainer(backup._places[i], bucket)
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
    lateSeconds: report.startingDeadlineSeconds + report.activeDeadlineSeconds,
    noticeSeconds: report.noticeSeconds ?? NOTICE,
    hasRto: report.scenarios.some(({ rtoSeconds }) => rtoSeconds !== undefined),
    lockSeconds: store.objectLock?.durationSeconds ?? 0,
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

export function actsUnder(rule: ModelRule, { prefix }: BackupInBucket): boolean {
  return rule.enabled && (prefix.startsWith(rule.prefix) || rule.prefix.startsWith(prefix));
}

/** Storage classes that the rules move an object of the backup to while it is at most `days` old. */
export function storageClassesWithin(rules: readonly ModelRule[], backup: BackupInBucket, days: number): string[] {
  const moves = rules.filter(rule => covers(rule, backup)).flatMap(({ transitions }) => transitions);
  return [...new Set(moves.filter(({ unit, day }) => unit === 'Date' || day < days).map(({ storageClass }) => storageClass))];
}
