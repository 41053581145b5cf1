import { once } from 'node:events';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { SQLITE_BUSY, SQLITE_READONLY, SQLITE_CORRUPT, SQLITE_CANTOPEN, SQLITE_PROTOCOL, SQLITE_NOTADB } from './codes';
import { sqliteProgram } from './program';
import { SqliteFailure } from './tasks';
import { ExitCode } from '../../../contract/exit-code';
import { RunnerError } from '../../core/errors';
import { stdoutOf } from '../../core/process';

const HEADER = Buffer.from('SQLite format 3\0', 'latin1');

/** A database that nobody else can use. */
export interface Held {
  /** Why SQLite can't be asked to hold it; `null` if it does. */
  readonly unreadable: string | null;
  /** Ends once others can use it again. */
  release(): Promise<void>;
}

/**
 * Keeps everybody else out of a database file until it is released, and puts its write-ahead log into it.
 *
 * A file that SQLite can't read is not held: it is what a restore replaces.
 *
 * @throws RunnerError with exit code UNAVAILABLE as long as another process uses it
 */
export async function hold(file: string, lockTimeoutSeconds: number, signal: AbortSignal): Promise<Held> {
  // SQLite would remove the write-ahead log of such a file.
  if (!await hasHeader(file)) return { unreadable: 'it does not begin as a SQLite database does', release: () => Promise.resolve() };
  let unreadable: string | null = null;
  const released = new AbortController();
  const output = stdoutOf(sqliteProgram({ kind: 'hold', file, lockTimeoutMs: lockTimeoutSeconds * 1000 }, failure => {
    const code = primaryCode(failure);
    const message = 'message' in failure ? failure.message : '';
    if (code === SQLITE_CORRUPT || code === SQLITE_NOTADB) unreadable = message;
    return explain(code, message, file, lockTimeoutSeconds);
  }), AbortSignal.any([signal, released.signal]));
  output.on('error', () => {}); // whoever waits for the line gets it as well; later ones tell that it was stopped
  try {
    await once(output, 'data', { signal });
  } catch (error) {
    signal.throwIfAborted();
    if (unreadable === null) throw error;
    return { unreadable, release: () => Promise.resolve() };
  }
  output.resume();
  return {
    unreadable: null,
    release: async () => {
      if (output.closed) return;
      const closed = new Promise(resolve => output.once('close', resolve)); // which is when the program has ended
      released.abort();
      await closed;
    },
  };
}

/** Processes of this machine that have a file open, as far as they can be seen: `nginx (123)`. Locks do not tell of one that is idle. */
export async function holdersOf(file: string): Promise<string[]> {
  const wanted = await stat(file, { bigint: true }).catch(() => undefined);
  if (!wanted) return [];
  const holders: string[] = [];
  const pids = (await readdir('/proc').catch(() => [])).filter(name => /^\d+$/.test(name) && name !== String(process.pid));
  for (const pid of pids) {
    for (const descriptor of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
      const found = await stat(`/proc/${pid}/fd/${descriptor}`, { bigint: true }).catch(() => undefined);
      if (found?.ino !== wanted.ino || found.dev !== wanted.dev) continue;
      holders.push(`${(await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'process')).trim()} (${pid})`);
      break;
    }
  }
  return holders;
}

async function hasHeader(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer } = await handle.read(Buffer.alloc(HEADER.length), 0, HEADER.length, 0);
    return buffer.equals(HEADER);
  } finally {
    await handle.close();
  }
}

function primaryCode(failure: SqliteFailure): number {
  // eslint-disable-next-line no-bitwise
  return 'sqliteCode' in failure ? failure.sqliteCode & 255 : 0;
}

function explain(code: number, message: string, file: string, lockTimeoutSeconds: number): RunnerError {
  switch (code) {
    case SQLITE_BUSY: case SQLITE_PROTOCOL:
      return new RunnerError(
        `sqlite ${file} is in use: another process had it open, or locked, for ${lockTimeoutSeconds} s (${message}): stop the application first`,
        ExitCode.UNAVAILABLE,
      );
    case SQLITE_READONLY: case SQLITE_CANTOPEN:
      return new RunnerError(`sqlite ${file} can't be opened for writing (${message}): run the restore as the user of the application`, ExitCode.DENIED);
    default:
      return new RunnerError(`sqlite ${file} can't be locked: ${message}`, ExitCode.FAILED);
  }
}
