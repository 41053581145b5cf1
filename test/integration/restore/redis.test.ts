import { rmSync } from 'node:fs';
import { backUpAndDamage, digestOf, roleOf } from './_redis';
import { restore } from './_restore';
import { RedisTargetConfig } from '../../../src/contract/config';
import { REDIS_RIGHTS } from '../../../src/runner/engines/redis/errors';
import { list, run } from '../_runner';
import { issueCertificate, makeAuthority } from '../servers/_certificate';
import { tempDir, until } from '../servers/_process';
import { RedisOptions, RedisServer, startRedis } from '../servers/redis';

const directory = tempDir('redis-restore');
const authority = makeAuthority(directory);
const certificate = issueCertificate(authority, 'localhost', ['DNS:localhost', 'IP:127.0.0.1']);
const servers: RedisServer[] = [];

afterAll(async () => {
  await Promise.all(servers.map(server => server.stop()));
  rmSync(directory, { recursive: true });
});

describe('a running server holds what was backed up', () => {
  test.each<[string, RedisOptions, Parameters<typeof backUpAndDamage>[1], string | undefined, Partial<RedisTargetConfig>]>([
    ['without AOF', {}, {}, undefined, {}],
    ['with AOF', { aof: true }, {}, undefined, {}],
    ['with a password, on a fixed port', { password: 'pass-word' }, { passwordEnv: 'REDIS_PASSWORD' }, 'pass-word', { listenPort: 16_390 }],
    ['with a password for its own master', { config: ['masterauth of-another-server', 'masteruser somebody'] }, {}, undefined, {}],
    ['with an ACL user of the least rights', { users: [`backup on >p ${REDIS_RIGHTS.restore}`] }, { user: 'backup', passwordEnv: 'REDIS_PASSWORD' }, 'p', {}],
    ['over TLS', { tls: { authority, certificate } }, { host: 'localhost', tls: { caFile: authority.caFile } }, undefined, {}],
    ['when it loads from the connection', { config: ['repl-diskless-load swapdb'] }, {}, undefined, {}],
    ['when an assertion asks for keys', {}, {}, undefined, { assertions: [{ pattern: 'key:*', atLeast: 5000 }, { pattern: 'elsewhere', atLeast: 1 }] }],
  ])('%s', async (_, serverOptions, source, password, target) => {
    const server = await start(serverOptions);
    const { id, digest, options, restoring } = await backUpAndDamage(server, source, password);
    const damaged = await digestOf(server);
    expect(damaged).not.toBe(digest);

    const ended = await restore(restoring(target));
    expect(ended.stderr).not.toContain('"level":"error"');
    expect(ended.code).toBe(0);
    expect(await digestOf(server)).toBe(digest);
    expect(Number(await server.cli(['ttl', 'temporary']))).toBeGreaterThan(900_000);
    expect(await roleOf(server)).toBe('master');
    expect(ended.result).toMatchObject({ event: 'restore.finished', id, holds: expect.stringContaining(`holds ${id}, 5007 keys`) });
    await server.cli(['set', 'writable', 'again']);

    // What was there is a backup, and not the latest.
    const listed = await list(options);
    expect(listed.latest).toBe(id);
    expect(listed.backups.map(({ suspect }) => suspect)).toEqual([null, `it is what was there before the restore of ${id}`]);
    if (password !== undefined) expect(ended.stdout + ended.stderr).not.toContain(`"${password}"`);
  });

  test.each<[string, RedisOptions]>([['without AOF', {}], ['with AOF', { aof: true }]])('also after it was killed and started again, %s', async (_, serverOptions) => {
    const server = await start(serverOptions);
    const { digest, restoring } = await backUpAndDamage(server);
    expect((await restore(restoring())).code).toBe(0);
    await server.kill9();
    const again = await startRedis({ ...serverOptions, directory: server.directory });
    servers.push(again);
    expect(await digestOf(again)).toBe(digest);
    expect(await roleOf(again)).toBe('master');
  });

  test('and so do its replicas', async () => {
    const server = await start();
    const replica = await start({ config: [`replicaof 127.0.0.1 ${server.port}`] });
    await until('the replica follows', 20_000, async () => (await replica.cli(['info', 'replication'])).includes('master_link_status:up'));
    const { digest, restoring } = await backUpAndDamage(server);
    const plan = await run(['restore', '--dry-run'], restoring());
    expect(plan.result).toMatchObject({ notes: expect.arrayContaining([expect.stringContaining('1 replicas follow')]) });
    expect((await restore(restoring())).code).toBe(0);
    expect(await digestOf(server)).toBe(digest);
    await until('the replica holds it too', 20_000, async () => await digestOf(replica) === digest);
  });
});

test('a plan changes nothing', async () => {
  const server = await start({ aof: true });
  const { id, restoring } = await backUpAndDamage(server);
  const damaged = await digestOf(server);
  const plan = await run(['restore', '--dry-run'], restoring());
  expect(plan.code).toBe(0);
  expect(plan.result).toMatchObject({
    event: 'restore.plan',
    id,
    missing: [],
    replaces: expect.stringMatching(/^4008 keys in redis 127\.0\.0\.1:\d+, /),
    steps: [
      expect.stringContaining('.rdb.zst'), expect.stringContaining('has the databases and modules that it needs'), expect.stringContaining('as a backup of app'),
      expect.stringContaining('a replica of the runner'), expect.stringContaining('AOF is rewritten'),
    ],
  });
  expect(await digestOf(server)).toBe(damaged);
  expect(await roleOf(server)).toBe('master');
});

test('without a safety backup nothing is stored', async () => {
  const server = await start();
  const { digest, options, restoring } = await backUpAndDamage(server);
  expect((await restore(restoring({ safetyBackup: false }))).result).toMatchObject({ previous: null });
  expect(await digestOf(server)).toBe(digest);
  expect((await list(options)).backups).toHaveLength(1);
  expect(await run(['rollback', '--yes'], restoring())).toMatchObject({ code: 15 });
});

test('the config of the backup itself restores to where the backup comes from', async () => {
  const server = await start();
  const { digest, options } = await backUpAndDamage(server);
  expect((await restore(options)).code).toBe(0);
  expect(await digestOf(server)).toBe(digest);
});

async function start(options: RedisOptions = {}): Promise<RedisServer> {
  const server = await startRedis(options);
  servers.push(server);
  return server;
}
