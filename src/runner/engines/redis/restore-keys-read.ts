import { Readable } from 'node:stream';
import { RdbError } from './rdb/cursor';
import { isMark } from './rdb/mark';
import { RdbEntry, RdbKey, RdbReading, readRdb } from './rdb/read';
import { ModuleValueError } from './rdb/value';
import { ExitCode } from '../../../contract/exit-code';
import { RunnerError } from '../../core/errors';

/** What is in a snapshot, as far as a restore key by key has to know it before it begins. */
export interface SnapshotContent {
  /** Keys that are not expired yet, by number of the database. */
  readonly keys: ReadonlyMap<number, number>;
  readonly expired: number;
  readonly functions: number;
  /** What only a replica can take. */
  readonly leftOut: readonly string[];
  /** Whether the backup was taken in the midst of a restore key by key. */
  readonly isMixture: boolean;
}

/** Opens a snapshot; what is wrong with it is said of `file`. */
export async function openRdb(body: Readable, file: string, withValues: boolean): Promise<RdbReading> {
  const { format, entries } = await explained(file, () => readRdb(body, withValues));
  async function* explainedEntries(): AsyncGenerator<RdbEntry> {
    try {
      for (;;) {
        const { value, done } = await explained(file, () => entries.next());
        if (done) return;
        if (value.kind === 'key' && value.module !== null) throw ofModule(file, new ModuleValueError(value.module));
        yield value;
      }
    } finally {
      await entries.return(undefined);
    }
  }
  return { format, entries: explainedEntries() };
}

/** Reads all of a snapshot, and refuses what can't be restored key by key. */
export async function contentOf(body: Readable, file: string, now: number): Promise<SnapshotContent> {
  const keys = new Map<number, number>();
  const leftOut = new Set<string>();
  let [expired, functions] = [0, 0];
  let isMixture = false;
  for await (const entry of (await openRdb(body, file, false)).entries) {
    if (entry.kind === 'function') functions++;
    else if (entry.kind === 'other') leftOut.add(`data of the module ${entry.module} that belongs to no key`);
    else if (isMark(entry.database, entry.key)) isMixture = true;
    else if (isExpired(entry, now)) expired++;
    else keys.set(entry.database, (keys.get(entry.database) ?? 0) + 1);
  }
  return { keys, expired, functions, leftOut: [...leftOut], isMixture };
}

export function isExpired({ expiresAt }: RdbKey, now: number): boolean {
  return expiresAt !== null && expiresAt <= now;
}

async function explained<T>(file: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ModuleValueError) throw ofModule(file, error);
    if (error instanceof RdbError) {
      throw new RunnerError(`${file} can't be read key by key (${error.message}): restore with RestoreMode.redisReplication or RestoreMode.redisRdbFile, or another backup: cdk8s-backup list`, ExitCode.CORRUPT, { cause: error });
    }
    throw error;
  }
}

function ofModule(file: string, error: ModuleValueError): RunnerError {
  return new RunnerError(`${file} has ${error.message}, which can't be written key by key: restore with RestoreMode.redisReplication or RestoreMode.redisRdbFile, into a server that has the module`, ExitCode.BAD_CONFIG, { cause: error });
}
