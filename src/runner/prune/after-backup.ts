import { prune, PruneContext } from './prune';
import { BackupRecord } from '../../contract/record';
import { messageOf } from '../core/errors';
import { Store } from '../store-api/store';

/**
 * Prunes at the end of a run whose backup is in all stores.
 *
 * Never fails: the backup is good whatever becomes of the old ones, and a Job that failed here would be run again and make another
 * one. That nothing was removed is an error in the log, and the next run tries again.
 */
export async function pruneAfter({ id }: BackupRecord, stores: readonly Store[], context: PruneContext): Promise<void> {
  const { reporter } = context;
  const left = `${id} is complete. Backups past their retention stay until the next run, or "cdk8s-backup prune"`;
  try {
    const { removed, failures } = await prune(stores, { dryRun: false, unclaimed: false, now: new Date() }, context);
    if (failures.length > 0) {
      reporter.error('prune.incomplete', `Not everything was removed (${messageOf(failures[0])}). ${left}. If that repeats, "cdk8s-backup doctor" looks at the stores`,
        { id, removed, failures: failures.length });
    } else {
      reporter.info('prune.finished', `Removed ${removed} from all stores together`, { id, removed });
    }
  } catch (error) {
    reporter.error('prune.failed', `Pruning failed: ${messageOf(error)}. ${left}. If that repeats, "cdk8s-backup doctor" looks at the stores`, { id });
  }
}
