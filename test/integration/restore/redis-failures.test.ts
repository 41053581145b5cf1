import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { BackedUp, backUpAndDamage, digestOf, roleOf } from './_redis';
import { artifactOf, cutShort, flipByte, restore, startRestore } from './_restore';
import { RedisConfig, RedisTargetConfig } from '../../../src/contract/config';
import { REDIS_RIGHTS } from '../../../src/runner/sources/redis-errors';
import { Crc64 } from '../../../src/runner/stream/crc64';
import { run } from '../_runner';
import { issueCertificate, makeAuthority } from '../servers/_certificate';
import { freePort, tempDir, until } from '../servers/_process';
import { RedisOptions, RedisServer, startRedis } from '../servers/redis';

/*
 * After each of these: what the server holds is said and is so, it is a primary, and an older backup is still there.
 */

const servers: RedisServer[] = [];

afterAll(async () => {
  await Promise.all(servers.map(server => server.stop()));
});

const RIGHTS = '+ping +info +psync +replconf +function|dump';
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
    const ended = await restore({ config: { ...config, stores: [...config.stores, { type: 'folder', name: 'gone', directory: `${directory}/gone` }] } });
    expect(ended.message).toMatch(/can't be stored .*safetyBackup=false.* is as it was/s);
    expect(ended.code).toBe(15);
    expect(await digestOf(server)).toBe(before);
  });
});

test('an assertion that fails after loading: the restored data is there, and the way back is named', async () => {
  const server = await start();
  const { id, digest, restoring } = await backUpAndDamage(server);
  const damaged = await digestOf(server);
  const ended = await restore(restoring({ assertions: [{ pattern: 'user:*', leastKeys: 1 }] }));
  expect(ended.code).toBe(11);
  expect(ended.message).toMatch(new RegExp(`0 keys like user:\\*.*holds all of ${id}, 5007 keys; what it held before is stored as app_`, 's'));
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
  expect(ended.message).toMatch(/went away.*What redis \S+ holds is not known.*is stored as app_\d+_\d+: "cdk8s-backup rollback" brings it back/s);

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
  expect(ended.message).toMatch(/What redis \S+ holds is not known, and it may be a replica of this run still/);
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
  running.process.kill('SIGKILL');
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

async function start(options: RedisOptions = {}): Promise<RedisServer> {
  const server = await startRedis(options);
  servers.push(server);
  return server;
}

/** Replaces the snapshot of a backup by another, with a record and a checksum file that say so. */
function editSnapshot({ directory, id }: BackedUp, edit: (snapshot: Buffer) => Buffer): void {
  const file = artifactOf(directory, id);
  const stored = zstdCompressSync(edit(zstdDecompressSync(readFileSync(file))));
  writeFileSync(file, stored);
  const record = JSON.parse(readFileSync(path.join(directory, `${id}.json`), 'utf8'));
  const [artifact] = record.artifacts;
  Object.assign(artifact, { bytes: stored.length, sha256: createHash('sha256').update(stored).digest('hex') });
  writeFileSync(path.join(directory, `${id}.json`), JSON.stringify(record));
}

function damageInside(snapshot: Buffer): Buffer {
  const changed = Buffer.from(snapshot);
  const middle = Math.floor(changed.length / 2);
  changed[middle] = changed[middle]! ^ 1; // eslint-disable-line no-bitwise
  return changed;
}

function makeNewer(snapshot: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from('REDIS0099'), snapshot.subarray(9, -8)]);
  const crc = new Crc64();
  crc.update(body);
  return Buffer.concat([body, Buffer.from(crc.hex(), 'hex').reverse()]);
}
