import { cpSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { backUp } from './_backed-up';
import { describeDrillTarget } from './drill-target-conformance';
import { describeRestorer, RestorerSite } from './restorer-conformance';
import { describeSource } from './source-conformance';
import { RedisTargetConfig } from '../../../src/contract/config';
import { ExitCode } from '../../../src/contract/exit-code';
import { openSource } from '../../../src/runner/engines/open';
import { redis } from '../_configs';
import { filesIn } from '../_runner';
import { redisTarget } from '../drill/_drill';
import { freePort, tempDir, until } from '../servers/_process';
import { RedisServer, startRedis } from '../servers/redis';
import { digestAfterLoading } from '../sources/_redis';

const scratch = { directory: '/nowhere', limitBytes: null };

let server: RedisServer;
let nobody: number;

beforeAll(async () => {
  // What is not compressed can be more than the sockets between a server and the runner hold.
  [server, nobody] = await Promise.all([startRedis({ config: ['rdbcompression no'] }), freePort()]);
});
afterAll(() => server?.stop());

async function fill(on: RedisServer, keys: number): Promise<void> {
  await on.cli(['flushall']);
  await on.cli(['debug', 'populate', String(keys), 'key', '1000']);
  await on.cli(['-n', '3', 'set', 'elsewhere', 'x']);
}

const digestOf = (on: RedisServer) => on.cli(['debug', 'digest']);

async function roleOf(on: RedisServer): Promise<string> {
  return /role:\w+/.exec(await on.cli(['info', 'replication']))![0];
}

async function replaceAll(on: RedisServer, mark: string): Promise<void> {
  await on.cli(['flushall']);
  await on.cli(['set', 'mark', mark]);
}

/** While a snapshot for a replica is still being cleaned up after, the server refuses. */
function saved(on: RedisServer): Promise<void> {
  return until('the server has saved', 20_000, async () => await on.cli(['save']) === 'OK');
}

describeSource('RedisSource', async () => {
  await fill(server, 30_000);
  await server.cli(['acl', 'setuser', 'blind', 'on', '>p', '+ping']);
  return {
    open: () => openSource(redis(server), {}, scratch),
    contents: () => digestOf(server),
    contentsOf: ([taken]) => digestAfterLoading(taken!.bytes),
    clear: async () => void await server.cli(['flushall']),
    traces: async () => (await server.cli(['client', 'list'])).split('\n').filter(client => !client.includes('cmd=client')),
    refused: [
      { what: 'nobody there', open: () => openSource(redis({ ...server, port: nobody }), {}, scratch), exitCode: ExitCode.UNAVAILABLE, names: `127.0.0.1:${nobody}`, wayOut: /: / },
      {
        what: 'no rights', open: () => openSource(redis(server, { user: 'blind', passwordEnv: 'P' }), { P: 'p' }, scratch), exitCode: ExitCode.DENIED, names: `127.0.0.1:${server.port}`, wayOut: /ACL SETUSER/,
      },
    ],
    madeAhead: false,
    interrupt: async opening => {
      await opening;
      await server.cli(['client', 'kill', 'type', 'replica']);
    },
  };
});

async function serverSite(changes: Partial<RedisTargetConfig>, keys: number): Promise<RestorerSite> {
  await fill(server, keys);
  const target: RedisTargetConfig = { ...redisTarget(server), safetyBackup: true, ...changes };
  return {
    backedUp: await backUp(redis(server)),
    target,
    live: () => digestOf(server),
    change: mark => replaceAll(server, mark),
    traces: async () => [await roleOf(server), await server.cli(['exists', 'cdk8s-backup:restoring'])],
    obstruct: async () => {
      await server.cli(['config', 'set', 'maxmemory', '1mb']);
      return async () => void await server.cli(['config', 'set', 'maxmemory', '0']);
    },
    unreachable: { target: { ...target, port: nobody }, names: `127.0.0.1:${nobody}` },
    atOnce: true,
    keepsAll: true,
    vanish: async () => void await server.cli(['flushall']),
  };
}

describeRestorer('RedisRestorer', 2, () => serverSite({}, 5000));

describeRestorer('RedisKeysRestorer', 2, async () => ({ ...await serverSite({ mode: 'keys', replace: true }, 5000), atOnce: false }));

describeRestorer('RedisFileRestorer', 1, async () => {
  const directory = tempDir('redis-files');
  let actual = directory;
  const running = async <T>(at: string, use: (on: RedisServer) => Promise<T>): Promise<T> => {
    const started = await startRedis({ directory: at });
    try {
      return await use(started);
    } finally {
      await started.kill9();
    }
  };
  const backedUp = await running(directory, async on => {
    await fill(on, 1000);
    const taken = await backUp(redis(on));
    await saved(on);
    return taken;
  });
  const target = redisTarget(server, { mode: 'rdb-file', directory });
  return {
    backedUp,
    target,
    live: async () => {
      const copy = tempDir('redis-copy');
      cpSync(actual, copy, { recursive: true });
      const digest = await running(copy, digestOf);
      rmSync(copy, { recursive: true });
      return digest;
    },
    change: mark => running(directory, async on => {
      await replaceAll(on, mark);
      await saved(on);
    }),
    traces: async () => filesIn(actual).filter(name => !['redis.conf', 'log', 'dump.rdb', 'appendonlydir'].includes(name)),
    obstruct: async () => {
      renameSync(directory, actual = `${directory}.away`);
      return async () => {
        renameSync(actual, directory);
        actual = directory;
      };
    },
    unreachable: { target: { ...target, directory: path.join(directory, 'gone') }, names: path.join(directory, 'gone') },
    atOnce: true,
    keepsAll: true,
    vanish: async () => ['dump.rdb', 'appendonlydir'].forEach(name => rmSync(path.join(directory, name), { recursive: true, force: true })),
  };
});

describeDrillTarget('RedisScratch', async () => {
  await fill(server, 1000);
  const backedUp = await backUp(redis(server));
  await server.cli(['flushall']);
  const target = redisTarget(server);
  return {
    backedUp,
    target,
    asserting: { ...target, assertions: [{ pattern: 'key:*', atLeast: 1000 }, { pattern: 'user:*', atLeast: 1 }] },
    env: {},
    state: async () => `${await server.cli(['info', 'keyspace'])} ${await roleOf(server)}`,
    occupy: async () => {
      await server.cli(['set', 'precious', 'gold']);
      return async () => void await server.cli(['flushall']);
    },
    knowsItsOwn: false,
    unreachable: { ...target, port: nobody },
    refused: { ...target, host: 'redis' },
  };
});
