import { ExitCode } from '../../contract/exit-code';
import { DRILL_SUFFIX, FAILED_RUN_SUFFIX, holdKey, keyPrefix, parseKey, PINNED_SUFFIX, STARTED_SUFFIX } from '../../contract/layout';
import { claimedUntil } from '../catalog/claim';
import { isOwnFile } from '../catalog/own-files';
import { RunnerError } from '../core/errors';
import { Store, UnfinishedUpload } from '../store-api/store';

/*
 * What stands under an id without a record: not a backup. It is removed only where it provably is ours.
 *
 * A name proves nothing: a script from before this program may have written `app_20261122_020000.dump` too, and that is somebody's
 * backup. The proof is the claim, which every run writes before anything else, and which stays when the run is killed.
 */

/** The files under one id in one store. */
export interface Orphans {
  /** Of a backup; or the key of the hold, of which there may be parts that were never finished. */
  readonly id: string;
  readonly remove: boolean;
  readonly reason: string;
  readonly files: readonly string[];
  readonly uploads: readonly UnfinishedUpload[];
}

const DAY_MS = 86_400_000;

export interface OrphanOptions {
  /** Ids with a record here or elsewhere, readable or not: none of them is an orphan. */
  readonly recorded: ReadonlySet<string>;
  /** Whether files that look like ours are removed without the proof of a claim. */
  readonly unclaimed: boolean;
  readonly now: Date;
}

/**
 * Looks for orphans among all `keys` of the backup `name` in one store.
 *
 * @param onOdd is told what could not be looked at
 */
export async function findOrphans(
  name: string, keys: Iterable<string>, store: Store, options: OrphanOptions, onOdd: (error: RunnerError) => void, signal: AbortSignal,
): Promise<Orphans[]> {
  const files = new Map<string, string[]>();
  for (const key of keys) {
    const { id, suffix } = parseKey(key) ?? {};
    if (id === undefined || suffix === DRILL_SUFFIX || suffix === FAILED_RUN_SUFFIX || options.recorded.has(id)) continue;
    files.set(id, [...files.get(id) ?? [], key]);
  }
  const uploads = await unfinishedBelow(name, store, onOdd, signal);
  const orphans: Orphans[] = [];
  for (const [id, left] of [...uploads].filter(([each]) => options.recorded.has(each) || each === holdKey(name))) {
    uploads.delete(id);
    // A verification, or a repair, may be writing beside a record at any time, and somebody a hold.
    const old = left.filter(({ startedAt }) => options.now.getTime() - startedAt.getTime() >= DAY_MS);
    if (old.length === 0) continue;
    const untouched = id === holdKey(name) ? '' : '; the backup itself is not touched';
    orphans.push({ id, remove: true, reason: `uploads that were never finished, older than a day${untouched}`, files: [], uploads: old });
  }
  for (const id of [...new Set([...files.keys(), ...uploads.keys()])].sort()) {
    orphans.push(await judge(id, files.get(id) ?? [], uploads.get(id) ?? [], store, options, signal));
  }
  return orphans;
}

async function judge(
  id: string, files: readonly string[], uploads: readonly UnfinishedUpload[], store: Store, { unclaimed, now }: OrphanOptions, signal: AbortSignal,
): Promise<Orphans> {
  const keep = (reason: string): Orphans => ({ id, remove: false, reason, files, uploads: [] });
  const ours = files.filter(isOwnFile);
  const claim = files.includes(id + STARTED_SUFFIX) ? await claimedUntil(id, store, signal) : undefined;
  if (claim === null) return keep(`its claim ${id + STARTED_SUFFIX} can't be read: remove the files by hand if nobody writes them`);
  if (claim !== undefined && claim >= now) return keep(`a run may be writing it until ${claim.toISOString()}`);
  if (files.includes(id + PINNED_SUFFIX)) return keep('pinned, although there is no record of it');
  if (claim !== undefined) return { id, remove: true, reason: 'left by a run that was killed: no record, and its claim is dead', files: ours, uploads };
  const started = parseKey(id)!.startedAt;
  if (now.getTime() - started.getTime() < DAY_MS) return keep('no record, but less than a day old');
  if (unclaimed && ours.length > 0) return { id, remove: true, reason: 'no record and no claim, older than a day: --unclaimed', files: ours, uploads };
  if (uploads.length > 0) {
    const left = files.length > 0 ? '; the files have no claim, and stay' : '';
    return { id, remove: true, reason: `uploads that were never finished, older than a day${left}`, files: [], uploads };
  }
  return keep(ours.length === 0
    ? 'none of ours'
    : 'no record, and no claim proves that this program wrote it; if it is of no use: prune --unclaimed');
}

/** By id, or the key of the hold. A service that does not list uploads, or does not allow it, has none for us. */
async function unfinishedBelow(
  name: string, store: Store, onOdd: (error: RunnerError) => void, signal: AbortSignal,
): Promise<Map<string, UnfinishedUpload[]>> {
  const uploads = new Map<string, UnfinishedUpload[]>();
  try {
    // Not the name, with which both begin: credentials for one backup may not list all that begins with it.
    for (const prefix of [keyPrefix(name), holdKey(name)]) {
      for await (const upload of store.unfinished(prefix, signal)) {
        const parsed = parseKey(upload.key);
        const id = upload.key === holdKey(name) ? upload.key : parsed?.name === name ? parsed.id : undefined;
        if (id !== undefined) uploads.set(id, [...uploads.get(id) ?? [], upload]);
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof RunnerError) || (error.exitCode !== ExitCode.DENIED && error.exitCode !== ExitCode.BAD_CONFIG)) throw error;
    onOdd(error);
  }
  return uploads;
}
