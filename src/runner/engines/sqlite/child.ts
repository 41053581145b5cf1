/*
 * The child process that works on SQLite files: a process of its own, because SQLite's work blocks, and the runner has to go on answering signals
 * meanwhile.
 *
 * Its bundle lies beside that of the runner. From sources it is this file, as Node.js reads it when types are taken out: so it imports modules of
 * Node.js, and types.
 */
import { existsSync, realpathSync, statSync } from 'node:fs';
import { backup, DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import type { SqliteAnswer, SqliteCopy, SqliteCopyTask, SqliteExamination, SqliteExamineTask, SqliteFailure, SqliteHoldTask, SqliteQueryTask, SqliteTask } from './tasks';

const SQLITE_ERROR = 1;
const SQLITE_BUSY = 5;
/** Somebody else was faster, again and again. */
const SQLITE_PROTOCOL = 15;
/** Stepwise, every commit of somebody else starts the copy all over again. */
const EVERYTHING_IN_ONE_STEP = 2_147_483_647;
/** A runner that was killed must not leave a file locked. */
const LOOK_AT_PARENT_MS = 100;

/** A failure that is told as it is. */
class Failure extends Error {
  public readonly told: SqliteFailure;

  constructor(told: SqliteFailure) {
    super('it does not fit');
    this.told = told;
  }
}

function run(task: SqliteTask): unknown {
  switch (task.kind) {
    case 'copy': return copy(task);
    case 'examine': return examine(task);
    case 'hold': return hold(task);
    case 'query': return answer(task);
  }
}

async function copy(task: SqliteCopyTask): Promise<SqliteCopy> {
  const tidy = tidier(task.source);
  const source = new DatabaseSync(task.source, { readOnly: true });
  lock(source, performance.now() + task.lockTimeoutMs);
  if (task.copy !== null) {
    const neededBytes = numberOf(source, 'PRAGMA page_count') * numberOf(source, 'PRAGMA page_size');
    if (neededBytes > task.copy.roomBytes) throw new Failure({ neededBytes, availableBytes: task.copy.roomBytes });
    await backup(source, task.copy.file, { rate: EVERYTHING_IN_ONE_STEP });
  }
  source.exec('ROLLBACK');
  source.close();
  tidy();
  return { sqliteVersion: process.versions.sqlite!, copied: task.copy === null ? null : examine({ kind: 'examine', file: task.copy.file, assertions: [] }) };
}

/**
 * In WAL mode this fails as long as anybody has the file open, in rollback-journal mode as long as anybody uses it. Nothing is
 * closed in the end: closing would remove a write-ahead log by its name, which by then belongs to another file.
 */
function hold({ file, lockTimeoutMs }: SqliteHoldTask): string {
  const database = new DatabaseSync(file);
  database.exec('PRAGMA locking_mode = EXCLUSIVE');
  patiently(performance.now() + lockTimeoutMs, () => database.exec('BEGIN EXCLUSIVE'));
  database.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)');
  const parent = process.ppid;
  setInterval(() => {
    if (!database.isOpen || process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
  }, LOOK_AT_PARENT_MS);
  return 'held';
}

/** Takes a read lock: from here on we see one state, and wait for nobody. */
function lock(database: DatabaseSync, deadline: number): void {
  database.exec('BEGIN');
  patiently(deadline, () => database.prepare('SELECT count(*) FROM sqlite_schema').get());
}

/**
 * SQLite's own waiting looks again every 100 ms, and so misses for seconds the gaps of a
 * millisecond that a busy writer leaves in rollback-journal mode.
 */
function patiently(deadline: number, action: () => unknown): void {
  const never = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    try {
      action();
      return;
    } catch (error) {
      if (![SQLITE_BUSY, SQLITE_PROTOCOL].includes(primaryCode(error)) || performance.now() > deadline) throw error;
      Atomics.wait(never, 0, 0, 1 + 3 * Math.random());
    }
  }
}

/**
 * Reading a WAL database that nobody has open makes its -wal and -shm, as files of our user, which the application may then be
 * unable to write. A connection that may write takes them away when it is the last one; SQLite itself knows whether it is.
 */
function tidier(path: string): () => void {
  const shm = `${realpathSync(path)}-shm`;
  const us = process.geteuid!();
  const leftBefore = existsSync(shm) && statSync(shm).uid === us && statSync(path).uid !== us;
  const ours = !existsSync(shm) || leftBefore;
  return () => {
    if (!ours || !existsSync(shm)) return;
    try {
      const database = new DatabaseSync(new URL(`${pathToFileURL(path).href}?mode=rw`));
      database.prepare('SELECT count(*) FROM sqlite_schema').get();
      database.close();
    } catch {
      // Not writable for us: nothing that a backup can do about.
    }
  };
}

function examine({ file, assertions }: SqliteExamineTask): SqliteExamination {
  const database = openAlone(file);
  const warnings: string[] = [];

  let integrity: string[];
  try {
    integrity = textsOf(database, 'PRAGMA integrity_check', 'integrity_check');
  } catch (error) {
    if (primaryCode(error) !== SQLITE_ERROR) throw error;
    // An index needs a collation or function that only the application has: all that is not in that index can be checked.
    warnings.push(`indexes could not be checked: ${messageOf(error)}`);
    integrity = textsOf(database, 'PRAGMA quick_check', 'quick_check');
  }

  try {
    const violations = numberOf(database, 'SELECT count(*) FROM pragma_foreign_key_check');
    if (violations > 0) warnings.push(`${violations} rows refer to rows that do not exist (PRAGMA foreign_key_check)`);
  } catch (error) {
    warnings.push(`foreign keys could not be checked: ${messageOf(error)}`);
  }

  const rows: { [table: string]: number } = {};
  // The shadow tables of a virtual table hold its content in a form of its own. Unless its module is missing here: then they
  // are shown as tables like any other, and the virtual table can't be counted.
  const tables = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual') AND lower(substr(name, 1, 7)) <> 'sqlite_' ORDER BY name";
  for (const name of textsOf(database, tables, 'name')) {
    try {
      rows[name] = numberOf(database, `SELECT count(*) FROM main."${name.replaceAll('"', '""')}"`);
    } catch (error) {
      if (primaryCode(error) !== SQLITE_ERROR) throw error;
      warnings.push(`rows of ${name} could not be counted: ${messageOf(error)}`);
    }
  }

  const answers = assertions.map(sql => ({ sql, ...ask(database, sql) }));
  database.close();
  return { integrity, rows, warnings, failed: answers.filter(({ value }) => value !== 1 && value !== 'true') };
}

function answer({ file, queries }: SqliteQueryTask): SqliteAnswer[] {
  const database = openAlone(file);
  return queries.map(sql => ask(database, sql));
}

/** Nobody else has the file: no locks, and no -wal and -shm. */
function openAlone(file: string): DatabaseSync {
  return new DatabaseSync(new URL(`${pathToFileURL(file).href}?immutable=1`), { readOnly: true });
}

function ask(database: DatabaseSync, sql: string): SqliteAnswer {
  try {
    const value = Object.values(database.prepare(sql).get() ?? {})[0] ?? null;
    return { value: value instanceof Uint8Array ? 'a blob' : typeof value === 'bigint' ? Number(value) : value };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

function numberOf(database: DatabaseSync, sql: string): number {
  return Number(Object.values(database.prepare(sql).get()!)[0]);
}

function textsOf(database: DatabaseSync, sql: string, column: string): string[] {
  return database.prepare(sql).all().map(row => String(row[column]));
}

function primaryCode(error: unknown): number {
  // eslint-disable-next-line no-bitwise
  return codeOf(error) & 255;
}

/** The code that SQLite gave. */
function codeOf(error: unknown): number {
  return (error as { errcode?: number }).errcode ?? 0;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function main(): Promise<void> {
  try {
    process.stdout.write(JSON.stringify(await run(JSON.parse(process.argv[2]!) as SqliteTask)));
  } catch (error) {
    const failure: SqliteFailure = error instanceof Failure ? error.told : { sqliteCode: codeOf(error), message: messageOf(error) };
    process.stderr.write(JSON.stringify(failure));
    process.exitCode = 1;
  }
}

void main();
