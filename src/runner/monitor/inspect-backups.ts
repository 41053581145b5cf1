import { observe, Observation } from './observe';
import { StoreSnapshot } from './store-snapshot';
import { ExitCode } from '../../contract/exit-code';
import { Catalog } from '../catalog/catalog';
import { backupsElsewhere } from '../catalog/elsewhere';
import { reportFaults } from '../catalog/notes';
import { Context } from '../core/context';
import { RunnerError } from '../core/errors';
import { Store } from '../store-api/store';

/** An observation of a name of which at least one store could be read. */
export type BackupInspection = Observation & { readonly catalog: Catalog };

/**
 * Looks once at what the stores hold of one backup name.
 *
 * @throws RunnerError if no store can be read; as long as one can, the others are named in the catalog
 */
export async function inspectBackups(name: string, stores: readonly Store[], signal: AbortSignal): Promise<BackupInspection> {
  const snapshots = stores.map(store => new StoreSnapshot(name, store));
  await Promise.all(snapshots.map(snapshot => snapshot.refresh(signal)));
  const observation = await observe(name, snapshots, signal);
  const { catalog } = observation;
  if (!catalog) throw snapshots.find(({ trouble }) => trouble)?.trouble?.error ?? new RunnerError(`no store of ${name} gives out its records`, ExitCode.FAILED);
  const elsewhere = catalog.backups.length === 0 ? await backupsElsewhere(name, stores, signal) : [];
  return { ...observation, catalog: { ...catalog, elsewhere } };
}

/** Tells what could not be read, and the exit code that follows from it. */
export function reportInspection({ catalog, unreadable }: BackupInspection, reporter: Context['reporter']): ExitCode {
  for (const message of unreadable) reporter.warn('history.unreadable', message);
  return reportFaults(catalog, reporter);
}
