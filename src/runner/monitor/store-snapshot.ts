import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ExitCode } from '../../contract/exit-code';
import {
  DRILL_SUFFIX, FAILED_RUN_SUFFIX, holdKey, isVerificationSuffix, keyPrefix, parseKey, PINNED_SUFFIX, RECORD_SUFFIX,
} from '../../contract/layout';
import { MAX_UNDELIVERED } from '../catalog/catalog';
import { newestVerificationKeys } from '../catalog/history';
import { readSmall } from '../catalog/read-small';
import { messageOf, RunnerError } from '../core/errors';
import { sideBySide } from '../core/side-by-side';
import { Store, StoredObject, UnfinishedUpload } from '../store-api/store';

/** A look that makes no step for so long is given up: a volume whose server is gone would never answer. */
const STALL_MS = 60_000;
const CONCURRENT_READS = 16;
/** After so many steps without waiting for anything others have their turn: a store may have 100,000 objects. */
const STEPS_PER_TURN = 1000;

/** What was there the last time that a store could be read. */
interface Contents {
  readonly readAt: Date;
  /** By key, in the order of the store. */
  readonly objects: ReadonlyMap<string, StoredObject>;
  /** Text of what is small and never changes: records, verifications, drills, failed runs. */
  readonly documents: ReadonlyMap<string, Document>;
  readonly pinned: readonly string[];
  readonly held: boolean;
  readonly freeBytes: number | null;
  readonly clockOffsetMs: number | undefined;
}

interface Document {
  readonly object: StoredObject;
  /** Why it can't be read, where that is so. */
  readonly text: string | RunnerError;
}

/**
 * What one store holds of one backup name, as it was the last time that the store could be read. Looks like a store, so whatever reads
 * stores reads this one, and asks the store behind it for nothing; only {@link StoreSnapshot.refresh} does. Takes nothing in.
 */
export class StoreSnapshot implements Store {
  public readonly name: string;
  public readonly location: string;
  private contents: Contents | undefined;
  private fault: { readonly error: RunnerError; readonly since: Date } | undefined;

  /**
   * @param stallMs a look that makes no step for so long has failed
   */
  constructor(public readonly backupName: string, public readonly behind: Store, private readonly stallMs: number = STALL_MS) {
    this.name = behind.name;
    this.location = behind.location;
  }

  /** When the store could be read the last time; `undefined` if never. */
  public get readAt(): Date | undefined {
    return this.contents?.readAt;
  }

  /** Why the last look failed, and when the first of those that failed in a row did; `undefined` if it went well. */
  public get trouble(): { readonly error: RunnerError; readonly since: Date } | undefined {
    return this.fault;
  }

  public get objects(): ReadonlyMap<string, StoredObject> {
    return this.contents?.objects ?? new Map();
  }

  /** Keys of verifications (the newest of each backup), drills and failed runs. */
  public get historyKeys(): readonly string[] {
    return [...this.contents?.documents.keys() ?? []].filter(key => !isRecord(key));
  }

  /** Ids of backups that are pinned. */
  public get pinned(): readonly string[] {
    return this.contents?.pinned ?? [];
  }

  public get held(): boolean {
    return this.contents?.held ?? false;
  }

  /** That of the store behind, as it was at the last look. */
  public get clockOffsetMs(): number | undefined {
    return this.contents?.clockOffsetMs;
  }

  public get freeSpace(): number | null {
    return this.contents?.freeBytes ?? null;
  }

  /**
   * Looks at the store. A look that fails leaves what the last one saw. Rejects only when aborted.
   *
   * @returns whether anything in the store is other than the last time
   */
  public async refresh(signal: AbortSignal): Promise<boolean> {
    const stalled = new AbortController();
    const giveUp = () => stalled.abort(new RunnerError(
      `${this.name} (${this.location}) has not answered for ${this.stallMs / 1000} s: look at the network, or at the server of the volume`, ExitCode.UNAVAILABLE));
    const timer = setTimeout(giveUp, this.stallMs);
    const either = AbortSignal.any([signal, stalled.signal]);
    // A file system that hangs does not hear of an abort.
    const aborted = new Promise<never>((_, reject) => either.addEventListener('abort', () => reject(either.reason as Error), { once: true }));
    aborted.catch(() => {});
    try {
      const before = this.contents;
      this.contents = await Promise.race([this.look(either, () => timer.refresh()), aborted]);
      this.fault = undefined;
      return before === undefined || !sameContents(before, this.contents);
    } catch (error) {
      signal.throwIfAborted();
      this.failed(error);
      return false;
    } finally {
      clearTimeout(timer);
      stalled.abort(); // what still waits for the store is of no use any more
    }
  }

  /** Notes that a look failed, or would have. */
  public failed(error: unknown): void {
    const known = error instanceof RunnerError ? error : new RunnerError(`${this.name} (${this.location}): ${messageOf(error)}`, ExitCode.FAILED, { cause: error });
    this.fault = { error: known, since: this.fault?.since ?? new Date() };
  }

  public async *list(prefix: string, signal: AbortSignal): AsyncIterable<StoredObject> {
    signal.throwIfAborted();
    if (!this.contents) throw this.fault?.error ?? new RunnerError(`${this.name} (${this.location}) was not looked at yet`, ExitCode.UNAVAILABLE);
    let steps = 0;
    for (const object of this.contents.objects.values()) {
      if (++steps % STEPS_PER_TURN === 0) await nextTurn();
      if (object.key.startsWith(prefix)) yield object;
    }
  }

  public async get(key: string, signal: AbortSignal): Promise<Readable> {
    await nextTurn(); // thousands of these in a row would leave no time for anybody else
    signal.throwIfAborted();
    const found = this.contents?.documents.get(key);
    if (!found) throw new RunnerError(`${key} is not in ${this.location}, or can't be read`, ExitCode.NOT_FOUND);
    if (typeof found.text !== 'string') throw found.text;
    return Readable.from([Buffer.from(found.text)], { objectMode: false });
  }

  public check(): Promise<void> {
    return Promise.reject(this.refusal());
  }

  public put(): Promise<number> {
    return Promise.reject(this.refusal());
  }

  public create(): Promise<boolean> {
    return Promise.reject(this.refusal());
  }

  public remove(): Promise<void> {
    return Promise.reject(this.refusal());
  }

  public unfinished(): AsyncIterable<UnfinishedUpload> {
    throw this.refusal();
  }

  private async look(signal: AbortSignal, step: () => void): Promise<Contents> {
    const readAt = new Date();
    const objects = new Map<string, StoredObject>();
    const documentKeys: string[] = [];
    const verificationKeys: string[] = [];
    const pinned: string[] = [];
    for await (const object of this.behind.list(keyPrefix(this.backupName), signal)) {
      step();
      const parsed = parseKey(object.key);
      if (parsed?.name !== this.backupName) continue;
      objects.set(object.key, object);
      if (DOCUMENT_SUFFIXES.includes(parsed.suffix)) documentKeys.push(object.key);
      else if (isVerificationSuffix(parsed.suffix)) verificationKeys.push(object.key);
      else if (parsed.suffix === PINNED_SUFFIX) pinned.push(parsed.id);
      if (objects.size % STEPS_PER_TURN === 0) await nextTurn();
    }
    let held = false;
    for await (const { key } of this.behind.list(holdKey(this.backupName), signal)) held ||= key === holdKey(this.backupName);
    const freeBytes = await this.behind.freeBytes?.(signal) ?? null;
    // Of verifications the newest of each backup is enough.
    documentKeys.push(...newestVerificationKeys(verificationKeys).values());
    const documents = await this.read(documentKeys, objects, signal, step);
    // What went away since it was listed.
    for (const key of documentKeys) if (!documents.has(key)) objects.delete(key);
    return { readAt, objects, documents, pinned, held, freeBytes, clockOffsetMs: this.behind.clockOffsetMs };
  }

  /** Reads the documents that are new, and those that could not be read the last time. */
  private async read(
    keys: readonly string[], objects: ReadonlyMap<string, StoredObject>, signal: AbortSignal, step: () => void,
  ): Promise<Map<string, Document>> {
    const documents = new Map<string, Document>();
    const unread: StoredObject[] = [];
    for (const key of keys) {
      const object = objects.get(key)!;
      const known = this.contents?.documents.get(key);
      if (known && sameObject(known.object, object) && !isTransient(known.text)) documents.set(key, known);
      else unread.push(object);
    }
    let undelivered = 0;
    await sideBySide(unread.reverse(), CONCURRENT_READS, async object => {
      try {
        documents.set(object.key, { object, text: await readSmall(this.behind, object.key, signal) });
      } catch (error) {
        if (!(error instanceof RunnerError)) throw error;
        if (error.exitCode !== ExitCode.NOT_FOUND && !tellsOfDocument(object, error)) throw error;
        if (error.exitCode === ExitCode.UNAVAILABLE && ++undelivered >= MAX_UNDELIVERED) throw error;
        if (error.exitCode !== ExitCode.NOT_FOUND) documents.set(object.key, { object, text: error });
      }
      step();
    });
    // Where the store gives out no record at all it is not the record's fault.
    const records = [...documents].filter(([key]) => isRecord(key)).map(([, { text }]) => text);
    const kept = records.find(isTransient);
    if (kept instanceof RunnerError && records.every(text => typeof text !== 'string')) throw kept;
    return documents;
  }

  private refusal(): RunnerError {
    return new RunnerError(`${this.name} (${this.location}) is only looked at here, and takes nothing in`, ExitCode.FAILED);
  }
}

const DOCUMENT_SUFFIXES: readonly string[] = [RECORD_SUFFIX, DRILL_SUFFIX, FAILED_RUN_SUFFIX];

/** Whether a failure to read says something of this one document; one record that nobody can read must not hide all others. */
function tellsOfDocument({ key }: StoredObject, { exitCode }: RunnerError): boolean {
  return exitCode === ExitCode.CORRUPT || exitCode === ExitCode.DENIED || (exitCode === ExitCode.UNAVAILABLE && isRecord(key));
}

/** Whether that can be another way with the next look although the document is the same. */
function isTransient(text: Document['text']): boolean {
  return typeof text !== 'string' && text.exitCode !== ExitCode.CORRUPT;
}

function isRecord(key: string): boolean {
  return key.endsWith(RECORD_SUFFIX) && key.indexOf('.') === key.length - RECORD_SUFFIX.length;
}

/** Documents never change, but somebody may have replaced a damaged one. */
function sameObject(one: StoredObject, other: StoredObject): boolean {
  return one.bytes === other.bytes && one.modifiedAt.getTime() === other.modifiedAt.getTime();
}

function sameContents(one: Contents, other: Contents): boolean {
  if (one.held !== other.held || one.objects.size !== other.objects.size) return false;
  for (const [key, object] of other.objects) {
    const before = one.objects.get(key);
    if (!before || !sameObject(before, object)) return false;
  }
  for (const [key, { text }] of other.documents) if (typeof text !== typeof one.documents.get(key)?.text) return false;
  return true;
}
