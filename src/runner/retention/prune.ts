import { stopsAll, stopsHere } from './gate';
import { readHolds } from './hold';
import { Inventory, ownFilesOf, takeStock } from './inventory';
import { planRetention } from './plan';
import { removeBackup, removeFiles, Removal } from './remove';
import { BackupConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { parseKey } from '../../contract/layout';
import { Catalog, readCatalog } from '../catalog';
import { messageOf, RunnerError } from '../errors';
import { Reporter } from '../reporter';
import { Store } from '../stores/store';
import { checkCopy } from '../verification/copy';
import { writeVerification } from '../verification/write';

/** This many runs that failed stay in the history. */
const FAILED_RUNS_KEPT = 100;

/** Each takes several requests, one after the other. */
const CONCURRENT_REMOVALS = 8;

/** One thing in one store, and what becomes of it. */
export interface PruneEntry {
  readonly store: string;
  readonly id: string;
  readonly what: 'backup' | 'record that can\'t be read' | 'rubbish' | 'failed run';
  readonly action: 'keep' | 'delete';
  readonly reason: string;
  /** What there is of it; of a thing to delete, what goes. */
  readonly files: readonly string[];
  /** Uploads that were never finished, by the key that they would have got. */
  readonly uploads: readonly string[];
}

/** What was removed of an entry; the plan alone has none. */
export interface PruneOutcome {
  /** Why nothing, or nothing more, was removed in a store, or in all where `store` is `null`. */
  readonly stopped: readonly { readonly store: string | null; readonly reason: string }[];
  readonly entries: readonly PruneEntry[];
  readonly removed: number;
  /** What stores did not let go, one sentence each. */
  readonly refused: readonly string[];
  /** The worst of what went wrong in removing; refusals are none. */
  readonly failures: readonly RunnerError[];
}

export interface PruneOptions {
  /** Whether the plan is made and nothing done. */
  readonly dryRun: boolean;
  readonly unclaimed: boolean;
  readonly now: Date;
}

export type PruneContext = { readonly config: BackupConfig; readonly reporter: Reporter; readonly signal: AbortSignal };

interface StorePlan {
  readonly inventory: Inventory;
  readonly entries: PruneEntry[];
  readonly stopped: string | null;
}

/**
 * Removes from every store what the retention does not keep, and rubbish that provably is ours.
 *
 * All stores are read before anything is removed from any, for each of them may hold a pin, or stop everything.
 *
 * @throws RunnerError if a store can't be read; then nothing has been removed
 */
export async function prune(stores: readonly Store[], options: PruneOptions, context: PruneContext): Promise<PruneOutcome> {
  const { config, reporter, signal } = context;
  const catalog = await readCatalog(config.name, stores, signal);
  for (const fault of catalog.unreachable.values()) {
    throw new RunnerError(`nothing is removed from any store, since one of them can't be read and may hold what must stay: ${messageOf(fault)}`, fault.exitCode, { cause: fault });
  }
  const stopped = stopsAll(catalog, await readHolds(config.name, stores, signal), options.now);
  const plans: StorePlan[] = [];
  for (const store of stores) {
    const onOdd = (error: RunnerError) => reporter.warn('uploads.unknown', `Unfinished uploads are not looked for: ${messageOf(error)}`, { store: store.name });
    const inventory = await takeStock(config.name, store, catalog, { ...options, onOdd }, signal);
    plans.push({ inventory, entries: entriesOf(inventory, catalog, context, options), stopped: stopped === null ? stopsHere(inventory, catalog) : null });
  }
  const outcome: Outcome = { stopped: stopped === null ? [] : [{ store: null, reason: stopped }], entries: [], removed: 0, refused: [], failures: [] };
  for (const plan of plans) {
    if (stopped === null) await pruneStore(plan, catalog, outcome, options, context);
    else outcome.entries.push(...plan.entries.map(spared));
  }
  for (const { store, reason } of outcome.stopped) {
    reporter.warn('prune.stopped', `Nothing is removed${store === null ? '' : ` from ${store}`}: ${reason}`, { store });
  }
  return outcome;
}

type Outcome = { -readonly [field in keyof PruneOutcome]: PruneOutcome[field] extends readonly (infer T)[] ? T[] : PruneOutcome[field] };

async function pruneStore({ inventory, entries, stopped }: StorePlan, catalog: Catalog, outcome: Outcome, options: PruneOptions, context: PruneContext): Promise<void> {
  const { config, reporter, signal } = context;
  const { store } = inventory;
  const deletesBackup = entries.some(({ what, action }) => what === 'backup' && action === 'delete');
  let reason = stopped;
  try {
    if (reason === null && deletesBackup && !options.dryRun) reason = await newestUnread(inventory, catalog, context);
    // Somebody may have stopped it since the plan was made: reading back can take hours.
    if (reason === null && !options.dryRun) reason = stopsAll(catalog, await readHolds(config.name, [store], signal), options.now);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof RunnerError)) throw error;
    outcome.failures.push(error);
    reason = messageOf(error);
  }
  if (reason !== null) {
    outcome.stopped.push({ store: store.name, reason });
    outcome.entries.push(...entries.map(spared));
    return;
  }
  outcome.entries.push(...entries);
  if (options.dryRun) return;
  for (const entry of entries) {
    reporter.info(`prune.${entry.action}`, `${entry.action === 'keep' ? 'Keeping' : 'Removing'} ${entry.what} ${entry.id} in ${store.name}: ${entry.reason}`, { ...entry });
  }
  const waiting = entries.filter(({ action }) => action === 'delete');
  async function removeOn(): Promise<void> {
    for (let entry = waiting.shift(); entry !== undefined; entry = waiting.shift()) note(entry, await remove(entry, inventory, signal), outcome, reporter);
  }
  await Promise.all(Array.from({ length: CONCURRENT_REMOVALS }, removeOn));
}

function remove({ id, what, files }: PruneEntry, { store, records, rubbish }: Inventory, signal: AbortSignal): Promise<Removal> {
  if (what === 'backup') return removeBackup(records.get(id)!, store, signal);
  const uploads = what === 'rubbish' ? rubbish.find(found => found.id === id)!.uploads : [];
  return removeFiles(id, files, uploads, store, signal);
}

function note({ id, store, what }: PruneEntry, removal: Removal, outcome: Outcome, reporter: Reporter): void {
  switch (removal.kind) {
    case 'removed':
      outcome.removed += 1;
      return;
    case 'refused':
      outcome.refused.push(`${what} ${id} in ${store}: ${removal.reason}`);
      reporter.warn('prune.refused', `${what} ${id} stays in ${store}, which does not let it go: ${removal.reason}`, { id, store });
      return;
    case 'failed':
      outcome.failures.push(removal.error);
      reporter.error('prune.failed', `${what} ${id} can't be removed from ${store} now, the next prune goes on with it: ${messageOf(removal.error)}`, { id, store });
  }
}

function entriesOf({ store, candidates, records, unreadable, rubbish, failedRuns, files }: Inventory, catalog: Catalog, { config }: PruneContext, { now }: PruneOptions): PruneEntry[] {
  // The newest is read back before anything goes.
  const newest = catalog.backups.at(-1)?.record.id;
  const decisions = planRetention(candidates.map(one => (one.id === newest ? { ...one, verified: one.doubt === null } : one)), config.retention, now);
  const backups = decisions.map(({ id, keep, reason }): PruneEntry => (
    { store: store.name, id, what: 'backup', action: keep ? 'keep' : 'delete', reason, files: ownFilesOf(records.get(id)!, files.get(id)!), uploads: [] }
  ));
  const oldest = candidates.find((_, i) => decisions[i]!.keep)?.startedAt;
  return [
    ...backups,
    ...unreadable.filter(key => !records.has(parseKey(key)!.id)).map((key): PruneEntry => (
      { store: store.name, id: parseKey(key)!.id, what: 'record that can\'t be read', action: 'keep', reason: 'what it names is unknown', files: [key], uploads: [] }
    )),
    ...rubbish.map(({ id, remove: goes, reason, files: keys, uploads }): PruneEntry => (
      { store: store.name, id, what: 'rubbish', action: goes ? 'delete' : 'keep', reason, files: keys, uploads: uploads.map(({ key }) => key) }
    )),
    ...failedRuns.map((key, i): PruneEntry => {
      const { id, startedAt } = parseKey(key)!;
      const old = oldest !== undefined && startedAt < oldest;
      const reason = i >= FAILED_RUNS_KEPT ? `not one of the newest ${FAILED_RUNS_KEPT}` : old ? 'older than every backup that is kept' : 'part of the history';
      return { store: store.name, id, what: 'failed run', action: i >= FAILED_RUNS_KEPT || old ? 'delete' : 'keep', reason, files: [key], uploads: [] };
    }),
  ];
}

/** Makes sure that the newest backup can be read back: what it replaces goes only then. The answer is why not; `null` if it can. */
async function newestUnread({ store, candidates }: Inventory, catalog: Catalog, context: PruneContext): Promise<string | null> {
  const { record } = catalog.backups.at(-1)!;
  if (candidates.find(({ id }) => id === record.id)?.verified) return null;
  const startedAt = new Date();
  const finding = await checkCopy(record, store, context);
  const { fault } = finding;
  if (fault !== null && fault.exitCode !== ExitCode.CORRUPT && fault.exitCode !== ExitCode.NOT_FOUND) throw fault;
  await writeVerification(record, store, { ...finding, startedAt, repairedFrom: null }, context);
  return fault === null ? null : `the newest backup ${record.id} can't be read back from ${store.name}, ${messageOf(fault)}: "cdk8s-backup verify --repair" copies it from another store; otherwise take a new backup`;
}

/** An entry of a store in which nothing is removed. */
function spared(entry: PruneEntry): PruneEntry {
  return entry.action === 'keep' ? entry : { ...entry, action: 'keep', reason: `would go (${entry.reason}), but nothing is removed now` };
}
