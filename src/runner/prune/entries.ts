import { Inventory } from './inventory';
import { planRetention } from './plan';
import { RetentionConfig } from '../../contract/config';
import { parseKey } from '../../contract/layout';
import { Catalog } from '../catalog/catalog';
import { newestOf } from '../catalog/choose-backup';
import { ownFilesOf } from '../catalog/own-files';

/** This many runs that failed stay in the history. */
const FAILED_RUNS_KEPT = 100;

/** What there can be in a store, as people read it. */
export const WHAT = { backup: 'backup', record: 'record that can\'t be read', files: 'files without a record', failedRun: 'failed run' } as const;

/** One thing in one store, and what becomes of it. */
export interface PruneEntry {
  readonly store: string;
  readonly id: string;
  readonly what: (typeof WHAT)[keyof typeof WHAT];
  readonly action: 'keep' | 'delete';
  readonly reason: string;
  /** What there is of it; of a thing to delete, what goes. */
  readonly files: readonly string[];
  /** Uploads that were never finished, by the key that they would have got. */
  readonly uploads: readonly string[];
}

/** Decides about everything in one store, as if the newest backup had been read back: nothing goes before it was. */
export function entriesOf(inventory: Inventory, catalog: Catalog, retention: RetentionConfig, now: Date): PruneEntry[] {
  const { store, candidates, records, unreadable, orphans, failedRuns, files } = inventory;
  const entry = (id: string, what: PruneEntry['what'], goes: boolean, reason: string, keys: readonly string[], uploads: readonly string[] = []) =>
    ({ store: store.name, id, what, action: goes ? 'delete' as const : 'keep' as const, reason, files: keys, uploads });

  const newest = newestOf(catalog)?.record.id;
  const decisions = planRetention(candidates.map(one => (one.id === newest ? { ...one, verified: one.doubt === null } : one)), retention, now);
  const oldest = candidates.find((_, i) => decisions[i]!.keep)?.startedAt;
  return [
    ...decisions.map(({ id, keep, reason }) => entry(id, WHAT.backup, !keep, reason, ownFilesOf(records.get(id)!, files.get(id)!))),
    ...unreadable.filter(key => !records.has(parseKey(key)!.id)).map(key =>
      entry(parseKey(key)!.id, WHAT.record, false, 'its files are unknown', [key])),
    ...orphans.map(({ id, remove, reason, files: keys, uploads }) => entry(id, WHAT.files, remove, reason, keys, uploads.map(({ key }) => key))),
    ...failedRuns.map((key, i) => {
      const { id, startedAt } = parseKey(key)!;
      if (i >= FAILED_RUNS_KEPT) return entry(id, WHAT.failedRun, true, `not one of the newest ${FAILED_RUNS_KEPT}`, [key]);
      const old = oldest !== undefined && startedAt < oldest;
      return entry(id, WHAT.failedRun, old, old ? 'older than every backup that is kept' : 'part of the history', [key]);
    }),
  ];
}
