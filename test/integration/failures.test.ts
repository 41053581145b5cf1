import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ListMultipartUploadsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { configOf, folder, postgres, sqlite } from './_configs';
import { backup, filesIn, list, run, RunOptions, start } from './_runner';
import { until, tempDir } from './servers/_process';
import { rootClient, s3Store } from './servers/_s3';
import { FaultProxy, isPart, startFaultProxy } from './servers/fault-proxy';
import { clientPath, PostgresServer, startPostgres } from './servers/postgres';
import { startVersitygw, Versitygw } from './servers/versitygw';
import { BackupConfig } from '../../src/contract/config';

/*
 * Failure is not success: after each of these there is no record, the list is as it was, older backups verify, no file and no
 * upload is left but the document that says so, the exit code says whether a retry can help, and the message says what to do.
 */

let s3: Versitygw;
let proxy: FaultProxy;
let pg: PostgresServer;
let sqliteFile: string;
let bucketNumber = 0;

beforeAll(async () => {
  s3 = await startVersitygw();
  proxy = await startFaultProxy(s3.endpoint);
  pg = await startPostgres({ major: 17 });
  await pg.psql('CREATE DATABASE shop');
  await pg.psql('CREATE ROLE nobody LOGIN PASSWORD \'x\'');
  await pg.psql('CREATE TABLE orders AS SELECT i AS id, md5(i::text) || md5((-i)::text) AS note FROM generate_series(1, 150000) i', 'shop');
  sqliteFile = path.join(tempDir('sqlite'), 'shop.db');
  // 24 MB that do not compress: two parts.
  new DatabaseSync(sqliteFile).exec('CREATE TABLE t (x); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 24) INSERT INTO t SELECT randomblob(1000000) FROM n');
});

afterAll(async () => {
  await proxy?.stop();
  await Promise.all([s3?.stop(), pg?.stop()]);
});

afterEach(() => proxy.heal());

interface Place {
  readonly options: RunOptions;
  readonly directory: string;
  readonly bucket: string;
  readonly olderId: string;
}

/** A bucket behind the proxy and a folder, with one good backup in both. */
async function placeWithBackup(source: BackupConfig['source'] = sqlite(sqliteFile), changes: Partial<BackupConfig> = {}): Promise<Place> {
  const bucket = `failures-${++bucketNumber}`;
  await s3.makeBucket(bucket);
  const directory = tempDir('volume');
  const { config, env } = s3Store({ ...s3, endpoint: proxy.endpoint }, bucket);
  const options: RunOptions = {
    config: configOf({ source, stores: [config, folder(directory)], compression: { algorithm: 'none', level: 0 }, ...changes }),
    env: { ...env, POSTGRES_PASSWORD: pg.password },
  };
  const { id } = await backup(options);
  return { options, directory, bucket, olderId: id };
}

/**
 * Fails the test unless everything is as it was when there was only the older backup, but for the one document that says that the run has
 * failed: in the stores that the run could write.
 */
async function expectNothingChanged({ options, directory, bucket, olderId }: Place, toldIn: readonly string[] = ['offsite', 'volume']): Promise<void> {
  proxy.heal();
  expect((await list(options)).backups.map(({ id }) => id)).toEqual([olderId]);
  const verified = await run(['verify', '--all', '--json'], options);
  expect(JSON.parse(verified.stdout)).toEqual([{ id: olderId, store: 'offsite', result: 'ok' }, { id: olderId, store: 'volume', result: 'ok' }]);
  expect(others(filesIn(directory), olderId)).toEqual(toldIn.includes('volume') ? [TOLD] : []);
  const client = rootClient(s3);
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
  expect(others(Contents.map(({ Key }) => path.basename(Key!)), olderId)).toEqual(toldIn.includes('offsite') ? [TOLD] : []);
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
  expect(Uploads).toEqual([]);
}

const TOLD = 'the document about a failed run';

/** What is not of the older backup. */
function others(names: readonly string[], olderId: string): string[] {
  return names.filter(name => !name.includes(olderId)).map(name => /^app_\d{8}_\d{6}\.failed\.json$/.test(name) ? TOLD : name);
}

function withConfig(place: Place, change: (config: BackupConfig) => BackupConfig): RunOptions {
  return { ...place.options, config: change(place.options.config as BackupConfig) };
}

/** A directory with a program of this name, which is a shell script. */
function fakeProgram(name: string, script: string): string {
  const directory = tempDir('fake');
  writeFileSync(path.join(directory, name), `#!/bin/sh\n${script}\n`);
  chmodSync(path.join(directory, name), 0o755);
  return directory;
}

const realDump = () => execFileSync('which', ['pg_dump'], { env: { PATH: clientPath(17) }, encoding: 'utf8' }).trim();

describe('the database', () => {
  test.each<[string, Partial<ReturnType<typeof postgres>>, NodeJS.ProcessEnv, number, RegExp]>([
    ['wrong password', {}, { POSTGRES_PASSWORD: 'wrong' }, 14, /password/],
    ['no password', {}, { POSTGRES_PASSWORD: undefined }, 10, /set the environment variable POSTGRES_PASSWORD/],
    ['unknown database', { databaseName: 'shpo' }, {}, 15, /shpo/],
    ['a role without rights', { user: 'nobody' }, { POSTGRES_PASSWORD: 'x' }, 14, /orders/],
    ['nobody there', { port: 1 }, {}, 20, /127\.0\.0\.1:1|port 1\b/],
  ])('%s', async (_case, changes, env, code, message) => {
    const place = await placeWithBackup(postgres(pg, 'shop'));
    const ended = await run(['backup'], { ...withConfig(place, config => ({ ...config, source: postgres(pg, 'shop', changes) })), env: { ...place.options.env, ...env } });
    expect(ended.message).toMatch(message);
    expect(ended.message).toMatch(/^no backup of app was taken, and earlier ones are as they were/);
    expect(ended.code).toBe(code);
    await expectNothingChanged(place);
  });

  test('dies half way', async () => {
    const own = await startPostgres({ major: 17 });
    try {
      await own.psql('CREATE DATABASE shop');
      await own.psql('CREATE TABLE orders AS SELECT i AS id, repeat(md5(i::text), 10) AS note FROM generate_series(1, 600000) i', 'shop');
      const place = await placeWithBackup(postgres(own, 'shop'), { });
      const options: RunOptions = { ...place.options, env: { ...place.options.env, POSTGRES_PASSWORD: own.password } };
      proxy.inject({ kind: 'delay', ms: 1500 }, isPart, 1); // long enough to be in the middle for sure
      const running = start(['backup'], options);
      await until('a part is sent', 60_000, () => Promise.resolve(proxy.seen.filter(isPart).length > 20 || filesIn(place.directory).some(file => file.includes('partial'))));
      await own.kill9();
      const ended = await running.ended;
      expect(ended.code).toBe(20);
      await expectNothingChanged({ ...place, options });
    } finally {
      await own.stop();
    }
  });
});

describe('the dump program', () => {
  test.each<[string, () => string, number, RegExp]>([
    ['is killed', () => `case "$*" in *version*) exec ${realDump()} "$@";; esac\n${realDump()} "$@" | head -c 3000000; kill -9 $$`, 1, /SIGKILL/],
    ['ends with 0 and prints nothing', () => `case "$*" in *version*) exec ${realDump()} "$@";; esac\nexit 0`, 1, /pg_dump/],
    ['ends with 0 and prints something else', () => `case "$*" in *version*) exec ${realDump()} "$@";; esac\necho hello`, 1, /pg_dump/],
    ['prints half and ends with 1', () => `case "$*" in *version*) exec ${realDump()} "$@";; esac\n${realDump()} "$@" | head -c 3000000; echo "pg_dump: error: out of luck" >&2; exit 1`, 1, /out of luck/],
    ['is older than the server', () => 'echo "pg_dump (PostgreSQL) 15.18"', 12, /15.*17|17.*15/],
  ])('%s', async (_case, script, code, message) => {
    const place = await placeWithBackup(postgres(pg, 'shop'));
    const ended = await run(['backup'], { ...place.options, clients: [code === 12 ? 15 : 17], path: fakeProgram('pg_dump', script()) });
    expect(ended.message).toMatch(message);
    expect(ended.code).toBe(code);
    await expectNothingChanged(place);
  });
});

describe('a store', () => {
  test('on a full disk', async () => {
    const place = await placeWithBackup();
    const small = tempDir('small');
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=20m', 'tmpfs', small]);
    try {
      const ended = await run(['backup'], withConfig(place, config => ({ ...config, stores: [...config.stores, folder(small, 'small')] })));
      expect(ended.message).toMatch(/small.*(full|space)/s);
      expect(ended.code).toBe(16);
      expect(others(filesIn(small), 'none')).toEqual([TOLD]);
      await expectNothingChanged(place);
    } finally {
      execFileSync('umount', [small]);
    }
  });

  test.each<[string, object, NodeJS.ProcessEnv, number, RegExp]>([
    ['bucket missing', { bucketName: 'no-such-bucket' }, {}, 15, /no-such-bucket/],
    ['wrong secret key', {}, { SECRET_ACCESS_KEY: 'wrong-secret-0123456789' }, 14, /offsite|s3:\/\//],
    ['nobody there', { endpoint: 'http://127.0.0.1:1' }, {}, 20, /127\.0\.0\.1:1/],
  ])('%s', async (_case, changes, env, code, message) => {
    const place = await placeWithBackup();
    const ended = await run(['backup'], {
      ...withConfig(place, config => ({ ...config, stores: [{ ...config.stores[0]!, ...changes } as BackupConfig['stores'][number], config.stores[1]!] })),
      env: { ...place.options.env, ...env },
    });
    expect(ended.message).toMatch(message);
    expect(ended.message).not.toContain('wrong-secret');
    expect(ended.code).toBe(code);
    await expectNothingChanged(place, ['volume']);
  });

  test('and the database both out of order are both named', async () => {
    const place = await placeWithBackup(postgres(pg, 'shop'));
    const ended = await run(['backup'], withConfig(place, config => ({
      ...config, source: postgres(pg, 'shpo'), stores: [config.stores[0]!, folder('/nowhere/at/all')],
    })));
    expect(ended.message).toMatch(/shpo.*\/nowhere\/at\/all/s);
    expect(ended.code).toBe(15);
    await expectNothingChanged(place, ['offsite']);
  });

  test('S3 answers 500 and 503 twice, then works', async () => {
    const place = await placeWithBackup();
    proxy.inject({ kind: 'status', status: 500, code: 'InternalError' }, isPart, 2);
    proxy.inject({ kind: 'status', status: 503, code: 'SlowDown' }, ({ url }) => url.includes('.json'), 2);
    const { id } = await backup(place.options);
    expect(await list(place.options)).toMatchObject({ latest: id, backups: [{ id: place.olderId }, { id, copies: { offsite: 'ok', volume: 'ok' } }] });
  });

  test('S3 connection cut in the middle of a part: sent again', async () => {
    const place = await placeWithBackup();
    proxy.inject({ kind: 'cut-request', afterBytes: 100_000 }, isPart, 2);
    const { id } = await backup(place.options);
    expect(await run(['verify', id], place.options)).toMatchObject({ code: 0 });
  });

  test('S3 refuses every part', async () => {
    const place = await placeWithBackup();
    proxy.inject({ kind: 'status', status: 403, code: 'AccessDenied' }, isPart, Infinity);
    const ended = await run(['backup'], place.options);
    expect(ended).toMatchObject({ code: 14, message: expect.stringMatching(/offsite|s3:\/\//) });
    await expectNothingChanged(place);
  });

  test('S3 refuses the record: nothing is left in the other store either', async () => {
    const place = await placeWithBackup();
    proxy.inject({ kind: 'status', status: 403, code: 'AccessDenied' }, ({ method, url }) => method === 'PUT' && url.includes('.json'), Infinity);
    const ended = await run(['backup'], withConfig(place, config => ({ ...config, stores: [...config.stores].reverse() })));
    expect(ended.code).toBe(14);
    await expectNothingChanged(place, ['volume']); // S3 refuses this one too
  });

  test('S3 server killed and started again during the upload', async () => {
    const place = await placeWithBackup();
    proxy.inject({ kind: 'delay', ms: 1000 }, isPart, 1);
    const running = start(['backup'], place.options);
    const before = proxy.seen.filter(isPart).length;
    await until('a part is sent', 60_000, () => Promise.resolve(proxy.seen.filter(isPart).length > before));
    await s3.kill();
    await s3.restart();
    const ended = await running.ended;
    expect(ended.code).toBe(0);
    expect(await run(['verify', ended.result.id], place.options)).toMatchObject({ code: 0 });
  });
});

test.each([
  ['full', 'size=1m', 16, /target .*: the volume is full/],
  ['read-only', 'size=1m,ro', 14, /target .*read-only/],
])('a fetch to a disk that is %s says so, and nothing against the backup', async (_case, mounted, code, message) => {
  const place = await placeWithBackup();
  const small = tempDir('small');
  execFileSync('mount', ['-t', 'tmpfs', '-o', mounted, 'tmpfs', small]);
  try {
    const ended = await run(['fetch', 'latest', '--to', small], place.options);
    expect(ended.message).toMatch(message);
    expect(ended.stderr).not.toMatch(/no store has a good copy|copy\.unusable/);
    expect(ended.code).toBe(code);
    expect(filesIn(small)).toEqual([]);
  } finally {
    execFileSync('umount', [small]);
  }
});

test('a clock that is 20 minutes off does not stop a backup, and is told', async () => {
  const place = await placeWithBackup();
  const ended = await run(['backup'], {
    ...place.options,
    through: ['faketime', '-f', '+20m'],
    env: { ...place.options.env, FAKETIME_DONT_FAKE_MONOTONIC: '1' },
  });
  expect(ended.code).toBe(0);
  expect(ended.events).toContainEqual(expect.objectContaining({ level: 'warn', event: 'store.odd', message: expect.stringMatching(/20(\.\d)? minutes behind/) }));
  expect(await run(['verify', ended.result.id], place.options)).toMatchObject({ code: 0 });
});

test('two runs in the same second are two backups', async () => {
  const place = await placeWithBackup();
  const both = await Promise.all([backup(place.options), backup(place.options)]);
  expect(new Set(both.map(({ id }) => id)).size).toBe(2);
  expect((await list(place.options)).backups).toHaveLength(3);
  expect(await run(['verify', '--all'], place.options)).toMatchObject({ code: 0 });
});

test('what a failed run leaves says when it was and why, as the log does', async () => {
  const place = await placeWithBackup(postgres(pg, 'shop'));
  const ended = await run(['backup'], { ...place.options, env: { ...place.options.env, POSTGRES_PASSWORD: 'wrong' } });
  const file = filesIn(place.directory).find(name => name.endsWith('.failed.json'))!;
  const document = JSON.parse(readFileSync(path.join(place.directory, file), 'utf8'));
  expect(document).toMatchObject({ version: 1, name: 'app', exitCode: 14, message: ended.message });
  expect(Date.parse(document.finishedAt)).toBeGreaterThanOrEqual(Date.parse(document.startedAt));
  const metrics = await run(['metrics'], place.options);
  expect(metrics.stdout).toMatch(/backup_last_run_failed\{backup_namespace="shop",backup="app",store="offsite"\} 1/);
  await backup(place.options);
  expect((await run(['metrics'], place.options)).stdout).toMatch(/backup_last_run_failed\{backup_namespace="shop",backup="app",store="offsite"\} 0/);
});

test('a run that takes longer than its deadline is stopped', async () => {
  const place = await placeWithBackup();
  proxy.inject({ kind: 'hang' }, isPart, Infinity);
  const ended = await run(['backup'], withConfig(place, config => ({ ...config, activeDeadlineSeconds: 3 })));
  expect(ended).toMatchObject({ code: 17, message: expect.stringContaining('stopped at its deadline of 3.0 s') });
  await expectNothingChanged(place);
});
