import { Ahead, aheadOf, Clock, clockOf } from './clock';
import { Copies, CopyState, storesWithWhole } from './copy-state';
import { backupsElsewhere } from './elsewhere';
import { MAX_RECORD_BYTES, parseRecord } from './record';
import { ExitCode } from '../../contract/exit-code';
import { ACCEPTED_SUFFIX, keyPrefix, parseKey, RECORD_SUFFIX } from '../../contract/layout';
import { BackupRecord } from '../../contract/record';
import { RunnerError } from '../core/errors';
import { sideBySide } from '../core/side-by-side';
import { Store, StoredObject } from '../store-api/store';

const CONCURRENT_READS = 8;
/** So many records that the store does not deliver, each after all patience: then it is the store that is out of order. */
export const MAX_UNDELIVERED = 3;

/** One backup, as the stores that were read know it. */
export interface Backup {
  readonly record: BackupRecord;
  readonly copies: Copies;
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
 * Reads the records of the backup `name` from all `stores`, and looks whether their artifacts are there. Reads no artifact.
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

/** Whether a backup may serve as the latest: nothing suspect about it, not from the future, and at least one copy is whole. */
export function isUsable(backup: Backup): boolean {
  return (backup.record.suspect === null || backup.accepted) && backup.ahead === null && storesWithWhole(backup.copies).length > 0;
}

/** The newest usable backup. */
export function latest(catalog: Catalog): Backup | undefined {
  return catalog.backups.findLast(isUsable);
}

/** The newest backup, usable or not, that is not from the future: what everything else is measured by. */
export function newestOf({ backups }: Pick<Catalog, 'backups'>): Backup | undefined {
  return backups.findLast(({ ahead }) => ahead === null);
}

/**
 * Finds a backup by what a person types: `latest`, an id, or the name of one of its files.
 *
 * @throws RunnerError with exit code NOT_FOUND that says which there are; for `latest`, with CORRUPT where one that differs between the stores may be it
 */
export function findBackup(catalog: Catalog, name: string, wanted: string): Backup {
  if (wanted === 'latest') refuseGuess(catalog);
  const found = wanted === 'latest' ? newestDecided(catalog.backups) : catalog.backups.find(backup => backup.record.id === parseKey(wanted)?.id);
  if (found) return found;
  const { id } = parseKey(wanted) ?? {};
  const unreadable = catalog.unreadable.find(record => record.id === id);
  if (unreadable) throw unreadable;
  const newest = catalog.backups.slice(-5).reverse().map(backup => backup.record.id);
  const suspects = catalog.backups.filter(backup => !isUsable(backup)).length;
  throw new RunnerError(
    catalog.backups.length === 0
      ? noBackups(catalog, name)
      : wanted === 'latest'
        ? `there is no backup of ${name} that can serve as the latest: all ${suspects} are suspect, incomplete or from the future, see "cdk8s-backup list"; name one to use it anyway: ${newest.join(', ')}`
        : `there is no backup ${wanted}; the newest of ${name}: ${newest.join(', ')}`,
    ExitCode.NOT_FOUND,
  );
}

/**
 * The newest usable backup that was started at `time` or before: nothing that was written later is in it.
 *
 * @throws RunnerError with exit code NOT_FOUND that says which is the oldest there is
 */
export function findBackupAt(catalog: Catalog, name: string, time: Date): Backup {
  refuseGuess(catalog);
  const usable = catalog.backups.filter(isUsable);
  if (catalog.elsewhere.length > 0) throw new RunnerError(noBackups(catalog, name), ExitCode.NOT_FOUND);
  const found = newestDecided(catalog.backups.filter(({ record }) => Date.parse(record.startedAt) <= time.getTime()));
  if (found) return found;
  throw new RunnerError(
    `there is no backup of ${name} from ${time.toISOString()} or before${usable[0] ? `; the oldest is ${usable[0].record.id}` : ', and none from later'}`,
    ExitCode.NOT_FOUND,
  );
}

function noBackups({ elsewhere }: Catalog, name: string): string {
  return `there is no backup of ${name}: ${elsewhere.length > 0 ? elsewhere.join('; ') : 'nothing was ever finished here, or the store, its prefix or its layout is another one'}`;
}

/** Refuses to choose between records that differ. Whoever reads what is in a backup asks before. */
export function refuseDiffering({ record: { id }, differing }: Backup): void {
  if (!differing) return;
  const stores = [...differing.keys()];
  throw new RunnerError(
    `the records of ${id} differ between ${stores.join(' and ')}: one of them was changed, and which is right can't be told by a program. `
      + `Compare ${id + RECORD_SUFFIX} in both, and name the store that you trust: "cdk8s-backup restore ${id} --store ${stores[0]}", "cdk8s-backup fetch ${id} --from ${stores[0]}", `
      + `in a cluster "cdk8s-backup restore-manifest --backup ${id} --set store=${stores[0]}"; or name another backup: cdk8s-backup list`,
    ExitCode.CORRUPT,
  );
}

/** The newest usable one; one that differs between the stores and may be newer is not passed over in silence. */
function newestDecided(backups: readonly Backup[]): Backup | undefined {
  const found = backups.findLast(backup => isUsable(backup) || (backup.differing !== null && backup.ahead === null
    && (backup.accepted || [...backup.differing.values()].some(({ suspect }) => suspect === null))));
  if (found) refuseDiffering(found);
  return found;
}

/** What could not be read just now may be the one that is looked for; a damaged one never is. */
function refuseGuess({ unreadable }: Catalog): void {
  const fault = unreadable.find(({ exitCode }) => exitCode === ExitCode.UNAVAILABLE);
  if (fault) throw new RunnerError(`${fault.message}; it may be the one that is wanted: try again, or name another backup`, fault.exitCode, { cause: fault });
}

/** Reads a small text object, and refuses a large one. */
export async function readSmall(store: Store, key: string, signal: AbortSignal): Promise<string> {
  const body = await store.get(key, signal);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_RECORD_BYTES) {
      throw new RunnerError(`${key} in ${store.location} is larger than ${MAX_RECORD_BYTES} bytes: it is none of ours`, ExitCode.CORRUPT);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** What one store holds of one backup name. */
interface StoreContent {
  readonly store: Store;
  readonly files: ReadonlyMap<string, StoredObject>;
  readonly records: ReadonlyMap<string, BackupRecord>;
  readonly unreadable: readonly UnreadableRecord[];
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
  return { store, files, records, unreadable };
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
