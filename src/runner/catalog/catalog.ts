import { Ahead, aheadOf, Clock, clockOf, isAhead } from './clock';
import { Copies, CopyState } from './copy-state';
import { backupsElsewhere } from './elsewhere';
import { newestVerificationKeys, readVerifications } from './history';
import { readSmall } from './read-small';
import { parseRecord } from './record';
import { ExitCode } from '../../contract/exit-code';
import { ACCEPTED_SUFFIX, keyPrefix, parseKey, RECORD_SUFFIX } from '../../contract/layout';
import { BackupRecord } from '../../contract/record';
import { VerificationRecord } from '../../contract/verification-record';
import { RunnerError } from '../core/errors';
import { sideBySide } from '../core/side-by-side';
import { Store, StoredObject } from '../store-api/store';

const CONCURRENT_READS = 16;
/** So many records that the store does not deliver, each after all patience: then it is the store that is out of order. */
export const MAX_UNDELIVERED = 3;

/** One backup, as the stores that were read know it. */
export interface Backup {
  readonly record: BackupRecord;
  readonly copies: Copies;
  /** The newest verification of each copy that was ever read back, by name of the store. */
  readonly readBack: ReadonlyMap<string, VerificationRecord>;
  /** Whether somebody has looked at a suspect backup and accepted it. */
  readonly accepted: boolean;
  /** That it says it is from later than it can be; `null` if not. */
  readonly ahead: Ahead | null;
  /**
   * The record in each store where they are not the same; `null` where they are. Somebody has changed one of them, and which is right can't be told:
   * no copy counts as whole then, and {@link record} is just one of them.
   */
  readonly differing: ReadonlyMap<string, BackupRecord> | null;
}

/** A record that is there but can't be read. */
export class UnreadableRecord extends RunnerError {
  constructor(public readonly id: string, message: string, exitCode: ExitCode) {
    super(message, exitCode);
  }
}

/** All backups of one name, oldest first. */
export interface Catalog {
  readonly backups: readonly Backup[];
  /** Records that are there but can't be read; each message names its key and store. */
  readonly unreadable: readonly UnreadableRecord[];
  /** Why stores could not be read, by name. What they hold is unknown. */
  readonly unreachable: ReadonlyMap<string, RunnerError>;
  /** All files under the name, by store and key, as far as the store could be read. */
  readonly files: ReadonlyMap<string, ReadonlyMap<string, StoredObject>>;
  /** By which it was told what is from the future. */
  readonly clock: Clock;
  /** Where there is no backup: that there are some where the other layout has them, a sentence for each store. */
  readonly elsewhere: readonly string[];
}

/**
 * Reads the records of the backup `name` from all `stores`, and their newest verifications, and looks whether their artifacts are there. Reads no artifact.
 *
 * @throws RunnerError if no store can be read; as long as one can, the others are named in the catalog
 */
export async function readCatalog(name: string, stores: readonly Store[], signal: AbortSignal): Promise<Catalog> {
  const settled = await Promise.allSettled(stores.map(store => readContent(name, store, signal)));
  signal.throwIfAborted();
  const contents: StoreContent[] = [];
  const unreachable = new Map<string, RunnerError>();
  for (const [i, result] of settled.entries()) {
    if (result.status === 'fulfilled') contents.push(result.value);
    else if (result.reason instanceof RunnerError) unreachable.set(stores[i]!.name, result.reason);
    else throw result.reason;
  }
  if (contents.length === 0) throw unreachable.values().next().value;
  const records = new Map<string, BackupRecord>();
  for (const content of contents) {
    for (const [id, record] of content.records) {
      if (!records.has(id)) records.set(id, record);
    }
  }
  const clock = clockOf(contents.map(({ store }) => store));
  const backups = [...records.values()].sort(byTime).map(record => {
    const differing = differingRecords(record.id, contents);
    return {
      record,
      copies: new Map(stores.map(({ name: store }): [string, CopyState] => {
        const content = contents.find(candidate => candidate.store.name === store);
        return [store, content ? stateOfCopy(record, content, differing) : { kind: 'unknown' }];
      })),
      readBack: readBackOf(record.id, contents, clock),
      accepted: contents.some(content => content.files.has(record.id + ACCEPTED_SUFFIX)),
      ahead: aheadOf(record, clock, timesOfStoring(record.id, contents)),
      differing,
    };
  });
  const files = new Map(contents.map(content => [content.store.name, content.files]));
  const unreadable = contents.flatMap(content => content.unreadable);
  const elsewhere = backups.length > 0 || unreadable.length > 0 ? [] : await backupsElsewhere(name, contents.map(({ store }) => store), signal);
  return { backups, unreadable, unreachable, files, clock, elsewhere };
}

/** What one store holds of one backup name. */
interface StoreContent {
  readonly store: Store;
  readonly files: ReadonlyMap<string, StoredObject>;
  readonly records: ReadonlyMap<string, BackupRecord>;
  readonly unreadable: readonly UnreadableRecord[];
  /** The newest verification of each backup, by id. */
  readonly verifications: ReadonlyMap<string, VerificationRecord>;
}

async function readContent(name: string, store: Store, signal: AbortSignal): Promise<StoreContent> {
  const files = new Map<string, StoredObject>();
  for await (const object of store.list(keyPrefix(name), signal)) {
    if (parseKey(object.key)?.name === name) files.set(object.key, object);
  }
  const records = new Map<string, BackupRecord>();
  const unreadable: UnreadableRecord[] = [];
  const undelivered: RunnerError[] = [];
  await sideBySide([...files.keys()].filter(key => parseKey(key)?.suffix === RECORD_SUFFIX), CONCURRENT_READS, async key => {
    try {
      const record = parseRecord(key, await readSmall(store, key, signal));
      records.set(record.id, record);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof RunnerError)) throw error;
      if (error.exitCode === ExitCode.NOT_FOUND && !await isListed(key, store, signal)) {
        files.delete(key); // removed since it was listed
        return;
      }
      // One record that is damaged, or on a bad block of the disk, or for others only, must not hide all others.
      unreadable.push(new UnreadableRecord(parseKey(key)!.id, `${store.name}: ${error.message}`, error.exitCode));
      if (error.exitCode !== ExitCode.CORRUPT) undelivered.push(error);
      if (undelivered.filter(({ exitCode }) => exitCode === ExitCode.UNAVAILABLE).length >= MAX_UNDELIVERED) throw error;
    }
  });
  // Where the store gives out none at all it is not the record's fault.
  if (records.size === 0 && undelivered[0]) throw undelivered[0];
  return { store, files, records, unreadable, verifications: await readNewestVerifications([...records.keys()], files, store, signal) };
}

/** One that can't be read says nothing: no backup is hidden by it, and none needs it to be restored. */
async function readNewestVerifications(
  ids: readonly string[], files: ReadonlyMap<string, StoredObject>, store: Store, signal: AbortSignal,
): Promise<Map<string, VerificationRecord>> {
  const newest = newestVerificationKeys(files.keys());
  const verifications = new Map<string, VerificationRecord>();
  let undelivered = 0;
  await sideBySide(ids.flatMap(id => newest.get(id) ?? []), CONCURRENT_READS, async (key, stop) => {
    try {
      const { found } = await readVerifications([key], store, signal);
      for (const { document } of found) verifications.set(document.id, document);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof RunnerError)) throw error;
      if (++undelivered >= MAX_UNDELIVERED) stop();
    }
  });
  return verifications;
}

async function isListed(key: string, store: Store, signal: AbortSignal): Promise<boolean> {
  for await (const object of store.list(key, signal)) if (object.key === key) return true;
  return false;
}

function stateOfCopy({ id, artifacts }: BackupRecord, content: StoreContent, differing: Backup['differing']): CopyState {
  if (!content.records.has(id)) return { kind: 'record-missing' };
  if (differing) return { kind: 'record-differs', from: [...differing.keys()].filter(store => store !== content.store.name) };
  for (const { file, bytes: recordedBytes } of artifacts) {
    const found = content.files.get(file);
    if (!found) return { kind: 'file-missing', file };
    if (found.bytes !== recordedBytes) return { kind: 'other-size', file, bytes: found.bytes, recordedBytes };
  }
  return { kind: 'whole' };
}

function differingRecords(id: string, contents: readonly StoreContent[]): Backup['differing'] {
  const records = new Map(contents.flatMap(({ store, records: own }) => own.has(id) ? [[store.name, own.get(id)!] as const] : []));
  return new Set([...records.values()].map(record => JSON.stringify(record))).size > 1 ? records : null;
}

/** A copy that will be found good says nothing yet; one that was found damaged does, whatever the clock said. */
function readBackOf(id: string, contents: readonly StoreContent[], clock: Clock): Backup['readBack'] {
  return new Map(contents.flatMap(({ store, verifications }): [string, VerificationRecord][] => {
    const found = verifications.get(id);
    return found === undefined || (found.faults.length === 0 && isAhead(found.finishedAt, clock)) ? [] : [[store.name, found]];
  }));
}

/** When the record was stored, by those stores that have a clock of their own and say so. */
function timesOfStoring(id: string, contents: readonly StoreContent[]): { readonly at: Date; readonly whose: string }[] {
  return contents.flatMap(({ store, files }) => {
    const at = files.get(id + RECORD_SUFFIX)?.modifiedAt;
    return store.clockOffsetMs === undefined || !at || at.getTime() === 0 ? [] : [{ at, whose: `the clock of ${store.name}` }];
  });
}

function byTime(a: BackupRecord, b: BackupRecord): number {
  return a.id < b.id ? -1 : 1;
}
