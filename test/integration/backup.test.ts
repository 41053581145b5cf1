import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { configOf, folder, postgres, redis, sqlite } from './_configs';
import { backup, filesIn, list, run, RunOptions } from './_runner';
import { startExporter } from './exporter/_exporter';
import { exported } from './exporter/_stores';
import { restoreOptions } from './restore/_postgres';
import { tempDir } from './servers/_process';
import { s3Store } from './servers/_s3';
import { clientPath, PostgresServer, startPostgres } from './servers/postgres';
import { Radosgw, startRadosgw } from './servers/radosgw';
import { RedisServer, startRedis } from './servers/redis';

let s3: Radosgw;
let pg: PostgresServer;
let cache: RedisServer;
let sqliteFile: string;

beforeAll(async () => {
  [s3, pg, cache] = await Promise.all([startRadosgw(), startPostgres({ major: 17 }), startRedis({ password: 'red-secret', aof: true })]);
  await pg.psql('CREATE DATABASE shop');
  await pg.psql('CREATE TABLE orders AS SELECT i AS id, md5(i::text) AS note FROM generate_series(1, 50000) i; ANALYZE', 'shop');
  await cache.cli(['DEBUG', 'POPULATE', '20000']);
  sqliteFile = path.join(tempDir('sqlite'), 'shop.db');
  const database = new DatabaseSync(sqliteFile);
  database.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (x); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO t SELECT i FROM n');
  // Stays open, so that committed rows are in the write-ahead log only.
});

afterAll(async () => {
  await Promise.all([s3?.stop(), pg?.stop(), cache?.stop()]);
});

/** Both kinds of stores at once, new and empty. */
async function stores(name: string) {
  const directory = tempDir('volume');
  const bucket = `${name}-${Date.now()}`;
  await s3.makeBucket(bucket);
  const { config, env } = s3Store(s3, bucket);
  return { stores: [config, folder(directory)], env, directory };
}

const engines: [string, () => Pick<Parameters<typeof configOf>[0], 'source'> & { env: NodeJS.ProcessEnv }, (file: string) => string, string][] = [
  [
    'postgres',
    () => ({ source: postgres(pg, 'shop'), env: { POSTGRES_PASSWORD: pg.password } }),
    file => execFileSync('pg_restore', ['--list', file], { encoding: 'utf8', env: { PATH: clientPath(17) } }),
    'TABLE DATA public orders',
  ],
  [
    'redis',
    () => ({ source: redis(cache, { passwordEnv: 'REDIS_PASSWORD' }), env: { REDIS_PASSWORD: 'red-secret' } }),
    file => execFileSync('redis-check-rdb', [decompressed(file)], { encoding: 'utf8' }),
    'RDB looks OK',
  ],
  [
    'sqlite',
    () => ({ source: sqlite(sqliteFile), env: {} }),
    file => execFileSync('sqlite3', [decompressed(file), 'PRAGMA integrity_check; SELECT count(*) FROM t'], { encoding: 'utf8' }),
    'ok\n5000',
  ],
];

function decompressed(file: string): string {
  const plain = file.replace(/\.zst$/, '');
  execFileSync('zstd', ['-dqf', file, '-o', plain]);
  return plain;
}

test.each(engines)('%s: dumped once into S3 and onto a volume, listed, verified, fetched, and accepted by stock tools', async (name, source, check, expected) => {
  const place = await stores(name);
  const { env: secrets, ...rest } = source();
  const options: RunOptions = { config: configOf({ name, ...rest, stores: place.stores }), env: { ...place.env, ...secrets } };

  const { id, artifacts } = await backup(options);
  const [data] = artifacts.filter(({ file }) => !file.includes('globals'));
  expect(id).toMatch(new RegExp(`^${name}_\\d{8}_\\d{6}$`));

  const listed = await list(options);
  expect(listed).toMatchObject({ latest: id, backups: [{ id, suspect: null, usable: true, copies: { offsite: 'ok', volume: 'ok' }, stores: ['offsite', 'volume'] }] });
  expect(filesIn(place.directory)).toEqual([...artifacts.map(({ file }) => file), `${id}.json`, `${id}.sha256`].sort());

  const verified = await run(['verify', '--json'], options);
  expect(JSON.parse(verified.stdout)).toEqual([{ id, store: 'offsite', result: 'ok' }, { id, store: 'volume', result: 'ok' }]);
  expect(verified.code).toBe(0);

  const laptop = tempDir('laptop');
  expect(await run(['fetch', 'latest', '--to', laptop, '--from', 'offsite'], options)).toMatchObject({ code: 0 });
  for (const directory of [laptop, place.directory]) {
    execFileSync('sha256sum', ['--check', '--strict', `${id}.sha256`], { cwd: directory });
  }
  expect(readFileSync(path.join(laptop, data!.file)).equals(readFileSync(path.join(place.directory, data!.file)))).toBe(true);
  expect(check(path.join(laptop, data!.file))).toContain(expected);
});

test('the record tells what was backed up, how, and how much', async () => {
  const place = await stores('record');
  const options: RunOptions = {
    config: configOf({ name: 'shop', source: postgres(pg, 'shop'), stores: place.stores }),
    env: { ...place.env, POSTGRES_PASSWORD: pg.password },
  };
  const { id } = await backup(options);
  const record = JSON.parse(readFileSync(path.join(place.directory, `${id}.json`), 'utf8'));
  expect(record).toMatchObject({
    version: 1,
    id,
    name: 'shop',
    source: { engine: 'postgres', serverVersion: expect.stringMatching(/^17\./), address: `${pg.host}:${pg.port}`, database: 'shop' },
    tools: { 'cdk8s-backup': expect.any(String), 'pg_dump': expect.stringMatching(/^17\./) },
    stores: ['offsite', 'volume'],
    suspect: null,
  });
  const data = record.artifacts.find(({ role }: { role: string }) => role === 'data');
  expect(data).toMatchObject({
    file: `${id}.dump`,
    compression: { algorithm: 'zstd', level: 1, where: 'inside' },
    counts: { precision: 'estimate', unit: 'rows', items: { 'public.orders': 50_000 } },
  });
  expect(data.bytes).toBeGreaterThan(100_000);
  const globals = record.artifacts.find(({ role }: { role: string }) => role === 'globals');
  expect(globals).toMatchObject({ file: `${id}.globals.sql.zst`, plainBytes: expect.any(Number) });
});

test('what pg_dump warns of and leaves out, and a database that accepts no connections, is told by the log, the record, list, show, the status page and the plan of a restore', async () => {
  await pg.psql('CREATE ROLE keeper LOGIN PASSWORD \'k\'; GRANT pg_read_all_data TO keeper');
  await pg.psql('CREATE DATABASE feeds');
  await pg.psql('CREATE TABLE t AS SELECT 1 AS id; CREATE SUBSCRIPTION news CONNECTION \'host=nowhere password=planted-secret\' PUBLICATION p WITH (connect = false)', 'feeds');
  for (const name of ['closed', 'closed_before_20260101_000000']) {
    await pg.psql(`CREATE DATABASE ${name}`);
    await pg.psql(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
  }
  const directory = tempDir('volume');
  const backupConfig = configOf({ name: 'all', source: postgres(pg, null, { user: 'keeper', globals: false }), stores: [folder(directory)] });
  const options: RunOptions = { config: backupConfig, env: { POSTGRES_PASSWORD: 'k' } };
  const left = expect.stringContaining('the database closed accepts no connections and is not in the backup: ALTER DATABASE "closed" ALLOW_CONNECTIONS true');
  const warned = expect.stringMatching(/^pg_dump of database feeds on \S+: subscriptions not dumped because current user is not a superuser$/);
  const ended = await run(['backup'], options);
  expect(ended.code).toBe(0);
  const warnings = ended.events.filter(({ level }) => level === 'warn').map(({ message }) => message);
  expect(warnings).toEqual([left, warned]);

  const listed = await list(options);
  const { id, warnings: recorded } = listed.backups[0] as unknown as { id: string; warnings: string[] };
  expect(recorded).toEqual([left, warned]);
  expect((await run(['list'], options)).stdout).toContain('ok, 2 warnings: "cdk8s-backup show" has them (latest)');
  const shown = (await run(['show', id], options)).stdout;
  for (const warning of recorded) expect(shown).toContain(`Warning    ${warning}`);
  const site = { server: pg, database: 'feeds', directory, id, backupConfig, env: { POSTGRES_PASSWORD: pg.password } };
  const plan = await run(['restore', id, '--dry-run'], restoreOptions(site));
  expect(JSON.parse(plan.stdout).notes).toEqual(expect.arrayContaining(recorded.map(warning => `when the backup was taken: ${warning}`)));
  const exporter = await startExporter([exported('all', [folder(directory)])]);
  try {
    expect(await exporter.get('/backups/all')).toContain('subscriptions not dumped because current user is not a superuser');
    expect(JSON.parse(await exporter.get('/api/backups'))).toMatchObject({ backups: [{ backups: [{ id, warnings: recorded }] }] });
  } finally {
    await exporter.stop();
  }
  expect(ended.stdout + ended.stderr + shown + plan.stdout + readFileSync(path.join(directory, `${id}.json`), 'utf8')).not.toContain('planted-secret');
});

test('a database that shrank or is empty is kept as suspect, with its own exit code, and the one before stays the latest', async () => {
  const place = await stores('shrink');
  const directory = tempDir('sqlite');
  const database = new DatabaseSync(path.join(directory, 'a.db'));
  database.exec('CREATE TABLE t (x); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO t SELECT hex(randomblob(20)) FROM n');
  const options: RunOptions = { config: configOf({ source: sqlite(path.join(directory, 'a.db')), stores: place.stores }), env: place.env };

  const good = await backup(options);
  database.exec('DELETE FROM t WHERE rowid > 100; VACUUM');
  const shrunk = await run(['backup'], options);
  expect(shrunk.code).toBe(13);
  expect(shrunk.result.suspect).toMatch(/^it has .* % of the .* of app_.*; the limit is 50 %$/);
  database.exec('DELETE FROM t; VACUUM');
  const empty = await run(['backup'], options);
  expect(empty).toMatchObject({ code: 13, result: { suspect: 'the source is empty: there is no row or key in it' } });
  expect(empty.message).toContain(`run "cdk8s-backup accept ${empty.result.id}"`);
  expect(await list(options)).toMatchObject({ latest: good.id, backups: [{ id: good.id }, { id: shrunk.result.id }, { id: empty.result.id }] });

  expect(await run(['accept', shrunk.result.id], options)).toMatchObject({ code: 0 });
  expect(await list(options)).toMatchObject({ latest: shrunk.result.id });
  const accepted = await run(['backup', '--accept-smaller'], options);
  expect(accepted).toMatchObject({ code: 0, result: { suspect: null } });
});

test('a SQLite backup is restored into a new file, and never over an existing one', async () => {
  const place = await stores('restore');
  const options: RunOptions = { config: configOf({ source: sqlite(sqliteFile), stores: place.stores }), env: place.env };
  await backup(options);
  const target = path.join(tempDir('restored'), 'shop.db');

  expect(await run(['restore', '--to', target], options)).toMatchObject({ code: 0 });
  expect(filesIn(path.dirname(target))).toEqual(['shop.db']);
  const rows = new DatabaseSync(target, { readOnly: true }).prepare('SELECT count(*) AS n, sum(x) AS total FROM t').get();
  expect(rows).toEqual({ n: 5000, total: 12_502_500 });

  const before = readFileSync(target);
  const again = await run(['restore', '--to', target], options);
  expect(again).toMatchObject({ code: 2, message: expect.stringContaining('exists and is not overwritten') });
  expect(readFileSync(target).equals(before)).toBe(true);
});

test('fetch leaves what is there alone: it verifies it, and refuses another file of that name', async () => {
  const directory = tempDir('volume');
  const options: RunOptions = { config: configOf({ source: sqlite(sqliteFile), stores: [folder(directory)] }) };
  const { artifacts: [artifact] } = await backup(options);
  const laptop = tempDir('laptop');
  await run(['fetch', '--to', laptop], options);
  expect(await run(['fetch', '--to', laptop], options)).toMatchObject({ code: 0 });

  appendFileSync(path.join(laptop, artifact!.file), 'x');
  const before = readFileSync(path.join(laptop, artifact!.file));
  const refused = await run(['fetch', '--to', laptop], options);
  expect(refused).toMatchObject({ code: 2, message: expect.stringContaining('move it away and fetch again') });
  expect(readFileSync(path.join(laptop, artifact!.file)).equals(before)).toBe(true);
});

test('a damaged copy is named by verify, and fetch takes the good one of the next store', async () => {
  const place = await stores('damaged');
  const options: RunOptions = {
    config: configOf({ source: sqlite(sqliteFile), stores: [...place.stores].reverse() }), // the volume first
    env: place.env,
  };
  const { id, artifacts: [artifact] } = await backup(options);
  const file = path.join(place.directory, artifact!.file);
  const bytes = readFileSync(file);
  const middle = Math.floor(bytes.length / 2);
  bytes[middle] = 255 - bytes[middle]!;
  writeFileSync(file, bytes);

  const verified = await run(['verify', '--json'], options);
  expect(verified.code).toBe(11);
  expect(JSON.parse(verified.stdout)).toEqual([
    { id, store: 'volume', result: expect.stringMatching(/is damaged: it has \d+ bytes with SHA-256/) },
    { id, store: 'offsite', result: 'ok' },
  ]);
  const laptop = tempDir('laptop');
  expect(await run(['fetch', '--to', laptop], options)).toMatchObject({ code: 0 });
  execFileSync('sha256sum', ['--check', '--strict', `${id}.sha256`], { cwd: laptop });
  expect(await run(['fetch', '--to', tempDir('laptop'), '--from', 'volume'], options)).toMatchObject({ code: 11, message: expect.stringContaining('that could serve was found damaged') });
  // Where it is named, it is read once more.
  expect(await run(['fetch', id, '--to', tempDir('laptop'), '--from', 'volume'], options)).toMatchObject({ code: 11, message: expect.stringContaining('no store has a good copy') });

  writeFileSync(file, bytes.subarray(0, -1));
  expect(JSON.parse((await run(['verify', '--json'], options)).stdout)[0].result).toMatch(/has \d+ bytes instead of \d+/);
  expect((await list(options)).latest).toBe(id); // the other copy is whole
});

test('output is in JSON lines, the last one with artifact, size, duration, digest and stores', async () => {
  const directory = tempDir('volume');
  mkdirSync(path.join(directory, 'below'));
  const ended = await run(['backup'], { config: configOf({ source: sqlite(sqliteFile), stores: [folder(directory)] }) });
  expect(ended.events.map(({ event }) => event)).toEqual(['backup.started']);
  expect(ended.result).toEqual({
    level: 'info',
    time: expect.any(String),
    event: 'backup.finished',
    id: expect.any(String),
    suspect: null,
    bytes: expect.any(Number),
    seconds: expect.any(Number),
    stores: ['volume'],
    artifacts: [{ file: `${ended.result.id}.db.zst`, bytes: expect.any(Number), sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }],
  });
});
