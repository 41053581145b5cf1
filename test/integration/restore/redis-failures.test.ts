import { readFileSync } from 'node:fs';
import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { BackedUp, backUpAndDamage, digestOf, roleOf } from './_redis';
import { start, stopServers } from './_redis-servers';
import { damageInside, editSnapshot, makeNewer, withModuleValue, withOtherFunctions } from './_redis-snapshots';
import { cutShort, flipByte, restore } from './_restore';
import { RedisConfig, RedisTargetConfig } from '../../../src/contract/config';
import { ExitCode } from '../../../src/contract/exit-code';
import { RunnerError } from '../../../src/runner/core/errors';
import { createReporter } from '../../../src/runner/core/reporter';
import { RedisConnection } from '../../../src/runner/engines/redis/connection';
import { REDIS_RIGHTS } from '../../../src/runner/engines/redis/errors';
import { RdbWriter } from '../../../src/runner/engines/redis/rdb/write';
import { loadByReplication } from '../../../src/runner/engines/redis/restore-load';
import { run } from '../_runner';
import { redisTarget } from '../drill/_drill';
import { issueCertificate, makeAuthority } from '../servers/_certificate';
import { freePort, tempDir, until } from '../servers/_process';
import { RedisOptions, RedisProgram, RedisServer } from '../servers/redis';

/*
 * After each of these: what the server holds is said and is so, it is a primary, and an older backup is still there.
 */

afterAll(stopServers);

const RIGHTS = '+ping +info +psync +replconf +select +function|dump';
const WITH_PASSWORD = { passwordEnv: 'REDIS_PASSWORD' };

interface Case {
  readonly server?: RedisOptions;
  readonly source?: Partial<RedisConfig>;
  readonly target?: Partial<RedisTargetConfig>;
  readonly env?: NodeJS.ProcessEnv;
  readonly prepare?: (backedUp: BackedUp, server: RedisServer) => unknown;
  readonly code: number;
  readonly message: RegExp;
}

describe('nothing is changed', () => {
  test.each<[string, Case]>([
    ['with a flipped byte', { prepare: ({ directory, id }) => flipByte(directory, id), code: 11, message: /no store has a good copy|damaged|can't be decompressed/ }],
    ['with a truncated artifact', { prepare: ({ directory, id }) => cutShort(directory, id), code: 15, message: /latest/ }],
    ['with a snapshot whose own checksum is wrong', { prepare: backedUp => editSnapshot(backedUp, damageInside), code: 11, message: /does not match its own checksum/ }],
    ['with a snapshot of a newer format', { prepare: backedUp => editSnapshot(backedUp, makeNewer), code: 12, message: /has format 99, .*loads formats up to 10/ }],
    ['with a wrong password', { server: { password: 'right' }, source: WITH_PASSWORD, env: { REDIS_PASSWORD: 'wrong' }, code: 14, message: /WRONGPASS/ }],
    ['where the user may not replicate', {
      server: { users: [`r on >right ${RIGHTS} +acl|dryrun`] }, source: { user: 'r', ...WITH_PASSWORD }, code: 14, message: /may not call REPLICAOF/,
    }],
    ['where that is seen only when it is tried', {
      server: { users: [`r on >right ${RIGHTS}`] }, source: { user: 'r', ...WITH_PASSWORD }, code: 14, message: /REPLICAOF.*\+replicaof/,
    }],
    ['where the server does not know the command', { server: { config: ['rename-command REPLICAOF ""'] }, code: 14, message: /may not call REPLICAOF/ }],
    ['where the memory is too small', { prepare: (_, server) => server.cli(['config', 'set', 'maxmemory', '1mb']), code: 16, message: /maxmemory is 1\.05 MB/ }],
    ['where the server can\'t reach the runner', {
      target: { advertiseHostEnv: 'POD_IP' }, env: { POD_IP: '192.0.2.1' }, code: 20, message: /did not connect to the runner at 192\.0\.2\.1:\d+ within 30 s/,
    }],
  ])('%s', async (_, { server: serverOptions = {}, source = {}, target = {}, prepare = () => {}, env = {}, code, message }) => {
    const server = await start(serverOptions);
    const backedUp = await backUpAndDamage(server, source, 'right');
    await prepare(backedUp, server);
    const before = await digestOf(server);
    const options = backedUp.restoring(target);
    const ended = await restore({ ...options, env: { ...options.env, ...env } });
    expect(ended.message).toMatch(message);
    expect(ended.message).toMatch(/Nothing was changed|is as it was|holds what it held before/);
    expect(ended.code).toBe(code);
    expect(await digestOf(server)).toBe(before);
    expect(await roleOf(server)).toBe('master');
    expect(ended.stderr).not.toContain('"right"');
  });

  test('where the server speaks TLS to its masters', async () => {
    const authority = makeAuthority(tempDir('authority'));
    const tls = { authority, certificate: issueCertificate(authority, 'localhost', ['IP:127.0.0.1']) };
    const server = await start({ tls, config: ['tls-replication yes'] });
    const { restoring } = await backUpAndDamage(server, { tls: { caFile: authority.caFile } });
    const before = await digestOf(server);
    expect(await restore(restoring())).toMatchObject({ code: 10, message: expect.stringContaining('CONFIG SET tls-replication no') });
    expect(await digestOf(server)).toBe(before);
  });

  test('on one shard of a cluster', async () => {
    const { restoring } = await backUpAndDamage(await start());
    const cluster = await start({ config: ['cluster-enabled yes'] });
    const ended = await restore(restoring({ port: cluster.port }));
    expect(ended).toMatchObject({ code: 10, message: expect.stringMatching(/one shard of a cluster.*cluster mode is not supported/s) });
  });

  test('on a replica, which would be overwritten again', async () => {
    const master = await start();
    const replica = await start({ config: [`replicaof 127.0.0.1 ${master.port}`] });
    const { restoring } = await backUpAndDamage(master);
    for (const state of ['up', 'down']) {
      await until(`its link is ${state}`, 20_000, async () => (await replica.cli(['info', 'replication'])).includes(`master_link_status:${state}`));
      // A runner listens at Redis' own port by default, as the primary does.
      for (const listenPort of [await freePort(), 0, ...state === 'up' ? [master.port] : []]) {
        const ended = await restore(restoring({ port: replica.port, listenPort }));
        expect(ended).toMatchObject({ code: 10, message: expect.stringContaining(`it is a replica of 127.0.0.1:${master.port}`) });
        expect(await roleOf(replica)).toBe('slave');
      }
      if (state === 'up') await master.kill9();
    }
  });

  test('where Sentinels watch', async () => {
    const server = await start();
    const { restoring } = await backUpAndDamage(server);
    const watching = server.cli(['subscribe', '__sentinel__:hello']).catch(() => {});
    await until('it is subscribed', 5000, async () => (await server.cli(['pubsub', 'numsub', '__sentinel__:hello'])).endsWith('1'));
    expect(await restore(restoring())).toMatchObject({ code: 10, message: expect.stringContaining('1 Sentinels watch it') });
    await server.kill9();
    await watching;
  });

  test('where what is there can\'t be stored', async () => {
    const server = await start();
    const { directory, restoring } = await backUpAndDamage(server);
    const before = await digestOf(server);
    const { config } = restoring();
    const ended = await restore({ config: { ...config, stores: [...config.stores, { type: 'folder', name: 'gone', directory: `${directory}/gone`, folder: null }] } });
    expect(ended.message).toMatch(/can't be stored .*safetyBackup=false.* is as it was/s);
    expect(ended.code).toBe(15);
    expect(await digestOf(server)).toBe(before);
  });
});

/** A server that meets one of these while it loads ends, has its dump.rdb replaced, and does not start again. */
describe('a server that can\'t load all of a backup is told nothing, keeps its data, and runs on', () => {
  test.each<[string, (backedUp: BackedUp) => Promise<void> | void, RegExp]>([
    ['a key in a database that it does not have', () => {}, /has keys in database 20, and the server has fewer databases: set "databases 21"/],
    ['a value of a module that it does not have', backedUp => editSnapshot(backedUp, withModuleValue), /has data of the type MBbloom--, of the module bf, and the server, Redis 7\.\S+ with no module, does not know it: load the module/],
    ['a value of a module that nobody knows', backedUp => editSnapshot(backedUp, snapshot => withModuleValue(snapshot, 'my-type-9')), /has data of the type my-type-9, and the server, Redis 7\.\S+ with no module, does not know it/],
    ['functions in a language that is not Lua', backedUp => editSnapshot(backedUp, withOtherFunctions), /has functions in the language js/],
  ])('%s', async (_, prepare, message) => {
    const { backedUp, server, holdsOnlyItsOwn } = await withDatabase20();
    await prepare(backedUp);
    const options = backedUp.restoring({ host: server.host, port: server.port });
    const plan = await run(['restore', '--dry-run'], options);
    expect(plan.stderr).toBe('');
    expect(plan.result).toMatchObject({ missing: [expect.objectContaining({ message: expect.stringMatching(message) })] });
    expect(await restore(options)).toMatchObject({ code: 10, message: expect.stringMatching(message) });
    await holdsOnlyItsOwn();
  });

  test('a user who may not select a database is told which right is missing', async () => {
    const { backedUp, server, holdsOnlyItsOwn } = await withDatabase20({ users: [`r on >right ${REDIS_RIGHTS.restore} -select`] });
    const { config } = backedUp.restoring({ host: server.host, port: server.port, user: 'r', ...WITH_PASSWORD });
    expect(await restore({ config, env: { REDIS_PASSWORD: 'right' } })).toMatchObject({ code: 14, message: expect.stringContaining('ACL SETUSER name +select') });
    await holdsOnlyItsOwn();
  });

  /** A backup with a key in database 20, and a server with 16 that holds something else. */
  async function withDatabase20(options: RedisOptions = {}) {
    const source = await start({ config: ['databases 32'] });
    await source.cli(['-n', '20', 'set', 'far', 'away']);
    const backedUp = await backUpAndDamage(source);
    const server = await start(options);
    await server.cli(['set', 'precious', 'gold']);
    await server.cli(['save']);
    const dump = readFileSync(path.join(server.directory, 'dump.rdb'));
    return {
      backedUp,
      server,
      holdsOnlyItsOwn: async () => {
        expect(await server.cli(['get', 'precious'])).toBe('gold');
        expect(await server.cli(['info', 'keyspace'])).toMatch(/^# Keyspace\s+db0:keys=1,[^\n]*$/);
        expect(await roleOf(server)).toBe('master');
        expect(readFileSync(path.join(server.directory, 'dump.rdb'))).toEqual(dump);
      },
    };
  }
});

describe('what a server holds after a load that failed half way is said only where it is proved', () => {
  test.each<[RedisProgram, readonly string[], RegExp, boolean]>([
    ['redis-7', [], /is a primary again, and holds what it held before, 200 keys/, true],
    ['redis-7', ['repl-diskless-load swapdb'], /is a primary again, and holds what it held before, 200 keys/, true],
    ['redis-8', [], /is a primary again, and holds what it held before, 200 keys/, true],
    ['valkey-9', [], /is a primary again, and holds what it held before, 200 keys/, true],
    ['valkey-9', ['repl-diskless-load flush-before-load'], /is a primary again, and holds nothing: restore again|\d+ keys; whether they are the 200 that it held before is not known/, false],
  ])('%s %j', async (program, config, state, usable) => {
    const server = await start({ program, config });
    await server.cli(['debug', 'populate', '200', 'own']);
    const before = await digestOf(server);
    const snapshot = manyKeys();
    const failing = () => Promise.resolve(Readable.from((function* () {
      yield* [snapshot.subarray(0, 3_000_000), snapshot.subarray(3_000_000, 5_000_000)];
      throw new RunnerError('the store went away', ExitCode.UNAVAILABLE);
    })()));
    const target = { ...redisTarget(server), method: 'replication' as const };
    const loading = loadByReplication({
      id: 'app_20261126_120000',
      description: 'redis',
      target,
      advertisedHost: null,
      wayBack: '',
      reporter: createReporter(new PassThrough().resume()),
      connect: signal => RedisConnection.open(target, null, signal, 'restore'),
      open: failing,
    }, AbortSignal.timeout(60_000));
    await expect(loading).rejects.toMatchObject({ message: expect.stringContaining('the store went away'), state: expect.stringMatching(state), usable });
    expect(await roleOf(server)).toBe('master');
    if (usable) expect(await digestOf(server)).toBe(before);
    else expect(await digestOf(server)).not.toBe(before);
  });

  /** Eight megabytes. */
  function manyKeys(): Buffer {
    const writer = new RdbWriter();
    const value = Buffer.concat([Buffer.from([0, 0x40 + 4, 0]), Buffer.alloc(1024, 'x')]);
    const keys = Array.from({ length: 8000 }, (_, i) => writer.key(Buffer.from(`restored:${i}`), value, null));
    return Buffer.concat([writer.header(10, {}), writer.database(0), ...keys, writer.end()]);
  }
});

test('an assertion that fails after loading: the restored data is there, and the way back is named', async () => {
  const server = await start();
  const { id, digest, restoring } = await backUpAndDamage(server);
  const damaged = await digestOf(server);
  const ended = await restore(restoring({ assertions: [{ pattern: 'user:*', atLeast: 1 }] }));
  expect(ended.code).toBe(11);
  expect(ended.message).toMatch(new RegExp(`0 keys like user:\\*.*holds all of ${id}, 5007 keys\\. Its previous data is stored as app_`, 's'));
  expect(await digestOf(server)).toBe(digest);
  expect(await roleOf(server)).toBe('master');
  expect(await run(['rollback', '--yes'], restoring())).toMatchObject({ code: 0 });
  expect(await digestOf(server)).toBe(damaged);
});

test('a rollback that fails, even twice, does not take what it has stored for what it was to bring back', async () => {
  const server = await start({ users: [`r on >right ${REDIS_RIGHTS.restore} -acl`] });
  const { digest, restoring } = await backUpAndDamage(server, { user: 'r', ...WITH_PASSWORD }, 'right');
  const damaged = await digestOf(server);
  expect(await restore(restoring())).toMatchObject({ code: 0 });

  await server.cli(['acl', 'setuser', 'r', '-replicaof']);
  for (let i = 0; i < 2; i++) {
    expect(await run(['rollback', '--yes'], restoring())).toMatchObject({ code: 14, message: expect.stringContaining('REPLICAOF') });
    expect(await digestOf(server)).toBe(digest);
  }
  await server.cli(['acl', 'setuser', 'r', '+replicaof']);
  expect(await run(['rollback', '--yes'], restoring())).toMatchObject({ code: 0 });
  expect(await digestOf(server)).toBe(damaged);
  // That one has ended well, so the next one undoes it.
  expect(await run(['rollback', '--yes'], restoring())).toMatchObject({ code: 0 });
  expect(await digestOf(server)).toBe(digest);
});
