import { CHECKSUM_SUFFIX, FAILED_RUN_SUFFIX, formatChecksums, keyPrefix, parseKey, RECORD_SUFFIX, STARTED_SUFFIX } from '../../contract/layout';
import { BackupRecord } from '../../contract/record';
import { ClaimTimes, filesOf, readClaim } from '../catalog/claim';
import { isOwnFile } from '../catalog/own-files';
import { readSmall } from '../catalog/read-small';
import { parseRecord, renderRecord } from '../catalog/record';
import { isDenied, messageOf } from '../core/errors';
import { Reporter } from '../core/reporter';
import { Store } from '../store-api/store';

/*
 * What runs have left that were killed. It is known by its claim, whose deadline has passed: a claim alone is removed, files without a record
 * are too, and a copy that lacks nothing but its record gets it.
 */

/** What one store has of runs that are dead. */
interface Remains {
  readonly store: Store;
  readonly dead: readonly DeadRun[];
  /** Ids with a record here. */
  readonly recorded: ReadonlySet<string>;
}

interface DeadRun {
  readonly id: string;
  readonly claim: ClaimTimes;
  /** Whether the run has ended all the same, well or not: its claim is all that is left over. */
  readonly ended: boolean;
}

/**
 * Settles what runs of the backup `name` have left that were killed: claims past their deadline, unfinished uploads of their ids, and, where there
 * is no record, their files. Nothing else is touched. A run that was killed between the records of two stores had all its bytes confirmed
 * in both: there the missing record is written.
 *
 * Does not fail on a store that refuses: the backup that is about to run matters more. It says so once instead.
 */
export async function settleOrphans(name: string, stores: readonly Store[], reporter: Reporter, signal: AbortSignal): Promise<void> {
  const remains: Remains[] = [];
  for (const store of stores) {
    const found = await told({ store, killed: 0, ended: 0 }, reporter, signal, () => look(name, store, signal));
    if (found) remains.push(found);
  }
  for (const { store, dead } of remains) {
    const ended = dead.filter(run => run.ended).length;
    await told({ store, killed: dead.length - ended, ended }, reporter, signal, async () => {
      for (const run of dead) await settle(run, store, remains, reporter, signal);
    });
  }
}

async function settle(
  { id, claim, ended }: DeadRun, store: Store, remains: readonly Remains[], reporter: Reporter, signal: AbortSignal,
): Promise<void> {
  const files = await filesOf(id, store, signal);
  const facts = { id, store: store.name, files: files.length };
  // Also of a run that got as far as its record: it may have been killed between the file's second name and the end of its first.
  for await (const upload of store.unfinished(id, signal)) {
    if (parseKey(upload.key)?.id === id) await upload.discard(signal);
  }
  if (ended) {
    await store.remove([id + STARTED_SUFFIX], signal);
    reporter.info('claim.removed', `Removed the claim of ${id} from ${store.name}: its run has ended, and what it has stored stays`, facts);
    return;
  }
  const from = remains.find(({ store: other, recorded }) => other !== store && recorded.has(id))?.store;
  if (from && isOfRun(id, claim)) {
    const record = parseRecord(id + RECORD_SUFFIX, await readSmall(from, id + RECORD_SUFFIX, signal));
    if (!await lacksOnlyItsRecord(record, store, signal)) {
      // What is here may be better than what is there: the retention decides about both, and a repair makes this one whole.
      reporter.warn('copy.unfinished', `The copy of ${id} in ${store.name} has no record and is not whole; ${from.name} has one: "cdk8s-backup verify ${id} --repair" copies it`, facts);
      return;
    }
    await store.create(id + RECORD_SUFFIX, renderRecord(record), signal);
    await store.remove([id + STARTED_SUFFIX], signal);
    reporter.info('record.finished', `Wrote the record of ${id} into ${store.name}, where everything else of it was: its run was killed after it had written that in ${from.name}`, facts);
    return;
  }
  await store.remove(files.filter(key => isOwnFile(key) && key !== id + STARTED_SUFFIX), signal);
  await store.remove([id + STARTED_SUFFIX], signal);
  reporter.info('remains.removed', `Removed from ${store.name} what the run ${id} had left, which was killed`, facts);
}

/** Whether the claim is that of the run itself: a repair, and a prune, claim an id too, and that of a run has its time. */
function isOfRun(id: string, { startedAt }: ClaimTimes): boolean {
  return parseKey(id)!.startedAt.getTime() === startedAt.getTime();
}

/** Whether all is there that the record names: a run writes no record anywhere before every store has confirmed every file. */
async function lacksOnlyItsRecord({ id, artifacts, stores }: BackupRecord, store: Store, signal: AbortSignal): Promise<boolean> {
  const sizes = new Map<string, number>();
  for await (const { key, bytes } of store.list(id, signal)) sizes.set(key, bytes);
  return stores.includes(store.name) && artifacts.every(({ file, bytes }) => sizes.get(file) === bytes)
    && sizes.has(id + CHECKSUM_SUFFIX) && await readSmall(store, id + CHECKSUM_SUFFIX, signal) === formatChecksums(artifacts);
}

async function look(name: string, store: Store, signal: AbortSignal): Promise<Remains> {
  const suffixes = new Map<string, string[]>();
  for await (const { key } of store.list(keyPrefix(name), signal)) {
    const parsed = parseKey(key);
    if (parsed?.name !== name) continue;
    const own = suffixes.get(parsed.id);
    if (own) own.push(parsed.suffix);
    else suffixes.set(parsed.id, [parsed.suffix]);
  }
  const dead: DeadRun[] = [];
  for (const [id, own] of suffixes) {
    if (!own.includes(STARTED_SUFFIX)) continue;
    const claim = await readClaim(id, store, signal);
    if (claim === null || claim.deadlineAt.getTime() >= Date.now()) continue;
    const toldOf = own.includes(FAILED_RUN_SUFFIX) && own.every(suffix => suffix === FAILED_RUN_SUFFIX || suffix === STARTED_SUFFIX);
    dead.push({ id, claim, ended: own.includes(RECORD_SUFFIX) || toldOf });
  }
  return { store, dead, recorded: new Set([...suffixes].filter(([, own]) => own.includes(RECORD_SUFFIX)).map(([id]) => id)) };
}

/** Does something in a store, and says what stays where that fails. */
async function told<T>(
  { store, killed, ended }: { readonly store: Store; readonly killed: number; readonly ended: number }, reporter: Reporter, signal: AbortSignal,
  action: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    signal.throwIfAborted();
    const facts = { store: store.name, killed, ended };
    if (!isDenied(error)) {
      reporter.warn('remains.left', `Files of killed runs can't be removed from ${store.name}: ${messageOf(error)}`, facts);
    } else if (killed > 0) {
      reporter.warn('remains.left', `Files of ${killed} killed runs stay in ${store.name} until "cdk8s-backup prune" runs with credentials that may delete: ${messageOf(error)}`, facts);
    } else {
      reporter.info('claims.left', `The claims of ${ended} runs that have ended stay in ${store.name}, which is harmless: these credentials may not delete, and "cdk8s-backup prune" removes them`, facts);
    }
    return undefined;
  }
}
