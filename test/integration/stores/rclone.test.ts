import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { openStore } from '../../../src/runner/stores/open';
import { all } from '../../runner/stores/_bodies';
import { describeStore } from '../../runner/stores/conformance';
import { configOf, sqlite } from '../_configs';
import { list, run } from '../_runner';
import { tempDir } from '../servers/_process';
import { rootClient, s3Store, S3Server } from '../servers/_s3';
import { startFaultProxy } from '../servers/fault-proxy';
import { startRclone } from '../servers/rclone';

/* A service that takes no notice of If-None-Match, and shows lists in no order. */

const never = new AbortController().signal;

let server: S3Server;
let count = 0;

beforeAll(async () => {
  server = await startRclone();
});
afterAll(() => server?.stop());

describeStore('S3Store on rclone', async () => {
  const bucket = `bucket-${count++}`;
  await server.makeBucket(bucket);
  const { config, env } = s3Store(server, bucket);
  return openStore(config, env);
}, 100); // it has no pages

test('of runs that begin in one second each has an id of its own, and its record names the bytes that stand there', async () => {
  await server.makeBucket('at-once');
  // Between the look whether an id is free and the claim there is time enough for all of them to look.
  const proxy = await startFaultProxy(server.endpoint);
  proxy.inject({ kind: 'delay', ms: 2000 }, ({ method, url }) => method === 'PUT' && /\.started(\?|$)/.test(url), 4);
  const { config: store, env } = s3Store({ ...server, endpoint: proxy.endpoint }, 'at-once');
  const runs = [1, 2, 3, 4].map(n => {
    const file = path.join(tempDir('data'), 'app.db');
    new DatabaseSync(file).exec(`CREATE TABLE t (i INTEGER); INSERT INTO t VALUES (${n})`);
    return { config: configOf({ source: sqlite(file), stores: [store], suspectBelowPercent: 0 }), env };
  });
  const ended = await Promise.all(runs.map(options => run(['backup'], options)));
  const taken = ended.filter(({ code }) => code === 0).map(({ result }) => result.id);
  expect(ended.map(({ code, stderr }) => code === 0 ? '' : stderr)).toEqual(['', '', '', '']);
  expect(new Set(taken).size).toBe(4);
  const verified = await run(['verify', '--all'], runs[0]!);
  expect([verified.code, verified.message]).toEqual([0, expect.anything()]);
  expect((await list(runs[0]!)).backups.map(({ id }) => id).sort()).toEqual(taken.sort());
  expect((await all(openStore(store, env).list('', never))).map(({ key }) => key).filter(key => /started|creating/.test(key))).toEqual([]);
  await proxy.stop();
});

test.each([['ahead', 1_200_000], ['back', -1_200_000]])('a clock that is set %s while something is created does not end it', async (_where, jumpMs) => {
  const bucket = `clock-${count++}`;
  await server.makeBucket(bucket);
  const proxy = await startFaultProxy(server.endpoint);
  const { config, env } = s3Store({ ...server, endpoint: proxy.endpoint }, bucket);
  const now = Date.now.bind(Date);
  const isSet = () => proxy.seen.some(({ method, url }) => method === 'PUT' && url.includes('.creating-'));
  jest.spyOn(Date, 'now').mockImplementation(() => now() + (isSet() ? jumpMs : 0));
  try {
    expect(await openStore(config, env).create('app.started', 'x', AbortSignal.timeout(60_000))).toBe(true);
    expect(Date.now() - now()).toBe(jumpMs);
  } finally {
    jest.restoreAllMocks();
    await proxy.stop();
  }
});

test('what a run has left that was killed while it created something is found as an unfinished upload, and is hidden from lists', async () => {
  await server.makeBucket('left');
  const { config, env } = s3Store(server, 'left');
  const client = rootClient(server);
  await client.send(new PutObjectCommand({ Bucket: 'left', Key: 'db/nightly/app.hold.creating-0123456789ab', Body: '-' }));
  const late = openStore(config, env);
  const left = await all(late.unfinished('app', never));
  expect(left.map(({ key }) => key)).toEqual(['app.hold']);
  expect(await all(late.list('', never))).toEqual([]);
  await left[0]!.discard(never);
  expect(await late.create('app.hold', 'x', never)).toBe(true);
  expect(await all(late.unfinished('', never))).toEqual([]);
  client.destroy();
});
