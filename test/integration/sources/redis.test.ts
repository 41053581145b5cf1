import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { createServer, Socket } from 'node:net';
import { checkRdb, digestAfterLoading, fill, sourceFor } from './_redis';
import { ExitCode } from '../../../src/contract/exit-code';
import { failureOf, NO_ABORT, NONE, takeAll, takeFirst } from '../../runner/engines/_dump';
import { issueCertificate, makeAuthority } from '../servers/_certificate';
import { freePort, tempDir, until } from '../servers/_process';
import { RedisOptions, RedisServer, startRedis } from '../servers/redis';

const RIGHTS = '+ping +info +psync +replconf'; // what the documentation and the messages ask for
const directory = tempDir('redis-source');
const authority = makeAuthority(directory);
const certificate = issueCertificate(authority, 'localhost', ['DNS:localhost', 'IP:127.0.0.1']);
const servers: RedisServer[] = [];

afterAll(async () => {
  await Promise.all(servers.map(server => server.stop()));
  rmSync(directory, { recursive: true });
});

describe('a snapshot', () => {
  test.each<[string, RedisOptions, Parameters<typeof sourceFor>[1], string | null]>([
    ['without AOF', {}, {}, null],
    ['with AOF', { aof: true }, {}, null],
    ['with a password', { password: 'pass-word' }, {}, 'pass-word'],
    ['of an ACL user with the least rights', { users: [`backup on >p ${RIGHTS}`] }, { user: 'backup' }, 'p'],
    ['by way of a file on the server\'s disk', { config: ['repl-diskless-sync no'] }, {}, null],
    ['after the delay that servers have by default', { config: ['repl-diskless-sync-delay 5'] }, {}, null],
    ['over TLS', { tls: { authority, certificate } }, { tls: { caFile: authority.caFile } }, null],
    ['over TLS, of a host with a name', { tls: { authority, certificate } }, { host: 'localhost', tls: { caFile: authority.caFile } }, null],
  ])('%s is whole and loads as it was', async (_, serverOptions, options, password) => {
    const server = await start(serverOptions);
    await fill(server);
    const { inspection, dumps: [taken] } = await takeAll(sourceFor(server, options, password));
    expect(inspection.source).toEqual({
      engine: 'redis', serverVersion: expect.stringMatching(/^\d+\.\d+\.\d+$/), address: `${options!.host ?? server.host}:${server.port}`, database: null,
    });
    expect(taken).toMatchObject({
      dump: { role: 'data', part: null, extension: 'rdb', database: null, compressedInside: null },
      counts: { precision: 'estimate', unit: 'keys', items: { 0: 5006, 3: 1 } },
      empty: false,
    });
    expect(taken!.dump.expectedBytes).toBeGreaterThan(taken!.bytes.length);
    expect(await checkRdb(taken!.bytes)).toContain('RDB looks OK!');
    expect(await digestAfterLoading(taken!.bytes)).toBe(await server.cli(['debug', 'digest']));
  });

  test('without a checksum, where the server writes none, is accepted', async () => {
    const server = await start({ config: ['rdbchecksum no'] });
    await fill(server);
    const { bytes } = await takeFirst(sourceFor(server));
    expect(bytes.subarray(-8)).toEqual(Buffer.alloc(8));
    expect(await digestAfterLoading(bytes)).toBe(await server.cli(['debug', 'digest']));
  });

  test('of a replica is taken, and refused once its master is gone', async () => {
    const master = await start();
    await fill(master);
    const replica = await start({ config: [`replicaof 127.0.0.1 ${master.port}`] });
    await until('the replica follows', 20_000, async () => (await replica.cli(['info', 'replication'])).includes('master_link_status:up'));
    expect(await digestAfterLoading((await takeFirst(sourceFor(replica))).bytes)).toBe(await master.cli(['debug', 'digest']));

    await master.stop();
    await until('the replica notices', 20_000, async () => (await replica.cli(['info', 'replication'])).includes('master_link_status:down'));
    await expect(sourceFor(replica).inspect(NONE, NO_ABORT)).rejects.toMatchObject({
      exitCode: ExitCode.UNAVAILABLE,
      message: expect.stringContaining('is a replica that has lost its master'),
    });
  });
});

describe('fails', () => {
  test.each<[string, RedisOptions, Parameters<typeof sourceFor>[1], string | null, ExitCode, string]>([
    ['with a wrong password', { password: 'right' }, {}, 'wrong', ExitCode.DENIED, 'check the user and the password in the Secret'],
    ['with a wrong password of an ACL user', { users: ['backup on >p +@all'] }, { user: 'backup' }, 'wrong', ExitCode.DENIED, 'to user "backup"'],
    ['without the password', { password: 'right' }, {}, null, ExitCode.DENIED, 'it wants a password'],
    ['with a password where there is none', {}, {}, 'needless', ExitCode.DENIED, 'the server has no password'],
    ['without the right to look', { users: ['backup on >p +ping'] }, { user: 'backup' }, 'p', ExitCode.DENIED, RIGHTS],
    ['without the right to replicate', { users: ['backup on >p +ping +info'] }, { user: 'backup' }, 'p', ExitCode.DENIED, RIGHTS],
    ['on one shard of a cluster', { config: ['cluster-enabled yes'] }, {}, null, ExitCode.BAD_CONFIG, 'is one shard of a cluster'],
    ['where replication is forbidden', { config: ['rename-command PSYNC ""'] }, {}, null, ExitCode.BAD_CONFIG, 'use the service\'s own snapshots'],
    ['on a certificate of another authority', { tls: { authority, certificate } }, { tls: { caFile: null } }, null, ExitCode.BAD_CONFIG, '(RedisTls.trusting(ca))'],
    ['on a CA file that is not there', { tls: { authority, certificate } }, { tls: { caFile: '/missing' } }, null, ExitCode.BAD_CONFIG, 'can\'t be read'],
    ['where the server speaks no TLS', {}, { tls: { caFile: authority.caFile } }, null, ExitCode.UNAVAILABLE, 'that the port speaks TLS'],
    ['where the server speaks TLS only', { tls: { authority, certificate } }, {}, null, ExitCode.UNAVAILABLE, 'whether the port wants TLS'],
  ])('%s', async (_, serverOptions, options, password, exitCode, message) => {
    const error = await failureOf(takeFirst(sourceFor(await start(serverOptions), options, password)));
    expect(error.message).toContain(message);
    expect(error).toMatchObject({ exitCode });
    expect(error.message).toMatch(/^redis \S+:\d+/);
    if (password !== null) expect(error.message).not.toContain(`"${password}"`);
  });

  test('where the server asks for client certificates', async () => {
    const server = await start({ tls: { authority, certificate } });
    await server.cli(['config', 'set', 'tls-auth-clients', 'yes']);
    const error = await failureOf(sourceFor(server, { tls: { caFile: authority.caFile } }).inspect(NONE, NO_ABORT));
    expect(error.message).toContain('asks for a client certificate');
    expect(error).toMatchObject({ exitCode: ExitCode.BAD_CONFIG });
  });

  test('where nobody listens', async () => {
    const server = await start();
    await expect(sourceFor(server, { port: await freePort() }).inspect(NONE, NO_ABORT)).rejects.toMatchObject({ exitCode: ExitCode.UNAVAILABLE });
    await expect(sourceFor(server, { host: 'no-such-host.invalid' }).inspect(NONE, NO_ABORT)).rejects.toMatchObject({ exitCode: ExitCode.UNAVAILABLE });
  });

  test('where the server agrees and then sends nothing, as a Valkey that can\'t write for a replica: that is no server that can\'t be reached', async () => {
    const answers: { readonly [command: string]: string } = {
      PING: '+PONG', INFO: '$15\r\nredis_version:7', GET: '$-1', REPLCONF: '+OK', PSYNC: `+FULLRESYNC ${'0'.repeat(40)} 0`,
    };
    const refusing = createServer(socket => {
      socket.on('error', () => {}).on('data', data => {
        const command = data.toString().split('\r\n')[2]!; // one comes at a time
        socket.write(`${answers[command]}\r\n`);
        if (command === 'PSYNC') socket.end();
      });
    }).listen(0, '127.0.0.1');
    await once(refusing, 'listening');
    const server = { host: '127.0.0.1', port: (refusing.address() as { port: number }).port } as RedisServer;
    const error = await failureOf(takeFirst(sourceFor(server)));
    refusing.close();
    expect(error.message).toMatch(/agreed to send a snapshot, and ended the connection before the first byte of it .*its log says why/);
    expect(error.message).not.toContain('reached');
  });

  test('while the server loads its data', async () => {
    const server = await start({ aof: true, config: ['key-load-delay 10000', 'loading-process-events-interval-bytes 1024'] });
    await server.cli(['eval', 'for i = 1, 2000 do redis.call(\'set\', i, i) end', '0']);
    const reload = server.cli(['debug', 'reload']).catch(() => {});
    await until('it loads', 10_000, async () => (await server.cli(['info', 'persistence'])).includes('loading:1'));
    await expect(sourceFor(server).inspect(NONE, NO_ABORT)).rejects.toMatchObject({
      exitCode: ExitCode.UNAVAILABLE,
      message: expect.stringContaining('loading'),
    });
    await server.kill9();
    await reload;
  });

  test('when the server is killed half way', async () => {
    const server = await start();
    const stream = await openHalf(server);
    await server.kill9();
    const error = await failureOf(stream.toArray());
    expect(error).toMatchObject({ exitCode: ExitCode.UNAVAILABLE });
    expect(error.message).toContain('went away');
  });

  test('when the process that sends is killed half way', async () => {
    const server = await start();
    const stream = await openHalf(server);
    const child = readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8').trim();
    process.kill(Number(child), 'SIGKILL');
    await expect(stream.toArray()).rejects.toMatchObject({ exitCode: ExitCode.UNAVAILABLE });
  });

  test('at once on an abort while the server says nothing', async () => {
    const sockets: Socket[] = [];
    const silent = createServer(socket => sockets.push(socket)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const abort = new AbortController();
    const server = { host: '127.0.0.1', port: (silent.address() as { port: number }).port } as RedisServer;
    const inspecting = sourceFor(server).inspect(NONE, abort.signal);
    await once(silent, 'connection');
    abort.abort(new Error('stop'));
    await expect(inspecting).rejects.toThrow('stop');
    sockets.forEach(socket => socket.destroy());
    silent.close();
  });

  /** Begins a snapshot that is bigger than what is on its way at any time. */
  async function openHalf(server: RedisServer, signal = NO_ABORT) {
    await server.cli(['debug', 'populate', '3000', 'big', '30000']);
    await server.cli(['config', 'set', 'rdbcompression', 'no']);
    const { dumps: [dump] } = await sourceFor(server).inspect(NONE, NO_ABORT);
    const { stream } = await dump!.open(signal);
    const [chunk] = await once(stream, 'data');
    stream.pause();
    stream.unshift(chunk);
    return stream;
  }
});

async function start(options: RedisOptions = {}): Promise<RedisServer> {
  const server = await startRedis(options);
  servers.push(server);
  return server;
}
