import { StoreSnapshot } from './store-snapshot';
import { DrillRecord } from '../../contract/drill-record';
import { FailedRun } from '../../contract/failed-run';
import { VerificationRecord } from '../../contract/verification-record';
import { Catalog, readCatalog } from '../catalog/catalog';
import { Clock, clockOf, isAhead } from '../catalog/clock';
import { readDrills, readFailedRuns, readVerifications, Stored } from '../catalog/history';
import { RunnerError } from '../core/errors';

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
  /** What beside backups could not be read, or is from the future, one sentence each. */
  readonly unreadable: readonly string[];
  /** Whether anything is from the future now, and so can be seen otherwise later although nothing has changed. */
  readonly ahead: boolean;
}

/** Reads what the snapshots of one backup name hold. Asks no store for anything. */
export async function observe(name: string, snapshots: readonly StoreSnapshot[], signal: AbortSignal): Promise<Observation> {
  const unreadable: string[] = [];
  const early: string[] = [];
  const stores: ObservedStore[] = [];
  const clock = clockOf(snapshots);
  for (const snapshot of snapshots) stores.push(await observeStore(snapshot, clock, unreadable, early, signal));
  let catalog: Catalog | null;
  try {
    catalog = await readCatalog(name, snapshots, signal);
  } catch (error) {
    if (!(error instanceof RunnerError) || signal.aborted) throw error;
    catalog = null; // the snapshots say why
  }
  return {
    name,
    catalog,
    stores,
    drills: merged(stores.map(store => store.drills), drill => drill.id),
    failedRuns: merged(stores.map(store => store.failedRuns), run => run.startedAt),
    held: stores.some(store => store.held),
    pinned: new Set(stores.flatMap(store => [...store.pinned])),
    unreadable: [...unreadable, ...early],
    ahead: early.length > 0 || catalog?.backups.some(({ ahead }) => ahead !== null) === true,
  };
}

async function observeStore(
  snapshot: StoreSnapshot, clock: Clock, unreadable: string[], early: string[], signal: AbortSignal,
): Promise<ObservedStore> {
  const keys = snapshot.historyKeys;
  const verifications = await readVerifications(keys, snapshot, signal);
  const drills = await readDrills(keys, snapshot, signal);
  const failedRuns = await readFailedRuns(keys, snapshot, signal);
  unreadable.push(...verifications.unreadable, ...drills.unreadable, ...failedRuns.unreadable);
  // A run, a drill or a good verification that is still to come says nothing: it would be the last one until its time has come.
  const past = <T extends { readonly finishedAt: string }>(documents: readonly Stored<T>[], counts: (document: T) => boolean = () => true) =>
    documents.filter(({ key, document }) => {
      if (!counts(document) || !isAhead(document.finishedAt, clock)) return true;
      early.push(`${key} in ${snapshot.location} is from the future (${document.finishedAt}) by ${clock.whose}, and is left out`);
      return false;
    }).map(({ document }) => document);
  let bytes = 0;
  for (const object of snapshot.objects.values()) bytes += object.bytes;
  return {
    name: snapshot.name,
    location: snapshot.location,
    ...accessTo(snapshot),
    objects: snapshot.objects.size,
    bytes,
    held: snapshot.held,
    pinned: new Set(snapshot.pinned),
    verifications: new Map(past(verifications.found, ({ faults }) => faults.length === 0).map(document => [document.id, document])),
    drills: past(drills.found),
    failedRuns: past(failedRuns.found),
  };
}

/** How it was with the last look itself. */
export function accessTo({ readAt, trouble, freeSpace }: StoreSnapshot): Pick<ObservedStore, 'readAt' | 'trouble' | 'freeBytes'> {
  return { readAt: readAt ?? null, trouble: trouble ? { message: trouble.error.message, since: trouble.since } : null, freeBytes: freeSpace };
}

/** What several stores have is there once. */
function merged<T extends { readonly startedAt: string }>(lists: readonly (readonly T[])[], identity: (item: T) => string): T[] {
  const items = new Map(lists.flat().map(item => [identity(item), item]));
  return [...items.values()].sort((a, b) => Date.parse(a.startedAt) - Date.parse(b.startedAt));
}
