import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { BackedUp, backUpAndDamage, digestOf } from './_redis';
import { restore, startRestore } from './_restore';
import { BackupConfig, RedisTargetConfig } from '../../../src/contract/config';
import { REDIS_RIGHTS } from '../../../src/runner/engines/redis/errors';
import { redis } from '../_configs';
import { killAllBelow, list, run, start as startRun } from '../_runner';
import { until } from '../servers/_process';
import { RedisOptions, RedisServer, startRedis } from '../servers/redis';

/** What managed services take away. */
const MANAGED = ['rename-command REPLICAOF ""', 'rename-command SLAVEOF ""', 'rename-command SYNC ""', 'rename-command PSYNC ""'];
const servers: RedisServer[] = [];

afterAll(async () => {
  await Promise.all(servers.map(server => server.stop()));
});

describe('a server that is nobody\'s replica holds what was backed up', () => {
  test.each<[string, RedisOptions, Partial<RedisTargetConfig>, string | undefined]>([
    ['an empty one', {}, {}, undefined],
    ['with AOF', { aof: true }, {}, undefined],
    ['with a password', { password: 'pass-word' }, { passwordEnv: 'REDIS_PASSWORD' }, 'pass-word'],
    ['with an ACL user of the least rights', { users: [`backup on >p ${REDIS_RIGHTS['restore-keys']}`] }, { user: 'backup', passwordEnv: 'REDIS_PASSWORD' }, 'p'],
    ['when an assertion asks for keys', {}, { assertions: [{ pattern: 'key:*', atLeast: 5000 }] }, undefined],
  ])('%s', async (_, serverOptions, target, password) => {
    const { backedUp } = await backUpAll();
    const server = await start({ ...serverOptions, config: MANAGED });
    const ended = await restore(into(server, backedUp, target, password));
    expect(ended.stderr).not.toContain('"level":"error"');
    expect(ended).toMatchObject({ code: 0, result: { event: 'restore.finished', id: backedUp.id, previous: null, holds: expect.stringContaining(`holds ${backedUp.id}, 5017 keys`) } });
    expect(await digestOf(server)).toBe(backedUp.digest);
    expect(Number(await server.cli(['ttl', 'temporary']))).toBeGreaterThan(900_000);
    expect(await server.cli(['fcall', 'answer', '0'])).toBe('42');
    expect(await server.cli(['exists', 'cdk8s-backup:restoring'])).toBe('0');
    expect((await list(backedUp.options)).backups).toHaveLength(1);
  });
});

test('a server with keys is refused; where they may be replaced they are a backup first, and rollback brings them back', async () => {
  const { backedUp } = await backUpAll();
  const server = await start({ config: MANAGED });
  await fillOther(server);
  const before = await digestOf(server);

  const refused = await restore(into(server, backedUp));
  expect(refused).toMatchObject({ code: 2, message: expect.stringMatching(/holds 304 keys.*not in one step.*allow it with "replace".*target.replace=true.*Nothing was changed/) });
  expect(await digestOf(server)).toBe(before);

  const options = into(server, backedUp, { replace: true });
  const plan = await run(['restore', '--dry-run'], options);
  expect(plan).toMatchObject({
    code: 0,
    result: {
      missing: [],
      replaces: expect.stringMatching(/^304 keys/),
      keeps: 'a backup of app, which is not the latest',
      steps: [expect.any(String), expect.stringContaining('read all of'), expect.stringContaining('as a backup of app'), expect.stringContaining('holds a mixture'), expect.stringContaining('remove the keys')],
    },
  });
  expect(await digestOf(server)).toBe(before);

  const ended = await restore(options);
  expect(ended).toMatchObject({ code: 0, result: { previous: expect.stringMatching(/^the backup app_/), notes: ['303 keys that are not in the backup were removed'] } });
  expect(await digestOf(server)).toBe(backedUp.digest);
  expect(await server.cli(['function', 'list'])).not.toContain('theirs');

  expect(await run(['rollback', '--yes'], options)).toMatchObject({ code: 0 });
  expect(await digestOf(server)).toBe(before);
  expect(await server.cli(['function', 'list'])).toContain('theirs');
  expect(Number(await server.cli(['ttl', 'other:expiring']))).toBeGreaterThan(90_000);

  // A rollback is asked for, so it needs no leave to replace.
  expect(await run(['rollback', '--yes'], into(server, backedUp))).toMatchObject({ code: 0 });
  expect(await digestOf(server)).toBe(backedUp.digest);
});

test('without a safety backup nothing is stored', async () => {
  const { backedUp } = await backUpAll();
  const server = await start({ config: MANAGED });
  await fillOther(server);
  const ended = await restore(into(server, backedUp, { replace: true }), '--no-safety-backup');
  expect(ended).toMatchObject({ code: 0, result: { previous: null } });
  expect(ended.stderr).toContain('there is no way back');
  expect(await digestOf(server)).toBe(backedUp.digest);
  expect((await list(backedUp.options)).backups).toHaveLength(1);
});

test.each([['killed', 'SIGKILL'], ['stopped', 'SIGTERM']] as const)('a restore that is %s in the midst is gone on with, and what was there can be brought back', async (_, signal) => {
  const { server: source, backedUp } = await backUpAll(150_000);
  await source.stop();
  const server = await start({ config: MANAGED });
  await fillOther(server);
  const before = await digestOf(server);
  const options = into(server, backedUp, { replace: true });
  const running = startRestore(options);
  await until('keys are written', 30_000, async () => Number(await server.cli(['dbsize'])) > 5000);
  if (signal === 'SIGKILL') killAllBelow(running.process.pid!);
  else running.process.kill(signal);
  const ended = await running.ended;
  expect(ended.code).toBe(signal === 'SIGKILL' ? 137 : 143);
  if (signal === 'SIGTERM') {
    expect(ended.message).toMatch(/holds a mixture of app_\S+ and what it held before: up to \d+ of its 155017 keys are written.*Restore again, which goes over it; its keys from before are stored as app_\S+: "cdk8s-backup rollback" brings it back$/);
  }
  expect((await run(['restore', '--dry-run'], into(server, backedUp))).result).toMatchObject({ notes: expect.arrayContaining([expect.stringMatching(/holds a mixture.*stored as app_/)]) });

  expect(await run(['rollback', '--yes'], options)).toMatchObject({ code: 0 });
  expect(await digestOf(server)).toBe(before);

  const again = startRestore(options);
  await until('keys are written', 30_000, async () => Number(await server.cli(['dbsize'])) > 5000);
  killAllBelow(again.process.pid!);
  await again.ended;
  const backups = (await list(backedUp.options)).backups.length;
  // Even without leave to replace: what is there is half of a restore.
  expect(await restore(into(server, backedUp))).toMatchObject({ code: 0, result: { previous: expect.stringMatching(/^the backup app_/) } });
  expect(await digestOf(server)).toBe(backedUp.digest);
  expect((await list(backedUp.options)).backups).toHaveLength(backups); // and not stored as what was there before
}, 240_000);

test('a backup of a half-restored server is kept and never the latest, and the same restore again holds the backup', async () => {
  const { server: source, backedUp } = await backUpAll(150_000);
  await source.stop();
  const server = await start(); // which lets itself be replicated: the next night comes before somebody looks
  await fillOther(server);
  const options = into(server, backedUp, { replace: true, safetyBackup: false });
  const running = startRestore(options);
  await until('keys are written', 30_000, async () => Number(await server.cli(['dbsize'])) > 5000);
  killAllBelow(running.process.pid!);
  await running.ended;

  const nightly = { ...backedUp.options, config: { ...backedUp.options.config as BackupConfig, source: redis(server) } };
  const mixture = /it holds a mixture: a restore key by key has not ended, as its key cdk8s-backup:restoring says\. Run that restore again/;
  expect(await run(['backup'], nightly)).toMatchObject({ code: 13, result: { suspect: expect.stringMatching(mixture) } });
  // Nor where the user may not read a key: the snapshot tells.
  await server.cli(['acl', 'setuser', 'least', 'on', '>p', ...REDIS_RIGHTS.backup.split(' ')]);
  const least = { ...nightly, env: { REDIS_PASSWORD: 'p' }, config: { ...nightly.config, source: redis(server, { user: 'least', passwordEnv: 'REDIS_PASSWORD' }) } };
  expect(await run(['backup', '--accept-smaller'], least)).toMatchObject({ code: 13, result: { suspect: expect.stringMatching(mixture) } });
  expect((await run(['doctor', '--json'], nightly)).stdout).toMatch(/a restore key by key has not ended/);
  const { latest, backups } = await list(backedUp.options);
  expect(latest).toBe(backedUp.id);
  expect(backups).toHaveLength(3);

  // One that an earlier version has taken says nothing of it.
  const id = backups.at(-1)!.id;
  const record = path.join(backedUp.directory, `${id}.json`);
  writeFileSync(record, JSON.stringify({ ...JSON.parse(readFileSync(record, 'utf8')), suspect: null }));
  const empty = await start();
  for (const method of ['keys', 'replication'] as const) {
    expect(await restore(into(empty, backedUp, { mode: method, safetyBackup: false }))).toMatchObject({ code: 11, message: expect.stringContaining(`${id} was taken while a restore key by key had not ended`) });
    expect(await empty.cli(['dbsize'])).toBe('0');
  }
  rmSync(record);

  expect(await restore(options)).toMatchObject({ code: 0, result: { id: backedUp.id } });
  expect(await digestOf(server)).toBe(backedUp.digest);
  expect(await run(['backup'], nightly)).toMatchObject({ code: 0, result: { suspect: null } });
}, 240_000);

test('a restore over a mixture that fails early does not say that all is as it was', async () => {
  const source = await start({ config: ['databases 32'] });
  await source.cli(['-n', '20', 'set', 'far', 'away']);
  const backedUp = await backUpAndDamage(source);
  const server = await start({ config: MANAGED });
  await server.cli(['set', 'half', 'restored']);
  await server.cli(['set', 'cdk8s-backup:restoring', JSON.stringify({ restoring: 'app_20261126_120000', safetyBackup: 'app_20261126_115900' })]);
  const ended = await restore(into(server, backedUp, { replace: true }));
  expect(ended).toMatchObject({ code: 10, message: expect.stringMatching(/raise its setting "databases".*still holds a mixture, of a restore of app_20261126_120000 .*are stored as app_20261126_115900/) });
  expect(ended.message).not.toMatch(/as it was|Nothing was changed/);
  expect(await server.cli(['get', 'half'])).toBe('restored');
});

test('a rollback that is killed in the midst is gone on with, and can be undone', async () => {
  const { server: source, backedUp } = await backUpAll();
  await source.stop();
  const server = await start({ config: MANAGED });
  await server.cli(['debug', 'populate', '150000', 'theirs']);
  const before = await digestOf(server);
  const options = into(server, backedUp, { replace: true });
  expect(await restore(options)).toMatchObject({ code: 0 });

  const running = startRun(['rollback', '--yes'], options);
  await until('keys are written', 30_000, async () => Number(await server.cli(['dbsize'])) > 8000);
  killAllBelow(running.process.pid!);
  await running.ended;
  expect(await run(['rollback', '--yes'], options)).toMatchObject({ code: 0 });
  expect(await digestOf(server)).toBe(before);
  expect(await run(['rollback', '--yes'], options)).toMatchObject({ code: 0 });
  expect(await digestOf(server)).toBe(backedUp.digest);
}, 240_000);

describe('nothing is changed', () => {
  test.each<[string, RedisOptions, RegExp, number]>([
    ['a server without RESTORE', { config: [...MANAGED, 'rename-command RESTORE ""'] }, /does not know RESTORE/, 10],
    ['a user without rights', { users: ['backup on >p ~* +ping +info +select +get +acl|dryrun'] }, /may not call RESTORE.*ACL SETUSER name ~\* /, 14],
    ['fewer databases', { config: ['databases 2'] }, /fewer databases than the backup/, 10],
    ['a replica', { config: ['replicaof 127.0.0.1 1'] }, /it is a replica of/, 10],
    ['too little memory', { config: ['maxmemory 2mb', 'maxmemory-policy noeviction'] }, /maxmemory is 2.* raise it/, 16],
  ])('%s', async (name, serverOptions, message, code) => {
    const { backedUp } = await backUpAll();
    const server = await start(serverOptions);
    const ended = await restore(into(server, backedUp, name === 'a user without rights' ? { user: 'backup', passwordEnv: 'REDIS_PASSWORD' } : {}, 'p'));
    expect(ended.message).toMatch(message);
    expect(ended.message).toMatch(/Nothing was changed|is as it was$/);
    expect(ended.code).toBe(code);
    expect(await server.cli(['dbsize'])).toBe('0');
  });
});

test('a server that is killed in the midst: what it holds is said', async () => {
  const { server: source, backedUp } = await backUpAll(150_000);
  await source.stop();
  const server = await start({ config: MANAGED });
  const running = startRestore(into(server, backedUp));
  await until('keys are written', 30_000, async () => Number(await server.cli(['dbsize'])) > 5000);
  await server.kill9();
  expect(await running.ended).toMatchObject({ code: 20, message: expect.stringMatching(/went away.*holds a mixture of.*its keys from before are not stored/) });
});

test('a server that evicts what is written is not whole', async () => {
  const { server: source, backedUp } = await backUpAll(100_000);
  await source.stop();
  const server = await start({ config: [...MANAGED, 'maxmemory 100mb', 'maxmemory-policy allkeys-lru'] });
  const running = startRestore(into(server, backedUp));
  await until('keys are written', 30_000, async () => Number(await server.cli(['dbsize'])) > 1000);
  await server.cli(['config', 'set', 'maxmemory', '8mb']);
  const ended = await running.ended;
  expect(ended).toMatchObject({ code: 16, message: expect.stringMatching(/it has evicted some \(allkeys-lru\).*raise maxmemory/) });
});

/** Every type and encoding that this server has, several databases, expiring keys, and functions. */
async function backUpAll(more = 0): Promise<{ server: RedisServer; backedUp: BackedUp }> {
  const server = await start({ config: ['list-max-listpack-size 3', 'hash-max-listpack-entries 20', 'zset-max-listpack-entries 20'] });
  await server.cli(['function', 'load', '#!lua name=mine\nredis.register_function(\'answer\', function() return 42 end)']);
  await server.cli(['eval', `
    redis.call('set', 'int', 12345); redis.call('set', 'negative', -7); redis.call('set', 'long', '123456789012345')
    redis.call('set', 'large', string.rep('compressible ', 200000))
    redis.call('hset', 'small-hash', 'a', 1, 'b', string.rep('y', 40)); redis.call('sadd', 'ints', 1, 2, 3, 100000)
    redis.call('zadd', 'small-zset', 1.5, 'a', '-inf', 'b', '+inf', 'c'); redis.call('rpush', 'small-list', 'a', 'b')
    for i = 1, 50 do redis.call('rpush', 'nodes', string.rep(i .. ' ', 1000)) end
    redis.call('xgroup', 'create', 'stream', 'group', '0', 'mkstream'); redis.call('xadd', 'stream', '1-1', 'a', 'b'); redis.call('xadd', 'stream', '1-2', 'a', 'c')
    redis.call('xreadgroup', 'group', 'group', 'consumer', 'count', 1, 'streams', 'stream', '>')
    redis.call('xgroup', 'createconsumer', 'stream', 'group', 'idle'); redis.call('xdel', 'stream', '1-2')
    redis.call('pfadd', 'hll', 'a', 'b', 'c')
    for i = 1, ${more} do redis.call('set', 'more:' .. i, string.rep('x', 20)) end
    return 'OK'`, '0']);
  return { server, backedUp: await backUpAndDamage(server) };
}

async function fillOther(server: RedisServer): Promise<void> {
  await server.cli(['function', 'load', '#!lua name=theirs\nredis.register_function(\'theirs\', function() return 1 end)']);
  await server.cli(['eval', `
    for i = 1, 300 do redis.call('set', 'other:' .. i, i) end
    redis.call('set', 'list', 'of another type'); redis.call('set', 'other:expiring', 1, 'ex', 100000)
    redis.call('select', 7); redis.call('set', 'seven', 7); redis.call('rpush', 'other-list', 'a', 'b')
    return 'OK'`, '0']);
}

function into(server: RedisServer, { restoring }: BackedUp, target: Partial<RedisTargetConfig> = {}, password?: string): ReturnType<BackedUp['restoring']> {
  const options = restoring({ host: server.host, port: server.port, mode: 'keys', ...target });
  return { ...options, env: { ...options.env, REDIS_PASSWORD: password } };
}

async function start(options: RedisOptions = {}): Promise<RedisServer> {
  const server = await startRedis(options);
  servers.push(server);
  return server;
}
