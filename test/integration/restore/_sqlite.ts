import { ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SqliteTargetConfig } from '../../../src/contract/config';
import { configOf, folder, sqlite } from '../_configs';
import { backup, filesIn, RunOptions } from '../_runner';
import { restoreOf } from './_restore';
import { tempDir } from '../servers/_process';

export const SCHEMA = `
  CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
  CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customers (id), note TEXT, blob BLOB);
  CREATE INDEX by_note ON orders (note);
  CREATE VIEW big AS SELECT * FROM orders WHERE id > 100;
  INSERT INTO customers VALUES (1, 'Žluťoučký'), (2, 'O''Neill');
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO orders SELECT i, 1 + i % 2, hex(randomblob(50)), randomblob(20) FROM n;
  PRAGMA user_version = 7;`;
export const DAMAGE = 'PRAGMA foreign_keys = OFF; UPDATE orders SET note = \'corrupted\'; DELETE FROM customers; ALTER TABLE orders ADD COLUMN added_after_the_backup TEXT; PRAGMA user_version = 8';

export interface BackedUp {
  readonly file: string;
  readonly id: string;
  readonly directory: string;
  /** As SQL, as it was backed up. */
  readonly content: string;
  restoring(changes?: Partial<SqliteTargetConfig>): RunOptions;
}

export async function backUp(journalMode: 'wal' | 'delete', home = tempDir('sqlite-restore'), more = ''): Promise<BackedUp> {
  const file = path.join(home, 'app.db');
  withDatabase(file, `PRAGMA journal_mode = ${journalMode}; ${SCHEMA}; ${more}`);
  const directory = tempDir('volume');
  const config = configOf({ source: sqlite(file), stores: [folder(directory)] });
  const { id } = await backup({ config });
  return {
    file,
    id,
    directory,
    content: dump(file),
    restoring: changes => ({ config: restoreOf(config, { engine: 'sqlite', path: file, lockTimeoutSeconds: 1, keepPrevious: true, assertions: [], ...changes }) }),
  };
}

export function withDatabase(file: string, sql: string): void {
  const database = new DatabaseSync(file);
  database.exec(sql);
  database.close();
}

export function dump(file: string): string {
  return execFileSync('sqlite3', [file, '.dump', 'PRAGMA user_version', 'PRAGMA integrity_check'], { encoding: 'utf8', maxBuffer: 2 ** 30 });
}

export function keptIn(file: string): string[] {
  return filesIn(path.dirname(file)).filter(name => name.includes('.before_'));
}

export function editRecord(directory: string, id: string, from: string | RegExp, to: string): void {
  const file = path.join(directory, `${id}.json`);
  const text = readFileSync(file, 'utf8');
  const changed = text.replace(from, to);
  if (changed === text) throw new Error(`no ${from} in ${text}`);
  writeFileSync(file, changed);
}

/** Commits rows that stay in the write-ahead log, or begins a transaction that stays in the journal, and is killed. */
export async function killedWriter(file: string, mode: 'wal' | 'delete'): Promise<void> {
  const child = await startUser(file, mode === 'wal'
    ? 'PRAGMA wal_autocheckpoint = 0; UPDATE orders SET note = \'written and not checkpointed\''
    : 'PRAGMA cache_size = 5; PRAGMA cache_spill = 1; BEGIN; UPDATE orders SET note = \'never committed\', blob = randomblob(500)');
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** A process that has run this and keeps the database open. */
export async function startUser(file: string, sql: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--eval', `
    const { DatabaseSync } = require('node:sqlite');
    const database = new DatabaseSync(${JSON.stringify(file)});
    database.exec(${JSON.stringify(sql)});
    console.log('done');
    setInterval(() => database.isOpen, 1000);`], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

export function succeeds(action: () => void): boolean {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}
