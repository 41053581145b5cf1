import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { ExitCode } from '../../../../src/contract/exit-code';
import { openSource } from '../../../../src/runner/engines/open';
import { failureOf, NO_ABORT, NONE, takeAll, takeFirst } from '../_dump';

jest.setTimeout(60_000);

const root = mkdtempSync(join(tmpdir(), 'sqlite-source-'));
let count = 0;
let path: string;
let scratch: string;

beforeEach(() => {
  const directory = join(root, String(++count));
  path = join(directory, 'app.db');
  scratch = join(directory, 'scratch');
  mkdirSync(scratch, { recursive: true });
});

afterEach(() => expect(readdirSync(scratch)).toEqual([]));
afterAll(() => rmSync(root, { recursive: true }));

describe('a copy', () => {
  test('is the database page for page, with exact counts', async () => {
    make('create table t(x); insert into t values (1), (2); create table "odd ""name"""(x); create view v as select 1; create index i on t(x)');
    const { inspection, dumps: [taken] } = await takeAll(source());
    expect(inspection).toMatchObject({
      source: { engine: 'sqlite', serverVersion: process.versions.sqlite, address: path, database: null },
      dumps: [{ role: 'data', part: null, extension: 'db', database: null, compressedInside: null, expectedBytes: statSync(path).size }],
    });
    expect(taken).toMatchObject({
      counts: { precision: 'exact', unit: 'rows', items: { 't': 2, 'odd "name"': 0 } },
      empty: false,
      warnings: [],
    });
    // The first page begins with a header that counts changes.
    expect(taken!.bytes.subarray(100).equals(readFileSync(path).subarray(100))).toBe(true);
  });

  test('counts virtual tables, and not what they are made of', async () => {
    make('create virtual table notes using fts5(text); insert into notes values (\'one\'), (\'two\'); create table a(x integer primary key autoincrement)');
    expect((await takeFirst(source())).counts!.items).toEqual({ a: 0, notes: 2 });
  });

  test('without rows is empty', async () => {
    make('create table t(x)');
    expect(await takeFirst(source())).toMatchObject({ empty: true });
    writeFileSync(path, '');
    expect(await takeFirst(source())).toMatchObject({ empty: true, counts: { items: {} } });
  });

  test('has committed rows that are in an idle write-ahead log only', async () => {
    const writer = new DatabaseSync(path);
    writer.exec('pragma journal_mode = wal; pragma wal_autocheckpoint = 0; create table t(x); insert into t values (1), (2), (3)');
    const { counts, bytes } = await takeFirst(source());
    expect(counts!.items).toEqual({ t: 3 });
    expect(rowsIn(bytes)).toBe(3);
    writer.close();
  });

  test('of a WAL database that nobody has open leaves no files beside it', async () => {
    make('pragma journal_mode = wal; create table t(x); insert into t values (1)');
    const before = readFileSync(path);
    await takeAll(source());
    expect(readdirSync(join(path, '..')).sort()).toEqual(['app.db', 'scratch']);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test.each(['wal', 'delete'])('ends under a writer that never pauses, in journal mode %s', async mode => {
    make(`pragma journal_mode = ${mode}; create table t(id integer primary key, x); create table log(id integer primary key)`);
    const writer = await startWriter();
    try {
      for (let round = 0; round < 3; round++) {
        const { bytes, counts } = await takeFirst(source({ lockTimeoutSeconds: 60 }));
        // Each transaction writes one row into both tables: a copy that is not of one moment would tell.
        expect(counts!.items.t).toBeGreaterThan(0);
        expect(counts!.items.t).toBe(counts!.items.log);
        expect(rowsIn(bytes)).toBe(counts!.items.t);
      }
      expect(writer.exitCode).toBeNull();
    } finally {
      writer.kill('SIGKILL');
      await once(writer, 'exit');
    }
  });

  test('of a database with broken references is taken, with a warning', async () => {
    make('pragma foreign_keys = off; create table a(id integer primary key); create table b(a references a); insert into b values (1), (2)');
    expect((await takeFirst(source())).warnings).toEqual(['2 rows refer to rows that do not exist (PRAGMA foreign_key_check)']);
  });
});

describe('fails', () => {
  test('on a missing file, and does not make it', async () => {
    const error = await failureOf(source().inspect(NONE, NO_ABORT));
    expect(error).toMatchObject({ exitCode: ExitCode.NOT_FOUND });
    expect(error.message).toBe(`sqlite ${path} does not exist: check the path, and that its volume is mounted`);
    expect(existsSync(path)).toBe(false);
  });

  test('on a directory', async () => {
    mkdirSync(path);
    await expect(source().inspect(NONE, NO_ABORT)).rejects.toMatchObject({ exitCode: ExitCode.BAD_CONFIG });
  });

  test('on a file that is no database', async () => {
    writeFileSync(path, 'x'.repeat(10_000));
    const error = await failureOf(source().inspect(NONE, NO_ABORT));
    expect(error).toMatchObject({ exitCode: ExitCode.CORRUPT });
    expect(error.message).toContain('is not a SQLite database, or is encrypted');
  });

  test('on a corrupt database', async () => {
    make('create table t(x); insert into t select hex(randomblob(500)) from generate_series(1, 500); create index i on t(x)');
    const bytes = readFileSync(path);
    bytes.fill(0x55, 4096 * 50, 4096 * 60);
    writeFileSync(path, bytes);
    const error = await failureOf(takeFirst(source()));
    expect(error).toMatchObject({ exitCode: ExitCode.CORRUPT });
    expect(error.message).toMatch(/is corrupt.*Nothing was stored/s);
  });

  test('on a database that stays locked', async () => {
    make('create table t(x)');
    const holder = new DatabaseSync(path);
    holder.exec('begin exclusive');
    const error = await failureOf(source({ lockTimeoutSeconds: 0.2 }).inspect(NONE, NO_ABORT));
    expect(error).toMatchObject({ exitCode: ExitCode.UNAVAILABLE });
    expect(error.message).toContain('stayed locked for 0.2 s');
    holder.close();
  });

  test('on one that a killed writer left in the middle of a transaction, with an advice that helps whoever may write it already', async () => {
    const script = `const d = new (require('node:sqlite').DatabaseSync)(process.argv[1]);
      d.exec("PRAGMA journal_mode = DELETE; CREATE TABLE t (x); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO t SELECT hex(randomblob(50)) FROM n; PRAGMA cache_size = 2; BEGIN; UPDATE t SET x = 'half'");
      process.kill(process.pid, 'SIGKILL');`;
    await once(spawn(process.execPath, ['--eval', script, path], { stdio: 'ignore' }), 'exit');
    expect(existsSync(`${path}-journal`)).toBe(true);
    const failure = await failureOf(takeAll(source()));
    expect(failure).toMatchObject({ exitCode: ExitCode.DENIED, message: expect.stringContaining('was left in the middle of a transaction by a program that was killed') });
    expect(String(failure)).toContain(`run "sqlite3 ${path} 'PRAGMA schema_version'" as its owner. A backup only reads`);
    const database = new DatabaseSync(path); // what the advice does
    database.prepare('PRAGMA schema_version').get();
    database.close();
    expect((await takeAll(source())).dumps).toMatchObject([{ counts: { items: { t: 5000 } } }]);
  });

  test('without room for the copy, before it begins', async () => {
    make('create table t(x); insert into t values (zeroblob(100000))');
    const error = await failureOf(takeFirst(source({}, 50_000)));
    expect(error).toMatchObject({ exitCode: ExitCode.NO_SPACE });
    expect(error.message).toContain(`it needs ${statSync(path).size} bytes, ${scratch} has 50000`);
  });

  test('without a scratch directory', async () => {
    make('create table t(x)');
    const missing = openSource({ engine: 'sqlite', path, lockTimeoutSeconds: 1 }, {}, { directory: join(scratch, 'missing'), limitBytes: null });
    await expect(takeFirst(missing)).rejects.toMatchObject({ exitCode: ExitCode.BAD_CONFIG });
  });

  test('without the right to read', async () => {
    make('create table t(x)');
    chmodSync(path, 0o000);
    await asNobody(async () => {
      const error = await failureOf(source().inspect(NONE, NO_ABORT));
      expect(error).toMatchObject({ exitCode: ExitCode.DENIED });
      expect(error.message).toContain('run the backup as a user that may read the file');
    });
  });
});

describe('an abort', () => {
  test('during the copy stops it and leaves nothing', async () => {
    make('create table t(x); insert into t select randomblob(100000) from generate_series(1, 2000)');
    const abort = new AbortController();
    const { dumps: [dump] } = await source().inspect(NONE, NO_ABORT);
    const opening = dump!.open(abort.signal);
    opening.catch(() => {});
    while (!readdirSync(scratch).some(name => readdirSync(join(scratch, name)).length > 0)) await sleep(5);
    abort.abort(new Error('stop'));
    await expect(opening).rejects.toThrow('stop');
    expect(readdirSync(scratch)).toEqual([]);
  });

  test('during the stream fails it', async () => {
    make('create table t(x); insert into t select randomblob(100000) from generate_series(1, 20)');
    const abort = new AbortController();
    const { dumps: [dump] } = await source().inspect(NONE, NO_ABORT);
    const { stream } = await dump!.open(abort.signal);
    abort.abort(new Error('stop'));
    await expect(stream.toArray()).rejects.toThrow('stop');
  });

  test('before anything fails at once', async () => {
    make('create table t(x)');
    await expect(source().inspect(NONE, AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop');
  });
});

function source(options: { lockTimeoutSeconds?: number } = {}, limitBytes: number | null = null) {
  return openSource({ engine: 'sqlite', path, lockTimeoutSeconds: 5, ...options }, {}, { directory: scratch, limitBytes });
}

function make(sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql.replaceAll(/generate_series\((\d+), (\d+)\)/g, '(with recursive n(i) as (select $1 union all select i + 1 from n where i < $2) select i from n)'));
  database.close();
}

function rowsIn(bytes: Buffer): number {
  const file = join(root, `${++count}.db`);
  writeFileSync(file, bytes);
  const database = new DatabaseSync(file);
  const { n } = database.prepare('select count(*) as n from t').get() as { n: number };
  expect(database.prepare('pragma integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
  database.close();
  return n;
}

/** A process that commits one transaction after the other, and is at it when this returns. */
async function startWriter() {
  const script = `
    const { DatabaseSync } = require('node:sqlite');
    const database = new DatabaseSync(process.argv[1], { timeout: 60000 });
    for (let i = 1; ; i++) {
      database.exec('begin immediate; insert into t(x) values (randomblob(2000)); insert into log values (null); commit');
      if (i === 50) console.log('writing');
    }`;
  const writer = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '-e', script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(writer.stdout, 'data');
  return writer;
}

/** Root may read everything, so as root the rights of nobody are taken on meanwhile. */
async function asNobody(action: () => Promise<void>): Promise<void> {
  const isRoot = process.geteuid!() === 0;
  if (isRoot) {
    chmodSync(root, 0o755);
    process.setegid!('nogroup');
    process.seteuid!('nobody');
  }
  try {
    await action();
  } finally {
    if (isRoot) {
      process.seteuid!(0);
      process.setegid!(0);
    }
  }
}
