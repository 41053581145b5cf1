import { Inventory } from './inventory';
import { RECORD_SUFFIX, STARTED_SUFFIX } from '../../contract/layout';
import { claimedUntil } from '../catalog/claim';
import { explained, Removal } from '../catalog/remove';
import { Reporter } from '../core/reporter';
import { oldVerifications } from '../verification/write';

/*
 * What jobs leave beside good backups where they may not delete: the claims of runs that have ended, and verifications that newer ones
 * have replaced. They harm nothing, and whoever may delete tidies up.
 */

/**
 * Removes them from one store, in one request.
 *
 * @param gone ids that prune has just removed, with all that belongs to them
 */
export async function removeSuperseded(
  { store, files }: Inventory, gone: ReadonlySet<string>, reporter: Reporter, signal: AbortSignal,
): Promise<Removal> {
  return explained(async () => {
    const left: string[] = [];
    for (const [id, keys] of files) {
      if (gone.has(id) || !keys.includes(id + RECORD_SUFFIX)) continue;
      left.push(...oldVerifications(keys));
      if (!keys.includes(id + STARTED_SUFFIX)) continue;
      const until = await claimedUntil(id, store, signal);
      // A claim that still holds may be that of a repair.
      if (until !== null && until < new Date()) left.push(id + STARTED_SUFFIX);
    }
    if (left.length > 0) {
      await store.remove(left, signal);
      reporter.info('leftovers.removed', `Removed from ${store.name} ${left.length} claims and verifications that are of no use any more`, { store: store.name, files: left.length });
    }
    return { kind: 'removed' };
  }, signal);
}
