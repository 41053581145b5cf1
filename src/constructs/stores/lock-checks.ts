/*
 * How long stores lock what is written, against how long the retention keeps it.
 */
import { storeType } from './store-types';
import { BackupConfig, keepsForever, RetentionConfig } from '../../contract/config';
import { reachOfPeriods } from '../recovery/promises';
import { Kept, LockProblems } from '../store-api/store-type';

const DAY = 86_400;

/** @param gap between two runs, at most; `undefined` on demand */
export function checkLocks({ stores, retention }: Pick<BackupConfig, 'stores' | 'retention'>, gap: number | undefined): LockProblems {
  const kept = keptFor(retention, gap);
  const problems = kept === undefined ? [] : stores.map(store => storeType(store).checkLock(store, kept));
  return { errors: problems.flatMap(({ errors }) => errors), warnings: problems.flatMap(({ warnings }) => warnings) };
}

/** `undefined`: for ever, or nobody can say. */
function keptFor(retention: RetentionConfig, gap: number | undefined): Kept | undefined {
  const { keepHours, keepLast, keepAtLeast } = retention;
  if (keepsForever(retention)) return undefined;
  const byAge = keepHours === null ? undefined : keepHours * 3600;
  if (gap === undefined) return keepLast === null && byAge !== undefined ? { longest: Math.max(byAge, DAY), byAge } : undefined;
  const byPeriod = reachOfPeriods(retention, gap)?.seconds ?? 0;
  return { longest: Math.max(byAge ?? 0, (keepLast ?? 0) * gap, keepAtLeast * gap, byPeriod), byAge };
}
