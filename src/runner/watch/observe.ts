import { DrillRecord } from '../../contract/drill-record';
import { FailedRun } from '../../contract/failed-run';
import { VerificationRecord } from '../../contract/verification-record';
import { Catalog, readCatalog } from '../catalog';
import { RunnerError } from '../errors';
import { readDrills, readFailedRuns, readVerifications } from '../history';
import { Shelf } from './shelf';

/** What was seen of one backup name in one store. */
export interface ObservedStore {
  readonly name: string;
  readonly location: string;
  /** `null`: never. */
  readonly readAt: Date | null;
  /** Why it can't be read now, and since when; `null` if it could be read the last time. Everything else is of {@link readAt} then. */
  readonly trouble: { readonly message: string; readonly since: Date } | null;
  readonly objects: number;
  /** Of everything that belongs to the name. */
  readonly bytes: number;
  readonly freeBytes: number | null;
  readonly held: boolean;
  readonly pinned: ReadonlySet<string>;
  /** Newest of each backup, by id. */
  readonly verifications: ReadonlyMap<string, VerificationRecord>;
  /** Oldest first, as are the failed runs. */
  readonly drills: readonly DrillRecord[];
  readonly failedRuns: readonly FailedRun[];
}

/** Everything that the stores say about one backup name. */
export interface Observation {
  readonly name: string;
  /** `null` as long as no store could be read. */
  readonly catalog: Catalog | null;
  readonly stores: readonly ObservedStore[];
  /** Of all stores, oldest first. */
  readonly drills: readonly DrillRecord[];
  readonly failedRuns: readonly FailedRun[];
  readonly held: boolean;
  readonly pinned: ReadonlySet<string>;
  /** What beside backups could not be read, one sentence each. */
  readonly unreadable: readonly string[];
}

/** Reads what the shelves of one backup name hold. Asks no store for anything. */
export async function observe(name: string, shelves: readonly Shelf[], signal: AbortSignal): Promise<Observation> {
  const unreadable: string[] = [];
  const stores: ObservedStore[] = [];
  for (const shelf of shelves) stores.push(await observeStore(shelf, unreadable, signal));
  let catalog: Catalog | null;
  try {
    catalog = await readCatalog(name, shelves, signal);
  } catch (error) {
    if (!(error instanceof RunnerError) || signal.aborted) throw error;
    catalog = null; // the shelves say why
  }
  return {
    name,
    catalog,
    stores,
    drills: merged(stores.map(store => store.drills), drill => drill.id),
    failedRuns: merged(stores.map(store => store.failedRuns), run => run.startedAt),
    held: stores.some(store => store.held),
    pinned: new Set(stores.flatMap(store => [...store.pinned])),
    unreadable,
  };
}

async function observeStore(shelf: Shelf, unreadable: string[], signal: AbortSignal): Promise<ObservedStore> {
  const keys = shelf.historyKeys;
  const verifications = await readVerifications(keys, shelf, signal);
  const drills = await readDrills(keys, shelf, signal);
  const failedRuns = await readFailedRuns(keys, shelf, signal);
  unreadable.push(...verifications.unreadable, ...drills.unreadable, ...failedRuns.unreadable);
  let bytes = 0;
  for (const object of shelf.objects.values()) bytes += object.bytes;
  return {
    name: shelf.name,
    location: shelf.location,
    ...accessTo(shelf),
    objects: shelf.objects.size,
    bytes,
    held: shelf.held,
    pinned: new Set(shelf.pinned),
    verifications: new Map(verifications.found.map(({ document }) => [document.id, document])),
    drills: drills.found.map(({ document }) => document),
    failedRuns: failedRuns.found.map(({ document }) => document),
  };
}

/** How it was with the last look itself. */
export function accessTo({ readAt, trouble, freeSpace }: Shelf): Pick<ObservedStore, 'readAt' | 'trouble' | 'freeBytes'> {
  return { readAt: readAt ?? null, trouble: trouble ? { message: trouble.error.message, since: trouble.since } : null, freeBytes: freeSpace };
}

/** What several stores have is there once. */
function merged<T extends { readonly startedAt: string }>(lists: readonly (readonly T[])[], identity: (item: T) => string): T[] {
  const items = new Map(lists.flat().map(item => [identity(item), item]));
  return [...items.values()].sort((a, b) => Date.parse(a.startedAt) - Date.parse(b.startedAt));
}
