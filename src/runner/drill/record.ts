/*
 * The history of drills in the stores. Every store that can be written gets it: where one is lost, the others tell when a restore was
 * last proved.
 */
import { DrillConfig } from '../../contract/config';
import { DRILL_VERSION, DrillRecord } from '../../contract/drill-record';
import { backupId, DRILL_SUFFIX, keyPrefix, parseKey } from '../../contract/layout';
import { messageOf } from '../errors';
import { renderDocument } from '../history';
import { Reporter } from '../reporter';
import { Progress } from './rehearsal';
import { Store } from '../stores/store';

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

/**
 * Writes the record into every store that can be written, and removes there what is beyond the `keepDrills` newest. Does not fail.
 *
 * @returns names of the stores that have it
 */
export async function storeDrill(
  record: DrillRecord, keepDrills: number, stores: readonly Store[], reporter: Reporter, signal: AbortSignal,
): Promise<string[]> {
  const written = await Promise.all(stores.map(async store => {
    try {
      if (!await store.create(record.id + DRILL_SUFFIX, renderDocument(record), signal)) {
        reporter.warn('drill.unrecorded', `${record.id}${DRILL_SUFFIX} is in ${store.location} already: another drill began in the same second, and this one is not recorded there`);
        return [];
      }
    } catch (error) {
      reporter.warn('drill.unrecorded', `the drill is not recorded in ${store.location}: ${messageOf(error)}`, { store: store.name });
      return [];
    }
    await pruneDrills(record.name, keepDrills, store, signal).catch((error: unknown) => {
      reporter.warn('drill.unpruned', `old drills can't be removed from ${store.location}, and stay until the next one: ${messageOf(error)}`, { store: store.name });
    });
    return [store.name];
  }));
  return written.flat();
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
