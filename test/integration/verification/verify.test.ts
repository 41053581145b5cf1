import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { BackupConfig } from '../../../src/contract/config';
import { BackupRecord } from '../../../src/contract/record';
import { VerificationRecord } from '../../../src/contract/verification-record';
import { configOf, folder, postgres, redis, sqlite } from '../_configs';
import { backup, filesIn, list, run, RunOptions, start } from '../_runner';
import { flip, resultsOf } from './_verify';
import { keysIn, open, recordsIn, redisConfig, snapshot, writeBackup, writeNights } from '../retention/_history';
import { tempDir, until } from '../servers/_process';
import { s3Store } from '../servers/_s3';
import { FaultProxy, isPart, isPut, startFaultProxy } from '../servers/fault-proxy';
import { PostgresServer, startPostgres } from '../servers/postgres';
import { RedisServer, startRedis } from '../servers/redis';
import { startVersitygw, Versitygw } from '../servers/versitygw';

let s3: Versitygw;
let proxy: FaultProxy;
let pg: PostgresServer;
let cache: RedisServer;
let count = 0;

beforeAll(async () => {
  [s3, pg, cache] = await Promise.all([startVersitygw(), startPostgres({ major: 17 }), startRedis({})]);
  proxy = await startFaultProxy(s3.endpoint);
  await pg.psql('CREATE DATABASE shop');
  await pg.psql('CREATE TABLE orders AS SELECT i AS id, md5(i::text) AS note FROM generate_series(1, 20000) i', 'shop');
  await cache.cli(['DEBUG', 'POPULATE', '5000']);
});
afterAll(async () => {
  await proxy?.stop();
  await Promise.all([s3?.stop(), pg?.stop(), cache?.stop()]);
});
afterEach(() => proxy.heal());

interface Place {
  readonly config: BackupConfig;
  readonly options: RunOptions;
  /** Of the store `volume`, and of `second`, where there is one. */
  readonly directory: string;
}

/** A bucket behind the proxy and a folder. */
async function place(source: BackupConfig['source'], changes: Partial<BackupConfig> = {}): Promise<Place> {
  const bucket = `verify-${count++}`;
  await s3.makeBucket(bucket);
  const directory = tempDir('volume');
  const { config: offsite, env } = s3Store({ ...s3, endpoint: proxy.endpoint }, bucket);
  const config = configOf({ source, stores: [offsite, folder(directory)], ...changes });
  return { config, options: { config, env: { ...env, POSTGRES_PASSWORD: pg.password } }, directory };
}

function sqliteFile(): string {
  const file = path.join(tempDir('sqlite'), 'a.db');
  new DatabaseSync(file).exec('CREATE TABLE t (x); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO t SELECT hex(randomblob(20)) FROM n');
  return file;
}

const engines: [string, () => BackupConfig['source']][] = [
  ['postgres', () => postgres(pg, 'shop')],
  ['redis', () => redis(cache)],
  ['sqlite', () => sqlite(sqliteFile())],
];

/** The artifact with the data, in a folder. */
function dataFile(directory: string, id: string): string {
  const record = JSON.parse(readFileSync(path.join(directory, `${id}.json`), 'utf8')) as BackupRecord;
  return path.join(directory, record.artifacts.find(({ role }) => role === 'data')!.file);
}

function verificationsIn(directory: string, id: string): VerificationRecord[] {
  return readdirSync(directory).filter(file => file.startsWith(`${id}.verified.`)).sort().map(file => JSON.parse(readFileSync(path.join(directory, file), 'utf8')));
}

describe.each(engines)('%s', (engine, source) => {
  let at: Place;
  let id: string;

  beforeAll(async () => {
    at = await place(source());
    ({ id } = await backup(at.options));
  });

  test('is read to the last byte of its format, and that is noted next to the record, which does not change', async () => {
    const record = readFileSync(path.join(at.directory, `${id}.json`), 'utf8');
    const ended = await run(['verify', '--json'], at.options);
    expect(ended).toMatchObject({ code: 0 });
    expect(resultsOf(ended)).toEqual([{ id, store: 'offsite', result: 'ok' }, { id, store: 'volume', result: 'ok' }]);
    expect(verificationsIn(at.directory, id)).toEqual([{
      version: 1, id, store: 'volume', startedAt: expect.any(String), finishedAt: expect.any(String), formatRead: true, faults: [], repairedFrom: null, tools: expect.any(Object),
    }]);
    expect(readFileSync(path.join(at.directory, `${id}.json`), 'utf8')).toBe(record);
    expect(await run(['list'], at.options)).toMatchObject({ code: 0 });
  });

  test.each<[string, (file: string) => void, number, RegExp]>([
    ['a flipped byte', file => flip(file, -200), 11, /is damaged: .*SHA-256/],
    ['a truncated file', file => truncateSync(file, 100), 11, /has 100 bytes instead of \d+/],
    ['a missing file', file => rmSync(file), 15, /missing$/],
  ])('%s is found in the store that has it, named, noted, and repaired from the other one', async (_case, damage, code, fault) => {
    damage(dataFile(at.directory, id));
    const ended = await run(['verify', '--json'], at.options);
    expect(ended.code).toBe(code);
    const [good, bad] = resultsOf(ended);
    expect(good).toEqual({ id, store: 'offsite', result: 'ok' });
    expect(bad).toEqual({ id, store: 'volume', result: expect.stringMatching(fault) });
    expect(verificationsIn(at.directory, id).at(-1)).toMatchObject({ faults: [expect.stringMatching(fault)], formatRead: false });
    // Without reading it again: what looks whole is not called so any more.
    const listed = await list(at.options);
    expect(listed.backups.at(-1)).toMatchObject({ id, copies: { offsite: 'ok', volume: expect.stringMatching(fault) } });

    const [notes, files] = [verificationsIn(at.directory, id).length, filesIn(at.directory)];
    const planned = await run(['verify', '--repair', '--dry-run', '--json'], at.options);
    expect(planned.code).toBe(code);
    expect(resultsOf(planned)[1]).toEqual({ id, store: 'volume', result: expect.stringMatching(fault), wouldRepairFrom: 'offsite' });
    expect((await run(['verify', '--repair', '--dry-run'], at.options)).stdout).toContain('; would be repaired from offsite');
    expect([verificationsIn(at.directory, id).length, filesIn(at.directory)]).toEqual([notes, files]);

    const repaired = await run(['verify', '--repair', '--json'], at.options);
    expect(repaired).toMatchObject({ code: 0 });
    expect(resultsOf(repaired)[1]).toEqual({ id, store: 'volume', result: 'ok', repairedFrom: 'offsite' });
    expect(repaired.events.find(({ event }) => event === 'copy.repaired')!.message).toMatch(new RegExp(`The copy of ${id} in volume was replaced by the one of offsite`));
    expect(verificationsIn(at.directory, id).at(-1)).toMatchObject({ faults: [], formatRead: true, repairedFrom: 'offsite' });
    expect(await run(['verify', '--json'], at.options)).toMatchObject({ code: 0 });
    expect(filesIn(at.directory).filter(file => file.endsWith('.started') || file.includes('partial'))).toEqual([]);
  });

  test('what has the right digest and the wrong format is found', async () => {
    const other = await place(source(), { compression: { algorithm: 'none', level: 0 } });
    const taken = await backup(other.options);
    // As if it had been taken so: the bytes are damaged, and record and checksums agree with them.
    const file = dataFile(other.directory, taken.id);
    const size = readFileSync(file).length;
    // An archive of pg_dump has no checksums, so a byte more or less of the data is all the same to it; the others have.
    if (engine === 'postgres') truncateSync(file, size - 100_000);
    else flip(file, engine === 'redis' ? -20 : 3 * 4096 + 1);
    const bytes = readFileSync(file);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const recordFile = path.join(other.directory, `${taken.id}.json`);
    const record = JSON.parse(readFileSync(recordFile, 'utf8')) as BackupRecord;
    const old = record.artifacts.find(artifact => file.endsWith(artifact.file))!.sha256;
    for (const name of [recordFile, path.join(other.directory, `${taken.id}.sha256`)]) {
      writeFileSync(name, readFileSync(name, 'utf8').replace(old, sha256).replaceAll(/("bytes"|"plainBytes"): (\d+)/g, (was, field, value) => Number(value) === size ? `${field}: ${bytes.length}` : was));
    }
    const config = { ...other.config, stores: [folder(other.directory)] };
    const ended = await run(['verify', '--json'], { ...other.options, config });
    expect(ended.code).toBe(11);
    expect(resultsOf(ended)[0]!.result).toMatch(new RegExp(`${path.basename(file)} .*(checksum|pg_restore|SQLite|corrupt).*(choose another backup|it was so when it was taken)`, 's'));
  });
});

describe('what is noted', () => {
  test('the three newest readings of a backup stay', async () => {
    const at = await place(redis(cache));
    const { id } = await backup(at.options);
    for (let i = 0; i < 5; i++) expect(await run(['verify'], at.options)).toMatchObject({ code: 0 });
    expect(verificationsIn(at.directory, id)).toHaveLength(3);
  });

  test('nothing with --no-record; and where the store is read-only, a warning', async () => {
    const at = await place(redis(cache));
    const { id } = await backup(at.options);
    expect(await run(['verify', '--no-record'], at.options)).toMatchObject({ code: 0 });
    expect(verificationsIn(at.directory, id)).toEqual([]);
    proxy.inject({ kind: 'status', status: 403, code: 'AccessDenied' }, isPut, 99);
    const ended = await run(['verify'], at.options);
    expect(ended.code).toBe(0);
    expect(ended.events.find(({ event }) => event === 'verification.not-recorded')!.message).toMatch(/was read in offsite, but that can't be noted there/);
    expect(verificationsIn(at.directory, id)).toHaveLength(1);
  });

  test('nothing about a store that could not be read', async () => {
    const at = await place(redis(cache));
    const { id } = await backup(at.options);
    const reads = ({ method, url }: { method: string; url: string }) => method === 'GET' && url.includes('.rdb');
    proxy.inject({ kind: 'status', status: 403, code: 'AccessDenied' }, reads, 99);
    expect(await run(['verify'], at.options)).toMatchObject({ code: 14 });
    proxy.heal();
    const [offsite] = open(at.config, at.options.env!);
    const keys = await keysIn(offsite!, id);
    expect(keys.filter(key => key.includes('verified'))).toEqual([]);
  });

  test('that the format was not read, where the program for it is missing in a version that can', async () => {
    const at = await place(postgres(pg, 'shop'));
    const { id } = await backup(at.options);
    const ended = await run(['verify', '--json'], { ...at.options, env: { ...at.options.env, PATH: '/nonexistent' } });
    expect(ended.code).toBe(0);
    expect(resultsOf(ended)[1]).toEqual({ id, store: 'volume', result: 'ok', digestOnly: expect.stringMatching(/pg_restore 15\.\d+ is too old for it .*install PostgreSQL's client/) });
    expect(verificationsIn(at.directory, id)[0]).toMatchObject({ formatRead: false, faults: [] });
  });
});

test('the scheduled verification reads the newest and, run by run, every older one', async () => {
  const directory = tempDir('volume');
  const config = { ...redisConfig([folder(directory)], {}), verify: { olderPercent: 20, repair: false } };
  const ids = await writeNights(11, 0, open(config, {}));
  const read: string[] = [];
  for (let i = 0; i < 5; i++) {
    const ended = await run(['verify', '--scheduled', '--json'], { config });
    expect(ended.code).toBe(0);
    const now = resultsOf(ended).map(({ id }) => id);
    expect(now).toHaveLength(3);
    expect(now.at(-1)).toBe(ids[10]);
    read.push(...now.slice(0, 2));
  }
  expect(read).toEqual(ids.slice(0, 10)); // those longest unread first
});

test.each([
  [['verify', '--scheduled'], { event: 'verification.finished', name: 'app', findings: expect.any(Array) }],
  [['prune', '--scheduled'], { event: 'prune.finished', name: 'app', removed: 6, of: 11, refused: 0, failed: 0, stopped: [] }],
])('as the CronJob runs it, %j writes one JSON object on each line', async (command, result) => {
  const stores = [folder(tempDir('volume'))];
  const config = redisConfig(stores, { keepLast: 5 });
  await writeNights(11, 0, open({ stores }, {}));
  const ended = await run(command, { config });
  expect(ended.code).toBe(0);
  const lines = `${ended.stderr}${ended.stdout}`.trimEnd().split('\n').map(line => JSON.parse(line) as object);
  expect(lines.at(-1)).toMatchObject({ level: 'info', time: expect.any(String), ...result });
});

test('a dry run of what the CronJob does still shows its plan, and does not say that it has pruned', async () => {
  const ended = await run(['prune', '--scheduled', '--dry-run'], { config: redisConfig([folder(tempDir('volume'))], { keepLast: 5 }) });
  expect(ended).toMatchObject({ code: 0, stdout: 'Nothing of app in any store.\n' });
});

describe('the stores are compared with each other', () => {
  const never = new AbortController().signal;

  test('killed half way, a repair leaves the good copy and no record of a bad one; a later one finishes', async () => {
    const at = await place(redis(cache), { activeDeadlineSeconds: 15 });
    const stores = open(at.config, at.options.env!);
    const content = snapshot('x'.repeat(20 * 1024 * 1024)); // two parts
    const id = await writeBackup(new Date(Date.now() - 3_600_000), stores, { content });
    await stores[0]!.remove([`${id}.rdb`], never);
    proxy.inject({ kind: 'hang' }, isPart, 99);
    const { process: child, ended } = start(['verify', '--repair'], at.options);
    const before = proxy.seen.length;
    await until('the copy is sent', 60_000, () => Promise.resolve(proxy.seen.slice(before).some(isPart)));
    child.kill('SIGKILL');
    await ended;
    proxy.heal();
    expect(await recordsIn(stores[0]!)).toEqual([]);
    expect(await recordsIn(stores[1]!)).toEqual([id]);
    expect((await run(['verify', '--json'], at.options)).stdout).toContain('record missing');

    // While the claim of the killed run lives, another one keeps away; then it takes over.
    const early = await run(['verify', '--repair', '--json'], at.options);
    expect(early.code).toBe(1);
    expect(resultsOf(early)[0]!.result).toMatch(/not repaired: another run works on \S+ in s3:.* until \d{4}-.*\. volume has a good copy/);
    const claim = JSON.parse(await text(await stores[0]!.get(`${id}.started`, never))) as { deadlineAt: string };
    await sleep(Date.parse(claim.deadlineAt) - Date.now() + 100);
    expect(await run(['verify', '--repair'], at.options)).toMatchObject({ code: 0 });
    expect(await recordsIn(stores[0]!)).toEqual([id]);
    expect(await keysIn(stores[0]!)).not.toContain(`${id}.started`);
    expect(await run(['verify'], at.options)).toMatchObject({ code: 0 });
  });
});
