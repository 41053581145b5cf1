import { BackedUp, backUpAndDamage, digestOf, roleOf } from './_redis';
import { restore } from './_restore';
import { RedisTargetConfig } from '../../../src/contract/config';
import { run } from '../_runner';
import { drill, drillOf, redisTarget } from '../drill/_drill';
import { REDIS_PROGRAMS, RedisProgram, RedisServer, startRedis } from '../servers/redis';

/** Real servers, each with what only its version has. The table of tested versions in docs/reference/databases.md is this file. */
const OWN: { readonly [program in RedisProgram]: readonly (readonly string[])[] } = {
  'redis-7': [],
  'redis-8': [['hset', 'expiring-fields', 'a', '1', 'b', '2'], ['hexpire', 'expiring-fields', '1000000', 'fields', '1', 'a']],
  'valkey-8': [],
  'valkey-9': [['hset', 'expiring-fields', 'a', '1', 'b', '2'], ['hexpire', 'expiring-fields', '1000000', 'fields', '1', 'a']],
};
const FUNCTION = '#!lua name=mine\nredis.register_function(\'answer\', function() return 42 end)';
const NO_REPLICATION = ['rename-command REPLICAOF ""', 'rename-command SLAVEOF ""', 'rename-command SYNC ""', 'rename-command PSYNC ""'];
const servers: RedisServer[] = [];

afterAll(async () => {
  await Promise.all(servers.map(server => server.stop()));
});

describe.each(REDIS_PROGRAMS)('%s', program => {
  let server: RedisServer;
  let backedUp: BackedUp;

  beforeAll(async () => {
    server = await start(program);
    backedUp = await backUpOwn(server);
  });

  test('by replication a running server holds what was backed up', async () => {
    expect(await digestOf(server)).not.toBe(backedUp.digest);
    const ended = await restore(backedUp.restoring());
    expect(ended.stderr).not.toContain('"level":"error"');
    expect(ended.code).toBe(0);
    await holdsAll(server);
  });

  test('key by key an empty server that is nobody\'s replica holds what was backed up', async () => {
    const empty = await start(program, NO_REPLICATION);
    const ended = await restore(into(empty, { mode: 'keys' }));
    expect(ended.stderr).not.toContain('"level":"error"');
    expect(ended.code).toBe(0);
    await holdsAll(empty);
  });

  test('key by key what is there is stored, and a rollback brings it back', async () => {
    const other = await start(program, NO_REPLICATION);
    await other.cli(['set', 'other', 'precious']);
    for (const command of OWN[program]) await other.cli(command);
    const before = await digestOf(other);
    expect(await restore(into(other, { mode: 'keys', replace: true }))).toMatchObject({ code: 0 });
    await holdsAll(other);
    expect(await run(['rollback', '--yes'], into(other, { mode: 'keys', replace: true }))).toMatchObject({ code: 0 });
    expect(await digestOf(other)).toBe(before);
  });

  test('a drill restores into an empty one, and empties it again', async () => {
    const scratch = await start(program);
    const drilled = await drill(drillOf(backedUp.options.config as Parameters<typeof drillOf>[0], redisTarget(scratch)));
    expect(drilled).toMatchObject({ code: 0, record: { outcome: 'passed' } });
    expect(await scratch.cli(['dbsize'])).toBe('0');
  });

  function into(to: RedisServer, target: Partial<RedisTargetConfig>): ReturnType<BackedUp['restoring']> {
    return backedUp.restoring({ host: to.host, port: to.port, ...target });
  }

  async function holdsAll(holder: RedisServer): Promise<void> {
    expect(await digestOf(holder)).toBe(backedUp.digest);
    expect(await roleOf(holder)).toBe('master');
    expect(await holder.cli(['fcall', 'answer', '0'])).toBe('42');
    if (OWN[program].length > 0) expect(Number(await holder.cli(['httl', 'expiring-fields', 'fields', '1', 'a']))).toBeGreaterThan(900_000);
  }
});

describe('from one server into another', () => {
  test.each<[RedisProgram, RedisProgram]>([
    ['redis-7', 'redis-8'], ['redis-7', 'valkey-8'], ['redis-7', 'valkey-9'], ['valkey-8', 'valkey-9'], ['valkey-8', 'redis-8'],
  ])('%s into %s', async (from, to) => {
    const { restoring } = await backUpOwn(await start(from));
    const target = await start(to);
    expect(await restore(restoring({ host: target.host, port: target.port }))).toMatchObject({ code: 0 });
    expect(await target.cli(['get', 'key:77'])).toBe('77-'.repeat(20));
    expect(await roleOf(target)).toBe('master');
  });

  test.each<[RedisProgram, RedisProgram, RegExp]>([
    ['valkey-9', 'redis-8', /format 80 of Valkey, written by version 9\.\d.*the server is Redis 8\.\d.*which does not load that: restore into a Valkey at least as new/],
    ['redis-8', 'valkey-9', /format 12, written by version 8\.\d.*the server is Valkey 9\.\d.*which does not load that: restore into a Redis at least as new/],
    ['valkey-9', 'valkey-8', /format 80 of Valkey, .*the server is Valkey 8\.\d.*loads formats up to 11: restore into a server at least as new/],
    ['redis-8', 'redis-7', /format 12, .*the server is Redis 7\.\d.*loads formats up to 10/],
  ])('%s into %s is refused by name, and nothing is changed', async (from, to, message) => {
    const { restoring } = await backUpOwn(await start(from));
    const target = await start(to);
    await target.cli(['set', 'precious', 'gold']);
    const ended = await restore(restoring({ host: target.host, port: target.port }));
    expect(ended).toMatchObject({ code: 12, message: expect.stringMatching(message) });
    expect(await target.cli(['get', 'precious'])).toBe('gold');
  });
});

async function backUpOwn(server: RedisServer): Promise<BackedUp> {
  await server.cli(['function', 'load', FUNCTION]);
  for (const command of OWN[server.program]) await server.cli(command);
  return backUpAndDamage(server);
}

async function start(program: RedisProgram, config: readonly string[] = []): Promise<RedisServer> {
  const server = await startRedis({ program, config });
  servers.push(server);
  return server;
}
