/*
 * What the child process of the SQLite source does. It is a text, run with `node --eval`, so that the runner stays one file.
 *
 * A process of its own, because SQLite's work blocks: the runner has to go on answering signals meanwhile. Nothing is compiled
 * or type-checked in here, so keep it short.
 */

/** The only argument, as JSON. */
export type SqliteTask = SqliteCopyTask | SqliteExamineTask | SqliteHoldTask;

export interface SqliteCopyTask {
  readonly kind: 'copy';
  readonly source: string;
  /** File to be made with the copy; `null` to look at the source only. */
  readonly copy: string | null;
  readonly lockTimeoutMs: number;
  /** Bytes that the copy may have, besides what is free on its disk; `null` for no limit. */
  readonly limitBytes: number | null;
}

/** To look at a file that nobody else has open. Makes no files beside it. */
export interface SqliteExamineTask {
  readonly kind: 'examine';
  readonly file: string;
  /** SQL that has to return true. */
  readonly assertions: readonly string[];
}

/** To keep everybody else out of a file until the process is killed, its write-ahead log put into it. */
export interface SqliteHoldTask {
  readonly kind: 'hold';
  readonly file: string;
  readonly lockTimeoutMs: number;
}

/** Output of a copy, as JSON. */
export interface SqliteResult {
  readonly sqliteVersion: string;
  readonly copied: SqliteExamination | null;
}

/** Output of an examination, as JSON; that of a hold is one line once it has the file. */
export interface SqliteExamination {
  /** What `integrity_check` said; `ok` alone is good. */
  readonly integrity: readonly string[];
  /** Rows by table, as far as they can be counted here. */
  readonly rows: { readonly [table: string]: number };
  readonly warnings: readonly string[];
  /** Assertions that did not return true, with what they returned instead, which may be of a row. */
  readonly failed: readonly { readonly sql: string; readonly value?: string | number | null; readonly error?: string }[];
}

/** The last line of its stderr if it failed, as JSON. */
export type SqliteFailure =
  | { readonly sqliteCode: number; readonly message: string }
  | { readonly neededBytes: number; readonly availableBytes: number };

export const SQLITE_CHILD = String.raw`
const { existsSync, realpathSync, statfsSync, statSync } = require('node:fs');
const { dirname } = require('node:path');
const { backup, DatabaseSync } = require('node:sqlite');
const { pathToFileURL } = require('node:url');

const SQLITE_ERROR = 1;
const SQLITE_BUSY = 5;
const SQLITE_PROTOCOL = 15; // somebody else was faster, again and again
const EVERYTHING_IN_ONE_STEP = 2147483647; // stepwise, every commit of somebody else starts the copy all over again

function main(task) {
  if (task.kind === 'examine') return examine(task.file, task.assertions);
  return task.kind === 'hold' ? hold(task) : copy(task);
}

async function copy(task) {
  const tidy = tidier(task.source);
  const source = new DatabaseSync(task.source, { readOnly: true });
  lock(source, Date.now() + task.lockTimeoutMs);
  if (task.copy !== null) {
    const needed = source.prepare('PRAGMA page_count').get().page_count * source.prepare('PRAGMA page_size').get().page_size;
    const disk = statfsSync(dirname(task.copy));
    const available = Math.min(disk.bavail * disk.bsize, task.limitBytes ?? Infinity);
    if (needed > available) throw { neededBytes: needed, availableBytes: available };
    await backup(source, task.copy, { rate: EVERYTHING_IN_ONE_STEP });
  }
  source.exec('ROLLBACK');
  source.close();
  tidy();
  return { sqliteVersion: process.versions.sqlite, copied: task.copy === null ? null : examine(task.copy, []) };
}

// In WAL mode this fails as long as anybody has the file open, in rollback-journal mode as long as anybody uses it. Nothing is
// closed in the end: closing would remove a write-ahead log by its name, which by then belongs to another file.
async function hold(task) {
  const database = new DatabaseSync(task.file);
  database.exec('PRAGMA locking_mode = EXCLUSIVE');
  patiently(Date.now() + task.lockTimeoutMs, () => database.exec('BEGIN EXCLUSIVE'));
  database.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)');
  // A runner that was killed must not leave the file locked.
  const parent = process.ppid;
  setInterval(() => database.isOpen && process.ppid === parent || process.kill(process.pid, 'SIGKILL'), 100);
  return 'held';
}

// Takes a read lock: from here on we see one state, and wait for nobody.
function lock(database, deadline) {
  database.exec('BEGIN');
  return patiently(deadline, () => database.prepare('SELECT count(*) FROM sqlite_schema').get());
}

// SQLite's own waiting looks again every 100 ms, and so misses for seconds the gaps of a
// millisecond that a busy writer leaves in rollback-journal mode.
function patiently(deadline, action) {
  const never = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    try {
      return action();
    } catch (error) {
      if (![SQLITE_BUSY, SQLITE_PROTOCOL].includes(error.errcode & 255) || Date.now() > deadline) throw error;
      Atomics.wait(never, 0, 0, 1 + 3 * Math.random());
    }
  }
}

// Reading a WAL database that nobody has open makes its -wal and -shm, as files of our user, which the application may then be
// unable to write. A connection that may write takes them away when it is the last one; SQLite itself knows whether it is.
function tidier(path) {
  const shm = realpathSync(path) + '-shm';
  const us = process.geteuid();
  const leftBefore = existsSync(shm) && statSync(shm).uid === us && statSync(path).uid !== us;
  const ours = !existsSync(shm) || leftBefore;
  return () => {
    if (!ours || !existsSync(shm)) return;
    try {
      const database = new DatabaseSync(new URL(pathToFileURL(path).href + '?mode=rw'));
      database.prepare('SELECT count(*) FROM sqlite_schema').get();
      database.close();
    } catch {} // not writable for us: nothing that a backup can do about
  };
}

function examine(file, assertions) {
  // Nobody else has it: no locks, and no -wal and -shm.
  const database = new DatabaseSync(new URL(pathToFileURL(file).href + '?immutable=1'), { readOnly: true });
  const warnings = [];
  const column = (sql, name) => database.prepare(sql).all().map(row => row[name]);

  let integrity;
  try {
    integrity = column('PRAGMA integrity_check', 'integrity_check');
  } catch (error) {
    if ((error.errcode & 255) !== SQLITE_ERROR) throw error;
    // An index needs a collation or function that only the application has: all that is not in that index can be checked.
    warnings.push('indexes could not be checked: ' + error.message);
    integrity = column('PRAGMA quick_check', 'quick_check');
  }

  try {
    const violations = database.prepare('SELECT count(*) AS n FROM pragma_foreign_key_check').get().n;
    if (violations > 0) warnings.push(violations + ' rows refer to rows that do not exist (PRAGMA foreign_key_check)');
  } catch (error) {
    warnings.push('foreign keys could not be checked: ' + error.message);
  }

  const rows = {};
  // The shadow tables of a virtual table hold its content in a form of its own. Unless its module is missing here: then they
  // are shown as tables like any other, and the virtual table can't be counted.
  const tables = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual') AND lower(substr(name, 1, 7)) <> 'sqlite_' ORDER BY name";
  for (const name of column(tables, 'name')) {
    try {
      rows[name] = database.prepare('SELECT count(*) AS n FROM main."' + name.replaceAll('"', '""') + '"').get().n;
    } catch (error) {
      if ((error.errcode & 255) !== SQLITE_ERROR) throw error;
      warnings.push('rows of ' + name + ' could not be counted: ' + error.message);
    }
  }

  const failed = [];
  for (const sql of assertions) {
    try {
      const [value] = Object.values(database.prepare(sql).get() ?? { nothing: null });
      if (value !== 1 && value !== 'true') failed.push({ sql, value: typeof value === 'bigint' ? Number(value) : value instanceof Uint8Array ? 'a blob' : value });
    } catch (error) {
      failed.push({ sql, error: error.message });
    }
  }
  database.close();
  return { integrity, rows, warnings, failed };
}

Promise.resolve(process.argv[1]).then(JSON.parse).then(main).then(
  result => process.stdout.write(JSON.stringify(result)),
  error => {
    const failure = error instanceof Error ? { sqliteCode: error.errcode ?? 0, message: error.message } : error;
    process.stderr.write(JSON.stringify(failure));
    process.exitCode = 1;
  },
);
`;
