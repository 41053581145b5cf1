/*
 * The history of drills in the stores. Every store that can be written gets it: where one is lost, the others tell when a restore was
 * last proved.
 */
import { Progress } from './drill-run';
import { DrillConfig } from '../../contract/config';
import { DRILL_VERSION, DrillRecord } from '../../contract/drill-record';
import { backupId, DRILL_SUFFIX, keyPrefix, parseKey } from '../../contract/layout';
import { filesOf } from '../catalog/claim';
import { renderDocument } from '../catalog/history';
import { isDenied, messageOf } from '../core/errors';
import { Reporter } from '../core/reporter';
import { Store } from '../store-api/store';

export function drillRecord({ name, member }: DrillConfig, startedAt: Date, progress: Progress, faults: readonly string[]): DrillRecord {
  return {
    version: DRILL_VERSION,
    id: backupId(name, startedAt),
    name,
    ...member !== null && { member },
    backup: progress.backup,
    store: progress.store,
    startedAt: startedAt.toISOString(),
    finishedAt: new Date().toISOString(),
    outcome: faults.length === 0 ? 'passed' : 'failed',
    faults,
    server: progress.server,
    bytes: progress.bytes,
    items: progress.items,
    seconds: progress.seconds,
    recoveryPointAgeSeconds: progress.recoveryPointAgeSeconds,
    rtoTargetSeconds: progress.rtoTargetSeconds,
    checks: progress.checks,
    tools: progress.tools,
  };
}

/** A drill as it was written down. */
export interface StoredDrill {
  readonly record: DrillRecord;
  /** Names of the stores that have it. */
  readonly stores: readonly string[];
}

/**
 * Writes the record into every store that can be written, and removes there what is beyond the `keepDrills` newest. Where a backup began in the
 * same second, or another drill, as that of another member of a set may, this one is recorded as of the next that is free. Does not fail.
 */
export async function storeDrill(
  drilled: DrillRecord, keepDrills: number, stores: readonly Store[], reporter: Reporter, signal: AbortSignal,
): Promise<StoredDrill> {
  for (let record = drilled; ; record = aSecondLater(record)) {
    const { written, taken } = await write(record, stores, reporter, signal);
    if (taken) {
      await Promise.allSettled(written.map(store => store.remove([record.id + DRILL_SUFFIX], signal)));
      continue;
    }
    await Promise.all(written.map(store => pruneDrills(record.name, keepDrills, store, signal).catch((error: unknown) => {
      if (isDenied(error)) reporter.info('drills.left', `Drills beyond the ${keepDrills} newest stay in ${store.name}, which is harmless: these credentials may not delete`, { store: store.name });
      else reporter.warn('drill.unpruned', `old drills can't be removed from ${store.location}, and stay until the next one: ${messageOf(error)}`, { store: store.name });
    })));
    return { record, stores: written.map(({ name }) => name) };
  }
}

/** The stores that have the record now, and whether its id is that of something else in any of them. */
async function write(
  record: DrillRecord, stores: readonly Store[], reporter: Reporter, signal: AbortSignal,
): Promise<{ readonly written: readonly Store[]; readonly taken: boolean }> {
  const created = await Promise.all(stores.map(async store => {
    try {
      if ((await filesOf(record.id, store, signal)).length > 0) return false;
      return await store.create(record.id + DRILL_SUFFIX, renderDocument(record), signal);
    } catch (error) {
      reporter.warn('drill.unrecorded', `the drill is not recorded in ${store.location}: ${messageOf(error)}`, { store: store.name });
      return null;
    }
  }));
  return { written: stores.filter((_store, i) => created[i] === true), taken: created.includes(false) };
}

function aSecondLater(record: DrillRecord): DrillRecord {
  return { ...record, id: backupId(record.name, new Date(parseKey(record.id)!.startedAt.getTime() + 1000)) };
}

async function pruneDrills(name: string, keep: number, store: Store, signal: AbortSignal): Promise<void> {
  const keys: string[] = [];
  for await (const { key } of store.list(keyPrefix(name), signal)) {
    const parsed = parseKey(key);
    if (parsed?.name === name && parsed.suffix === DRILL_SUFFIX) keys.push(key);
  }
  // Keys of one name are in the order of their times.
  const old = keys.sort().slice(0, -keep);
  if (old.length > 0) await store.remove(old, signal);
}
