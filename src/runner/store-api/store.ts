import { Readable } from 'node:stream';

export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
  readonly modifiedAt: Date;
}

/** What a run that was killed left behind below the surface: invisible as an object, but billed or using up disk. */
export interface UnfinishedUpload {
  /** Key that the object would have had. */
  readonly key: string;
  /** When it was begun, or last went on, by the store's clock. */
  readonly startedAt: Date;
  discard(signal: AbortSignal): Promise<void>;
}

/** What somebody means to do with a store. */
export type StoreUse = 'reading' | 'writing';

/**
 * Where backups are kept.
 *
 * Keys are relative to the configured prefix or directory. Retrying is done inside; every method rejects with a `RunnerError`
 * that names the store, its location and the way out when it gives up, and with the signal's reason when that was aborted.
 */
export interface Store {
  /** The name in the config. */
  readonly name: string;
  /** For messages: `s3://bucket/prefix`, `/backups`. */
  readonly location: string;
  /** What its clock says beyond that of this machine, by its last answer. Absent where it has none, or has not answered yet. */
  readonly clockOffsetMs?: number | undefined;
  /** Whether something that was removed by this program is only hidden there, as an older version. Absent where nothing is kept. */
  readonly hidesRemoved?: boolean;

  /**
   * Rejects unless the store can be reached, exists, lets itself be listed, and can do what its config asks for. Changes nothing.
   *
   * @param prefix of the keys that are listed: credentials may be for one backup only
   * @param use whoever only reads may have a volume that is mounted for reading. By default writing
   */
  check(signal: AbortSignal, prefix?: string, use?: StoreUse): Promise<void>;

  /**
   * Stores `body` until it ends, then makes the object visible in one step. A failed or aborted call leaves no object behind.
   * Rejects where the key exists already: a backup is never overwritten.
   * Consumes `body`, and destroys it on failure.
   *
   * @param expectedBytes a generous estimate of the size, from which the size of the parts is chosen; `null` for small bodies
   * @returns bytes that the store confirms to hold under `key`
   */
  put(key: string, body: Readable, expectedBytes: number | null, signal: AbortSignal): Promise<number>;

  /** Stores a small text unless the key exists already, in which case nothing changes and the answer is `false`. */
  create(key: string, content: string, signal: AbortSignal): Promise<boolean>;

  /** Opens an object for reading. Rejects with exit code NOT_FOUND if there is none. */
  get(key: string, signal: AbortSignal): Promise<Readable>;

  /** Yields every object whose key starts with `prefix`, in the order of the keys' bytes. */
  list(prefix: string, signal: AbortSignal): AsyncIterable<StoredObject>;

  /** Deletes objects; keys that do not exist count as deleted. */
  remove(keys: readonly string[], signal: AbortSignal): Promise<void>;

  /** Yields the uploads under keys starting with `prefix` that were begun and neither completed nor aborted, running ones included. */
  unfinished(prefix: string, signal: AbortSignal): AsyncIterable<UnfinishedUpload>;

  /**
   * Tries what backups rely on, and says what the service takes no notice of. Absent where that is known.
   *
   * @param key of an object that is there and may be replaced
   */
  brokenPromises?(key: string, signal: AbortSignal): Promise<readonly { readonly message: string; readonly advice: string }[]>;

  /** Where this store would have the backups called `name` in the layout that it has not. Absent where there is one layout only. */
  otherLayout?(name: string): OtherLayout;

  /** Bytes that can still be written. Absent where nobody can say that: in object storage. */
  freeBytes?(signal: AbortSignal): Promise<number>;
}

export interface OtherLayout {
  /** As `StoreLayout` of the constructs calls it. */
  readonly layout: 'FOLDER_PER_BACKUP' | 'FLAT';
  readonly store: Store;
}
