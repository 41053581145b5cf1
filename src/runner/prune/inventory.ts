import { findOrphans, Orphans } from './orphans';
import { Candidate } from './plan';
import { FAILED_RUN_SUFFIX, parseKey, PINNED_SUFFIX, RECORD_SUFFIX } from '../../contract/layout';
import { BackupRecord } from '../../contract/record';
import { Backup, Catalog } from '../catalog/catalog';
import { describeAhead } from '../catalog/clock';
import { describeFault, isWhole } from '../catalog/copy-state';
import { newestVerificationKeys, readVerifications } from '../catalog/history';
import { RunnerError } from '../core/errors';
import { sideBySide } from '../core/side-by-side';
import { Store } from '../store-api/store';

const CONCURRENT_READS = 8;

/** What one store holds of one name, as far as pruning is concerned. */
export interface Inventory {
  readonly store: Store;
  /** Oldest first. */
  readonly candidates: readonly Candidate[];
  readonly records: ReadonlyMap<string, BackupRecord>;
  /** Keys of records that can't be read: neither a backup nor an orphan. */
  readonly unreadable: readonly string[];
  readonly orphans: readonly Orphans[];
  /** Keys of runs that failed, newest first. */
  readonly failedRuns: readonly string[];
  /** All keys under the name, by id. */
  readonly files: ReadonlyMap<string, readonly string[]>;
}

export interface InventoryOptions {
  readonly unclaimed: boolean;
  readonly now: Date;
  readonly onOdd: (error: RunnerError) => void;
}

/** Takes stock of one store. The catalog must be of all stores, for what is an orphan in one can be a backup in another. */
export async function takeStock(name: string, store: Store, catalog: Catalog, options: InventoryOptions, signal: AbortSignal): Promise<Inventory> {
  const keys = [...catalog.files.get(store.name)!.keys()];
  const byId = groupedById(keys);
  const everywhere = [...catalog.files.values()].flatMap(files => [...files.keys()]).map(key => parseKey(key)!);
  const idsWith = (wanted: string) => new Set(everywhere.filter(({ suffix }) => suffix === wanted).map(({ id }) => id));
  const [pinned, recorded] = [idsWith(PINNED_SUFFIX), idsWith(RECORD_SUFFIX)];
  const byIdOfRecord = new Map(catalog.backups.map(backup => [backup.record.id, backup]));
  const verified = await verifications(keys, store, signal);

  const present = catalog.backups.filter(({ record }) => byId.has(record.id));
  return {
    store,
    candidates: present.map(backup => {
      const { id, startedAt } = backup.record;
      const faults = verified.get(id);
      return {
        id,
        startedAt: new Date(startedAt),
        doubt: doubtOf(backup, store, faults),
        verified: faults?.length === 0,
        pinned: pinned.has(id),
      };
    }),
    records: new Map(present.map(({ record, differing }) => [record.id, differing?.get(store.name) ?? record])),
    unreadable: keys.filter(key => {
      const { id, suffix } = parseKey(key)!;
      const backup = byIdOfRecord.get(id);
      return suffix === RECORD_SUFFIX && (!backup || backup.copies.get(store.name)?.kind === 'record-missing');
    }),
    orphans: await findOrphans(name, keys, store, { ...options, recorded }, options.onOdd, signal),
    failedRuns: keys.filter(key => parseKey(key)!.suffix === FAILED_RUN_SUFFIX).sort().reverse(),
    files: byId,
  };
}

function groupedById(keys: readonly string[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const key of keys) {
    const { id } = parseKey(key)!;
    const group = groups.get(id);
    if (group) group.push(key);
    else groups.set(id, [key]);
  }
  return groups;
}

function doubtOf({ record, accepted, copies, ahead }: Backup, store: Store, faults: readonly string[] | undefined): string | null {
  if (record.suspect !== null && !accepted) return `suspect (${record.suspect})`;
  if (ahead) return describeAhead(ahead);
  const copy = copies.get(store.name);
  if (copy && !isWhole(copy)) return `not whole here (${describeFault(copy)})`;
  return faults !== undefined && faults.length > 0 ? `damaged (${faults[0]})` : null;
}

/** Faults of the newest verification, by id; empty for a copy that was found good. */
async function verifications(keys: readonly string[], store: Store, signal: AbortSignal): Promise<ReadonlyMap<string, readonly string[]>> {
  const faults = new Map<string, readonly string[]>();
  await sideBySide([...newestVerificationKeys(keys).values()], CONCURRENT_READS, async key => {
    const { found } = await readVerifications([key], store, signal);
    for (const { document } of found) faults.set(document.id, document.faults);
  });
  return faults;
}
