import { setTimeout as sleep } from 'node:timers/promises';
import { killAllBelow } from '../_runner';
import { backUpAndDamage, digestOf, roleOf } from './_redis';
import { servers, start, stopServers } from './_redis-servers';
import { restore, startRestore } from './_restore';
import { freePort, until } from '../servers/_process';
import { startRedis } from '../servers/redis';

afterAll(stopServers);

/** Makes loading take seconds, so that something can happen meanwhile. */
const SLOW = { config: ['key-load-delay 2000', 'loading-process-events-interval-bytes 1024'] };

test('the server is killed while it loads: that is said, and the next restore succeeds', async () => {
  const server = await start(SLOW);
  const { digest, restoring } = await backUpAndDamage(server);
  const running = startRestore(restoring());
  await until('it loads', 30_000, async () => (await server.cli(['info', 'persistence'])).includes('loading:1'));
  await server.kill9();
  const ended = await running.ended;
  expect(ended.code).toBe(20);
  expect(ended.message).toMatch(/went away.*It is not known what redis \S+ holds.*is stored as app_\d+_\d+: "cdk8s-backup rollback" brings it back/s);

  const again = await startRedis({ directory: server.directory });
  servers.push(again);
  expect((await restore(restoring({ port: again.port }))).code).toBe(0);
  expect(await digestOf(again)).toBe(digest);
});

test('the run is stopped while the server loads: it is said that it may be a replica, and the next restore puts that right', async () => {
  const listenPort = await freePort();
  const server = await start(SLOW);
  const { digest, restoring } = await backUpAndDamage(server);
  const running = startRestore(restoring({ listenPort }));
  await until('it loads', 30_000, async () => (await server.cli(['info', 'persistence'])).includes('loading:1'));
  running.process.kill('SIGTERM');
  const ended = await running.ended;
  expect(ended.code).toBe(143);
  expect(ended.message).toMatch(/It is not known what redis \S+ holds\. It may still be a replica of this run/);
  await until('it has loaded', 60_000, async () => (await server.cli(['info', 'persistence'])).includes('loading:0'));
  await server.cli(['config', 'set', 'key-load-delay', '0']);
  const again = await restore(restoring({ listenPort }));
  expect(again.code).toBe(0);
  expect(await digestOf(server)).toBe(digest);
  expect(await roleOf(server)).toBe('master');
});

test.each([
  ['on the port of the config', freePort], ['on a port of its own choice', () => Promise.resolve(0)],
])('the runner is killed before the server has received all, %s: it keeps what it has, read-only, and the next restore puts that right', async (_, choose) => {
  const listenPort = await choose();
  const server = await start();
  await server.cli(['debug', 'populate', '200', 'big', '1000000']);
  await server.cli(['config', 'set', 'rdbcompression', 'no']);
  const { digest, restoring } = await backUpAndDamage(server);
  const damaged = await digestOf(server);
  const running = startRestore(restoring({ listenPort, safetyBackup: false }));
  await until('it receives', 60_000, async () => await roleOf(server) === 'slave');
  killAllBelow(running.process.pid!);
  await running.ended;
  await sleep(500);
  expect(await roleOf(server)).toBe('slave');
  expect([damaged, digest]).toContain(await digestOf(server));
  await expect(server.cli(['set', 'x', 'y'])).resolves.toContain('READONLY');

  const again = await restore(restoring({ listenPort }));
  expect(again.events.map(({ event }) => event)).toContain('restore.repaired');
  expect(again.code).toBe(0);
  expect(await digestOf(server)).toBe(digest);
  expect(await roleOf(server)).toBe('master');
});
