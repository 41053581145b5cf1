import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { configOf, folder, redis } from './_configs';
import { flip, sha256sum } from './_import';
import { filesIn, list, run } from './_runner';
import { damage, digestOf } from './restore/_redis';
import { restore, restoreOf } from './restore/_restore';
import { tempDir, until } from './servers/_process';
import { RedisServer, startRedis } from './servers/redis';
import { fill } from './sources/_redis';
import { RedisTargetConfig } from '../../src/contract/config';
import { backupId } from '../../src/contract/layout';
import { BackupRecord } from '../../src/contract/record';

/* The snapshots that a server has saved, as scripts copy them. */

let server: RedisServer;

beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server?.stop());

/** Lets the server save a snapshot, in a second of its own, and copies it. */
async function snapshot(file: string): Promise<Date> {
  const before = Number(await server.cli(['lastsave']));
  await until('the clock shows another second', 5000, () => Promise.resolve(Date.now() >= (before + 1) * 1000));
  expect(await server.cli(['save'])).toBe('OK');
  copyFileSync(path.join(server.directory, 'dump.rdb'), file);
  const [, seconds] = /ctime\s*=?\s*'?(\d+)/.exec(execFileSync('redis-check-rdb', [file], { encoding: 'utf8' }))!;
  return new Date(Number(seconds) * 1000);
}

test('snapshots of Redis are imported with the time that stands in them: listed, verified and restored; a damaged one is named and not imported', async () => {
  const old = tempDir('old-snapshots');
  const directory = tempDir('volume');
  const file = (name: string) => path.join(old, name);
  const config = configOf({ name: 'cache', source: redis(server), stores: [folder(directory)] });
  const options = { config, env: {} };
  await fill(server);
  const plain = path.join(tempDir('saved'), 'dump.rdb');
  const first = backupId('cache', await snapshot(plain));
  const before = await digestOf(server);
  writeFileSync(file('dump.rdb.gz'), gzipSync(readFileSync(plain)));
  sha256sum(old, 'dump.rdb.gz', 'dump.rdb.gz.sha256');
  await damage(server);
  const later = await digestOf(server);
  // The copy is named after a night of which it has nothing.
  const second = backupId('cache', await snapshot(file('redis_20200101_020000.rdb')));
  for (const name of ['cache-flipped.rdb', 'cache.rdb', 'sessions.rdb', 'redis_20200102_020000.rdb']) copyFileSync(plain, file(name));
  await snapshot(file('dump_20200103_020000.rdb'));
  const saved = readFileSync(file('dump_20200103_020000.rdb'));
  flip(file('dump_20200103_020000.rdb'), length => length - 200);
  truncateSync(file('cache.rdb'), saved.length - 3000);
  await server.cli(['flushall']);
  const empty = backupId('cache', await snapshot(file('redis_20200104_020000.rdb')));
  for (const name of ['redis_20200105_020000.rdb.xz', 'appendonly.aof']) writeFileSync(file(name), 'x');
  writeFileSync(file('redis_20200107_020000.rdb.gz'), gzipSync(saved).subarray(0, -9));
  writeFileSync(file('redis_20200106_020000.rdb'), 'x');

  const planned = await run(['import', '--from', old, '--dry-run', '--json'], options);
  expect(planned.code).toBe(11);
  expect(filesIn(directory)).toEqual([]);
  const files = JSON.parse(planned.stdout).files as readonly { file: string; outcome: string; reason: string | null; id: string | null }[];
  expect(Object.fromEntries(files.map(({ file: key, outcome, reason, id }) => [key, [outcome, id ?? reason]]))).toEqual({
    'dump.rdb.gz': ['would-be-imported', first],
    'redis_20200102_020000.rdb': ['already-there', first],
    'redis_20200101_020000.rdb': ['would-be-imported', second],
    'redis_20200104_020000.rdb': ['would-be-imported', empty],
    'dump_20200103_020000.rdb': ['failed', expect.stringMatching(/does not match its own checksum/)],
    'cache.rdb': ['failed', expect.stringMatching(/it is cut short/)],
    'redis_20200106_020000.rdb': ['failed', `${file('redis_20200106_020000.rdb')} is no snapshot of Redis`],
    'cache-flipped.rdb': ['not-taken', 'its name begins with none of cache, dump, redis'],
    'sessions.rdb': ['not-taken', 'its name begins with none of cache, dump, redis'],
    'redis_20200105_020000.rdb.xz': ['not-taken', expect.stringContaining('unpack it first')],
    'redis_20200107_020000.rdb.gz': ['failed', expect.stringMatching(/^it can't be decompressed/)],
    'appendonly.aof': ['not-taken', expect.stringContaining('append-only file')],
  });

  expect(await run(['import', '--from', old], options)).toMatchObject({ code: 11 });
  const listed = await list(options);
  expect(listed.latest).toBe(second);
  expect(listed.backups.map(({ id, suspect }) => [id, suspect])).toEqual([[first, null], [second, null], [empty, 'there are no keys in it']]);
  const record = (id: string) => JSON.parse(readFileSync(path.join(directory, `${id}.json`), 'utf8')) as BackupRecord;
  expect(record(first).imported!.checksumFile).toBe('dump.rdb.gz.sha256');
  expect(record(second)).toMatchObject({
    source: { engine: 'redis', serverVersion: expect.stringMatching(/^7\./), address: file('redis_20200101_020000.rdb'), database: null },
    artifacts: [{ compression: { where: 'outside' }, plainBytes: readFileSync(file('redis_20200101_020000.rdb')).length, counts: null }],
    imported: { from: file('redis_20200101_020000.rdb'), timeFrom: 'the file itself', checksumFile: null },
  });
  expect(await run(['verify', '--all'], options)).toMatchObject({ code: 0 });

  const target: RedisTargetConfig = {
    ...redis(server), mode: 'replication', replace: false, advertiseHostEnv: null, listenPort: 0, directory: null, safetyBackup: true, assertions: [],
  };
  const restoring = { ...options, config: restoreOf(config, target) };
  expect(await restore(restoring, first)).toMatchObject({ code: 0 });
  expect(await digestOf(server)).toBe(before);
  expect(await restore(restoring, second)).toMatchObject({ code: 0 });
  expect(await digestOf(server)).toBe(later);
});
