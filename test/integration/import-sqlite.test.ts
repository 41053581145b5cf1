import { execFileSync } from 'node:child_process';
import { closeSync, copyFileSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { configOf, folder, sqlite } from './_configs';
import { flip, importFrom, sha256sum } from './_import';
import { filesIn, list, run, RunOptions, start } from './_runner';
import { restore, restoreOf } from './restore/_restore';
import { dump, killedWriter, SCHEMA, withDatabase } from './restore/_sqlite';
import { tempDir, until } from './servers/_process';
import { BackupConfig } from '../../src/contract/config';
import { BackupRecord } from '../../src/contract/record';
import { shellBlock } from '../pages';

/* Copies of a SQLite database that scripts have made with the program `sqlite3`, and with cp. */

interface Place {
  /** The database. */
  readonly live: string;
  /** The folder of the script. */
  readonly old: string;
  /** The store. */
  readonly directory: string;
  readonly config: BackupConfig;
  readonly options: RunOptions;
}

function place(mode: 'wal' | 'delete' = 'wal'): Place {
  const [home, old, directory] = [tempDir('app'), tempDir('old-copies'), tempDir('volume')];
  const live = path.join(home, 'app.db');
  withDatabase(live, `PRAGMA journal_mode = ${mode}; ${SCHEMA}`);
  const config = configOf({ name: 'notes', source: sqlite(live), stores: [folder(directory)] });
  return { live, old, directory, config, options: { config, env: {} } };
}

function copy({ live, old }: Place, file: string): string {
  const to = path.join(old, file);
  execFileSync('sqlite3', [live, `.backup '${to}'`]);
  return to;
}

test('copies by "sqlite3 .backup", compressed or not, are imported with the time of their names: listed, verified and restored', async () => {
  const at = place();
  const file = (name: string) => path.join(at.old, name);
  const before = dump(at.live);
  const first = copy(at, 'app_20260101_020000.db');
  sha256sum(at.old, 'app_20260101_020000.db', 'app_20260101_020000.sha256');
  execFileSync('sqlite3', [at.live, 'INSERT INTO customers VALUES (3, \'later\')']);
  const later = dump(at.live);
  const second = copy(at, 'notes-20260102-020000.sqlite3');
  execFileSync('gzip', ['--keep', second]);
  renameSync(`${second}.gz`, file('backup_20260103_020000.sqlite.gz'));
  sha256sum(at.old, 'backup_20260103_020000.sqlite.gz', 'backup_20260103_020000.sqlite.gz.sha256');
  execFileSync('zstd', ['--quiet', second, '-o', file('app_20260104_020000.db.zst')]);
  copyFileSync(first, file('app_20260105_020000.db'));
  copyFileSync(first, file('app_20260106.db'));
  copyFileSync(first, file('orders_20260107_020000.db'));
  writeFileSync(file('app_20260108_020000.db'), 'x'.repeat(5000));
  writeFileSync(file('app_20260109_020000.db'), '');
  withDatabase(file('app_20260110_020000.db'), 'PRAGMA user_version = 1');
  writeFileSync(file('app_20260111_020000.sql'), 'x');

  const planned = await importFrom(at.old, at.options, '--dry-run');
  expect(planned).toEqual({
    code: 11,
    files: {
      'app_20260101_020000.db': ['would-be-imported', 'notes_20260101_020000'],
      'notes-20260102-020000.sqlite3': ['would-be-imported', 'notes_20260102_020000'],
      'backup_20260103_020000.sqlite.gz': ['would-be-imported', 'notes_20260103_020000'],
      'app_20260104_020000.db.zst': ['would-be-imported', 'notes_20260104_020000'],
      'app_20260105_020000.db': ['would-be-imported', 'notes_20260105_020000'], // as on the first night, since nothing was written
      'app_20260106.db': ['not-taken', expect.stringContaining('its name has no time of day, and neither has the file')],
      'orders_20260107_020000.db': ['not-taken', 'its name begins with none of notes, app, backup'],
      'app_20260108_020000.db': ['failed', expect.stringMatching(/is no SQLite database, or is encrypted$/)],
      'app_20260109_020000.db': ['failed', expect.stringMatching(/is no SQLite database, or is encrypted$/)],
      'app_20260110_020000.db': ['would-be-imported', expect.stringContaining('there are no tables in it: it is suspect')],
      'app_20260111_020000.sql': ['not-taken', expect.stringContaining('it is SQL')],
    },
  });
  expect(filesIn(at.directory)).toEqual([]);

  expect((await importFrom(at.old, at.options)).code).toBe(11);
  const listed = await list(at.options);
  expect(listed.latest).toBe('notes_20260105_020000');
  expect(listed.backups.map(({ id, suspect }) => [id, suspect])).toEqual([
    ...['01', '02', '03', '04', '05'].map(day => [`notes_202601${day}_020000`, null]), ['notes_20260110_020000', 'there are no tables in it'],
  ]);
  const record = JSON.parse(readFileSync(path.join(at.directory, 'notes_20260103_020000.json'), 'utf8')) as BackupRecord;
  expect(record).toMatchObject({
    source: { engine: 'sqlite', serverVersion: expect.stringMatching(/^3\.\d+\.\d+$/), address: file('backup_20260103_020000.sqlite.gz'), database: null },
    artifacts: [{ file: 'notes_20260103_020000.db.zst', compression: { algorithm: 'zstd', where: 'outside' }, plainBytes: readFileSync(second).length }],
    imported: { checksumFile: 'backup_20260103_020000.sqlite.gz.sha256', sha256: execFileSync('sha256sum', [file('backup_20260103_020000.sqlite.gz')], { encoding: 'utf8' }).slice(0, 64) },
  });
  expect((await importFrom(at.old, at.options)).files['app_20260104_020000.db.zst']).toEqual(['already-there', 'there is a backup of that time']);
  expect(await run(['verify', '--all'], at.options)).toMatchObject({ code: 0 });

  const restoring = { ...at.options, config: restoreOf(at.config, { engine: 'sqlite', path: at.live, lockTimeoutSeconds: 1, keepPrevious: true, assertions: [] }) };
  for (const [id, content] of [['01', before], ['02', later], ['03', later], ['04', later]] as const) {
    expect(await restore(restoring, `notes_202601${id}_020000`)).toMatchObject({ code: 0 });
    expect(dump(at.live)).toBe(content);
  }
});

test.each(['wal', 'delete'] as const)('a copy that was made while a writer had it open, in mode %s, is refused with what to do: the commands of the page make it whole', async mode => {
  const at = place(mode);
  copy(at, 'app_20260103_020000.db');
  await killedWriter(at.live, mode);
  const part = mode === 'wal' ? '-wal' : '-journal';
  const name = 'app_20260101_020000.db';
  for (const suffix of ['', part]) copyFileSync(at.live + suffix, path.join(at.old, name + suffix));
  // A copy compressed as a whole has its other part beside it as well.
  writeFileSync(path.join(at.old, 'app_20260102_020000.db.gz'), gzipSync(readFileSync(at.live)));
  writeFileSync(path.join(at.old, `app_20260102_020000.db${part}.gz`), gzipSync(readFileSync(at.live + part)));
  // One that is empty holds nothing.
  writeFileSync(path.join(at.old, `app_20260103_020000.db${part}`), '');

  expect(await importFrom(at.old, at.options)).toEqual({
    code: 11,
    files: {
      [name]: ['failed', expect.stringMatching(new RegExp(`^${name}${part} beside it has writes that are not in it: .*sqlite3 COPY '\\.backup WHOLE'`))],
      [name + part]: ['not-taken', 'it belongs to the database beside it'],
      'app_20260102_020000.db.gz': ['failed', expect.stringContaining('has writes that are not in it')],
      [`app_20260102_020000.db${part}.gz`]: ['not-taken', 'it belongs to the database beside it'],
      'app_20260103_020000.db': ['imported', 'notes_20260103_020000'],
      [`app_20260103_020000.db${part}`]: ['not-taken', 'it belongs to the database beside it'],
    },
  });

  // As the page says it, of that night.
  const home = tempDir('laptop');
  mkdirSync(path.join(home, 'old-backups'));
  for (const suffix of ['', part]) copyFileSync(path.join(at.old, name + suffix), path.join(home, 'old-backups', `app_20261122_020000.db${suffix}`));
  execFileSync('bash', ['-ec', shellBlock('mkdir whole')], { cwd: home });
  expect((await importFrom(path.join(home, 'whole'), at.options)).files).toEqual({ 'app_20261122_020000.db': ['imported', 'notes_20261122_020000'] });
  const restored = path.join(home, 'restored.db');
  expect(await run(['restore', '--to', restored], at.options)).toMatchObject({ code: 0 });
  expect(dump(restored)).toBe(dump(at.live));
});

test('a copy that is cut short, flipped, or followed by something is refused, compressed or not, and nothing of it is stored', async () => {
  const at = place();
  const good = readFileSync(copy(at, 'app_20260101_020000.db'));
  const [gzip, zstd] = [gzipSync(good), zstdCompressSync(good, { params: { [constants.ZSTD_c_checksumFlag]: 1 } })]; // as the program has it
  const put = (name: string, bytes: Buffer) => writeFileSync(path.join(at.old, name), bytes);
  const stamp = (minute: number) => `app_20260102_02${String(minute).padStart(2, '0')}00`;
  put(`${stamp(1)}.db`, good.subarray(0, good.length - 4096));
  put(`${stamp(2)}.db`, good.subarray(0, good.length - 1));
  put(`${stamp(4)}.db`, Buffer.concat([good, Buffer.alloc(4096)]));
  put(`${stamp(3)}.db`, good);
  // The middle of a page of an index is keys in their order.
  const page = Number(execFileSync('sqlite3', [path.join(at.old, 'app_20260101_020000.db'), 'SELECT rootpage FROM sqlite_schema WHERE name = \'by_note\''], { encoding: 'utf8' }));
  const handle = openSync(path.join(at.old, `${stamp(3)}.db`), 'r+');
  writeSync(handle, Buffer.alloc(64, 0xff), 0, 64, (page - 1) * 4096 + 8);
  closeSync(handle);
  for (const [minute, ending, bytes] of [[10, 'gz', gzip], [20, 'zst', zstd]] as const) {
    put(`${stamp(minute)}.db.${ending}`, bytes.subarray(0, bytes.length - 1));
    put(`${stamp(minute + 1)}.db.${ending}`, bytes.subarray(0, bytes.length / 2));
    put(`${stamp(minute + 2)}.db.${ending}`, Buffer.concat([bytes, Buffer.from('y')]));
    put(`${stamp(minute + 3)}.db.${ending}`, Buffer.concat([bytes, Buffer.alloc(512)]));
    put(`${stamp(minute + 4)}.db.${ending}`, bytes);
    flip(path.join(at.old, `${stamp(minute + 4)}.db.${ending}`), length => Math.floor(length / 2));
    put(`${stamp(minute + 5)}.db.${ending}`, bytes);
    put(`${stamp(minute + 5)}.db.${ending}.sha256`, Buffer.from(`${'0'.repeat(64)}  ${stamp(minute + 5)}.db.${ending}\n`));
  }
  put('app_20260103_020000.db.gz', gzipSync(gzip)); // twice

  const { code, files } = await importFrom(at.old, at.options);
  expect(code).toBe(11);
  expect(files['app_20260101_020000.db']).toEqual(['imported', 'notes_20260101_020000']);
  delete files['app_20260101_020000.db'];
  expect(Object.entries(files).filter(([, [outcome]]) => outcome !== 'failed')).toEqual([]);
  expect(Object.keys(files)).toHaveLength(17);
  const reasons = (minute: number) => Object.entries(files).find(([file]) => file.startsWith(stamp(minute)))![1][1];
  for (const minute of [1, 2, 4]) expect(reasons(minute)).toMatch(new RegExp(`^it has \\d+ bytes, and its head says ${good.length}: it is cut short`));
  expect(reasons(3)).toMatch(/^it (can't be read as a SQLite database|is corrupt)/);
  for (const minute of [10, 11, 14, 20, 21, 24]) expect(reasons(minute)).toMatch(/^it can't be decompressed \(.+\): it is cut short or damaged$/);
  for (const minute of [12, 13, 22, 23]) expect(reasons(minute)).toMatch(/can't be decompressed|something follows its (gzip|zstd) data/);
  for (const minute of [15, 25]) expect(reasons(minute)).toMatch(/^it has the SHA-256 [0-9a-f]{64}, and .+\.sha256 says 0{64}$/);
  expect(readdirSync(at.directory).filter(file => !file.startsWith('notes_20260101_020000'))).toEqual([]);
});

test('an import that is killed leaves only whole backups listed, and a repeat goes on with it', async () => {
  const at = place();
  copy(at, 'app.whole');
  for (let day = 10; day < 18; day++) {
    withDatabase(path.join(at.old, 'app.whole'), `INSERT INTO customers VALUES (${day}, 'day ${day}')`);
    writeFileSync(path.join(at.old, `app_202601${day}_020000.db.gz`), gzipSync(readFileSync(path.join(at.old, 'app.whole'))));
  }
  const running = start(['import', '--from', at.old], at.options);
  await until('the first backup is there', 60_000, () => Promise.resolve(existsSync(path.join(at.directory, 'notes_20260110_020000.json'))));
  running.process.kill('SIGKILL');
  expect((await running.ended).code).toBe(137);

  const { backups } = await list(at.options);
  expect(backups.length).toBeGreaterThanOrEqual(1);
  expect(backups.length).toBeLessThan(8);
  expect(await run(['verify', '--all'], at.options)).toMatchObject({ code: 0 });
  expect((await importFrom(at.old, at.options)).code).toBe(0);
  expect((await list(at.options)).backups).toHaveLength(8);
  expect(await run(['verify', '--all'], at.options)).toMatchObject({ code: 0 });
});

test('a few bytes that decompress to more than the scratch directory has room for are refused before any of it is written', async () => {
  const at = place();
  const large = copy(at, 'app.whole');
  withDatabase(large, 'CREATE TABLE zeros AS SELECT zeroblob(60000000)');
  writeFileSync(path.join(at.old, 'app_20260101_020000.db.gz'), gzipSync(readFileSync(large)));
  const options = { ...at.options, config: { ...at.config, scratch: { ...at.config.scratch, limitBytes: 16 * 1024 * 1024 } } };
  const { code, files } = await importFrom(at.old, options);
  expect([code, files['app_20260101_020000.db.gz']]).toEqual([1, ['failed', expect.stringMatching(/^nobody can tell here whether it is whole: .* has no room for a copy of \d\d\.\d MB/)]]);
  expect(filesIn(at.directory)).toEqual([]);
});
