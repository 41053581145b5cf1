import { entriesOf, PruneEntry, WHAT } from './entries';
import { describeHolds, NEW_COPY, stopsAll, stopsHere } from './gate';
import { readHolds } from './hold';
import { Inventory, takeStock } from './inventory';
import { removeSuperseded } from './superseded';
import { BackupConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { Catalog, readCatalog } from '../catalog/catalog';
import { newestOf } from '../catalog/choose-backup';
import { explained, removeBackup, removeFiles, Removal } from '../catalog/remove';
import { messageOf, RunnerError } from '../core/errors';
import { Reporter } from '../core/reporter';
import { sideBySide } from '../core/side-by-side';
import { Store } from '../store-api/store';
import { checkCopy } from '../verification/copy';
import { writeVerification } from '../verification/write';

/** Each takes several requests, one after the other. */
const CONCURRENT_REMOVALS = 8;

/** What was removed of an entry; the plan alone has none. */
export interface PruneOutcome {
  /** Why nothing, or nothing more, was removed in a store, or in all where `store` is `null`. */
  readonly stopped: readonly { readonly store: string | null; readonly reason: string; readonly begun?: true }[];
  readonly entries: readonly PruneEntry[];
  readonly removed: number;
  /** Stores that keep what was removed as older versions. */
  readonly hidden: readonly string[];
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
 * Removes from every store what the retention does not keep, and orphans that provably are ours.
 *
 * All stores are read before anything is removed from any, for each of them may hold a pin, or stop everything.
 *
 * @throws RunnerError if a store can't be read; then nothing has been removed
 */
export async function prune(stores: readonly Store[], options: PruneOptions, context: PruneContext): Promise<PruneOutcome> {
  const { config, reporter, signal } = context;
  const catalog = await readCatalog(config.name, stores, signal);
  for (const fault of catalog.unreachable.values()) {
    const why = `nothing is removed from any store, since one of them can't be read and may hold what must stay: ${messageOf(fault)}`;
    throw new RunnerError(why, fault.exitCode, { cause: fault });
  }
  const stopped = stopsAll(catalog, await readHolds(config.name, stores, signal));
  const plans: StorePlan[] = [];
  for (const store of stores) {
    const onOdd = (error: RunnerError) => {
      reporter.warn('uploads.unknown', `Unfinished uploads are not looked for: ${messageOf(error)}`, { store: store.name });
    };
    const inventory = await takeStock(config.name, store, catalog, { ...options, onOdd }, signal);
    plans.push({ inventory, entries: entriesOf(inventory, catalog, config.retention, options.now), stopped: stopsHere(inventory, catalog) });
  }
  const outcome: Outcome = { stopped: [], entries: [], removed: 0, hidden: [], refused: [], failures: [] };
  if (stopped !== null) outcome.stopped.push({ store: null, reason: stopped });
  for (const plan of plans) {
    if (stopped === null) await pruneStore(plan, catalog, outcome, options, context);
    else outcome.entries.push(...plan.entries.map(spared));
  }
  for (const { store, reason, begun } of outcome.stopped) {
    reporter.warn('prune.stopped', `Nothing${begun ? ' more' : ''} is removed${store === null ? '' : ` from ${store}`}: ${reason}`, { store });
  }
  return outcome;
}

/** An outcome that is being made. */
type Outcome = { -readonly [field in keyof PruneOutcome]: PruneOutcome[field] extends readonly (infer T)[] ? T[] : PruneOutcome[field] };

async function pruneStore(
  { inventory, entries, stopped }: StorePlan, catalog: Catalog, outcome: Outcome, options: PruneOptions, context: PruneContext,
): Promise<void> {
  const { config, reporter, signal } = context;
  const { store } = inventory;
  const deletesBackup = entries.some(({ what, action }) => what === WHAT.backup && action === 'delete');
  let reason = stopped;
  try {
    if (reason === null && deletesBackup && !options.dryRun) reason = await newestUnread(inventory, catalog, context);
    // Somebody may have stopped it since the plan was made: reading back can take hours.
    if (reason === null && !options.dryRun) reason = stopsAll(catalog, await readHolds(config.name, [store], signal));
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
  tellPlan(store, entries, reporter);
  let hides = false;
  await sideBySide(entries.filter(({ action }) => action === 'delete'), CONCURRENT_REMOVALS, async (entry, stop) => {
    const removal = await removeUnlessHeld(entry, inventory, config.name, signal);
    if (removal.kind === 'held') stop();
    if (removal.kind === 'removed') hides = store.hidesRemoved === true;
    note(entry, removal, outcome, reporter);
  });
  const gone = new Set(entries.filter(({ action }) => action === 'delete').map(({ id }) => id));
  const removal = await removeSuperseded(inventory, gone, reporter, signal);
  if (removal.kind !== 'removed') note({ id: `of ${config.name}`, store: store.name, what: 'leftovers' }, removal, outcome, reporter);
  if (hides) {
    outcome.hidden.push(store.name);
    reporter.info('prune.hidden', hiddenIn(store.name), { store: store.name });
  }
}

const hiddenIn = (store: string) =>
  `${store} keeps versions: removed backups can't be listed or restored any more, but their bytes stay, and are billed, until the lifecycle of the bucket removes old versions`;

/** What goes, one by one, and how much stays: why is asked with a dry run. */
function tellPlan({ name }: Store, entries: readonly PruneEntry[], reporter: Reporter): void {
  for (const entry of entries.filter(({ action }) => action === 'delete')) {
    reporter.info('prune.delete', `Removing ${entry.what} ${entry.id} in ${name}: ${entry.reason}`, { ...entry });
  }
  const kept = entries.filter(({ action }) => action === 'keep');
  const backups = kept.filter(({ what }) => what === WHAT.backup).length;
  const others = kept.length - backups;
  reporter.info('prune.kept', `${name} keeps ${backups} backups${others === 0 ? '' : ` and ${others} other things`}; "cdk8s-backup prune --dry-run" says of each why`,
    { store: name, backups, others });
}

/** An incident does not wait until hundreds of backups are gone. */
function removeUnlessHeld(entry: PruneEntry, inventory: Inventory, name: string, signal: AbortSignal): Promise<Removal> {
  return explained(async () => {
    const holds = await readHolds(name, [inventory.store], signal);
    return holds.length > 0 ? { kind: 'held', reason: describeHolds(holds) } : remove(entry, inventory, signal);
  }, signal);
}

function remove({ id, what, files }: PruneEntry, { store, records, orphans }: Inventory, signal: AbortSignal): Promise<Removal> {
  if (what === WHAT.backup) return removeBackup(records.get(id)!, store, signal);
  const uploads = what === WHAT.files ? orphans.find(found => found.id === id)!.uploads : [];
  return removeFiles(id, files, uploads, store, signal);
}

function note({ id, store, what }: Pick<PruneEntry, 'id' | 'store'> & { readonly what: string }, removal: Removal, outcome: Outcome, reporter: Reporter): void {
  switch (removal.kind) {
    case 'removed':
      outcome.removed += 1;
      return;
    case 'held':
      if (!outcome.stopped.some(each => each.store === store)) outcome.stopped.push({ store, reason: removal.reason, begun: true });
      return;
    case 'refused':
      outcome.refused.push(`${what} ${id} in ${store}: ${removal.reason}`);
      reporter.warn('prune.refused', `${what} ${id} stays in ${store}, which does not let it go: ${removal.reason}`, { id, store });
      return;
    case 'failed':
      outcome.failures.push(removal.error);
      reporter.error('prune.failed', `${what} ${id} can't be removed from ${store} now, the next prune goes on with it: ${messageOf(removal.error)}`,
        { id, store });
  }
}

/** Makes sure that the newest backup can be read back: what it replaces goes only then. The answer is why not; `null` if it can. */
async function newestUnread({ store, candidates }: Inventory, catalog: Catalog, context: PruneContext): Promise<string | null> {
  const { record } = newestOf(catalog)!;
  if (candidates.find(({ id }) => id === record.id)?.verified) return null;
  const startedAt = new Date();
  const finding = await checkCopy(record, store, context);
  const { fault } = finding;
  if (fault !== null && fault.exitCode !== ExitCode.CORRUPT && fault.exitCode !== ExitCode.NOT_FOUND) throw fault;
  await writeVerification(record, store, { ...finding, startedAt, repairedFrom: null }, context);
  return fault === null ? null : `the newest backup ${record.id} can't be read back from ${store.name}, ${messageOf(fault)}: ${NEW_COPY}`;
}

/** An entry of a store in which nothing is removed. */
function spared(entry: PruneEntry): PruneEntry {
  return entry.action === 'keep' ? entry : { ...entry, action: 'keep', reason: `would go (${entry.reason}), but nothing is removed now` };
}
