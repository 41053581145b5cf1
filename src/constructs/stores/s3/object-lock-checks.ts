/*
 * How long backups are locked, against how long they are kept. Where a bucket has Object Lock it has versions: pruning hides what is still
 * locked, and its bytes are billed until the lock ends and a lifecycle rule removes old versions.
 */
import { BackupConfig, keepsForever, RetentionConfig } from '../../../contract/config';
import { show, showSeconds } from '../../core/check';
import { reachOfPeriods } from '../../recovery/promises';

const DAY = 86_400;

/** @param gap between two runs, at most; `undefined` on demand */
export function checkLocks({ stores, retention }: Pick<BackupConfig, 'stores' | 'retention'>, gap: number | undefined): { readonly errors: string[]; readonly warnings: string[] } {
  const errors: string[] = [];
  const warnings: string[] = [];
  const kept = keptFor(retention, gap);
  for (const store of stores) {
    if (store.type !== 's3' || store.objectLock === null || kept === undefined) continue;
    const { mode, seconds } = store.objectLock;
    const [locked, longest] = [showSeconds(seconds), showSeconds(kept.longest)];
    if (seconds > kept.longest) {
      const paid = `'objectLock' of store ${show(store.name)} locks each backup for ${locked}, and the 'retention' keeps none for longer than ${longest}: it is hidden then, and stays and is billed for ${showSeconds(seconds - kept.longest)} more`;
      if (mode === 'COMPLIANCE') errors.push(`${paid}, which nobody can change once it is stored: shorten the lock, keep backups longer, or take S3ObjectLockMode.GOVERNANCE`);
      else warnings.push(`${paid}; shorten the lock, or keep backups longer`);
    } else if (kept.byAge !== undefined && seconds < kept.byAge) {
      warnings.push(`'objectLock' of store ${show(store.name)} locks each backup for ${locked}, and the 'retention' keeps it for ${showSeconds(kept.byAge)}: for the last ${showSeconds(kept.byAge - seconds)} whoever may delete versions can delete it; lengthen the lock if that matters`);
    }
  }
  return { errors, warnings };
}

/** How long the backup that is kept longest is kept, and how long each one is by its age; `undefined` for ever, or where nobody can say. */
function keptFor(retention: RetentionConfig, gap: number | undefined): { readonly longest: number; readonly byAge: number | undefined } | undefined {
  const { keepHours, keepLast, keepAtLeast } = retention;
  if (keepsForever(retention)) return undefined;
  const byAge = keepHours === null ? undefined : keepHours * 3600;
  if (gap === undefined) return keepLast === null && byAge !== undefined ? { longest: Math.max(byAge, DAY), byAge } : undefined;
  const byPeriod = reachOfPeriods(retention, gap)?.seconds ?? 0;
  return { longest: Math.max(byAge ?? 0, (keepLast ?? 0) * gap, keepAtLeast * gap, byPeriod), byAge };
}
