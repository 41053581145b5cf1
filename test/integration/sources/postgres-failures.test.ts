import { once } from 'node:events';
import { chownSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { makeShop, sourceFor, useClients, useFake } from './_postgres';
import { ExitCode } from '../../../src/contract/exit-code';
import { OpenDump, Source } from '../../../src/runner/engine-api/source';
import { failureOf, GZIP, NO_ABORT, NONE, takeAll, takeFirst, ZSTD } from '../../runner/engines/_dump';
import { freePort, startProcess, tempDir, until } from '../servers/_process';
import { PostgresServer, serverUser, startPostgres } from '../servers/postgres';

const directory = tempDir('postgres-failures');
let server: PostgresServer;

beforeAll(async () => {
  useClients();
  server = await startPostgres({ major: 17, access: ['host closed all 127.0.0.1/32 reject'] });
  await makeShop(server);
  await server.psql('create database closed');
  await server.psql('create role backup login password \'p\'; grant pg_read_all_data to backup');
});
afterAll(async () => {
  await server?.stop();
  rmSync(directory, { recursive: true });
});
afterEach(() => useClients());

describe('the server does not let us', () => {
  test('a wrong password', async () => {
    const error = await failureOf(sourceFor(server, {}, 'wrong').inspect(ZSTD, NO_ABORT));
    expect(error.exitCode).toBe(ExitCode.DENIED);
    expect(error.message).toContain(`postgres 127.0.0.1:${server.port}, database shop, role postgres: `);
    expect(error.message).toContain('check that the password in the Secret is that of the role "postgres"');
    expect(error.message).not.toContain('wrong');
  });

  test.each([
    ['no password', { passwordEnv: null }, ExitCode.DENIED, 'no password supplied'],
    ['an unknown role', { user: 'nobody' }, ExitCode.DENIED, 'check that the password'],
    ['an unknown database', { databaseName: 'shoq' }, ExitCode.NOT_FOUND, 'database "shoq" does not exist: check the name of the database'],
    ['a host that is not let in', { databaseName: 'closed' }, ExitCode.DENIED, 'pg_hba.conf'],
    ['a server without TLS', { tls: { mode: 'require', caFile: null } }, ExitCode.BAD_CONFIG, 'check the TLS mode'],
    ['a host without a name', { host: 'no-such-host.invalid' }, ExitCode.UNAVAILABLE, 'check the host'],
  ] as const)('%s', async (_, options, exitCode, message) => {
    const error = await failureOf(sourceFor(server, options).inspect(ZSTD, NO_ABORT));
    expect(error).toMatchObject({ exitCode });
    expect(error.message).toContain(message);
  });

  test('a port where nobody listens', async () => {
    const error = await failureOf(sourceFor(server, { port: await freePort() }).inspect(ZSTD, NO_ABORT));
    expect(error).toMatchObject({ exitCode: ExitCode.UNAVAILABLE });
    expect(error.message).toContain('Connection refused');
  });

  test('a connection pooler is called one', async () => {
    const port = await freePort();
    const folder = tempDir('pgbouncer');
    const files = { config: join(folder, 'pgbouncer.ini'), users: join(folder, 'users.txt'), log: join(folder, 'log') };
    writeFileSync(files.users, '"postgres" "pooled"\n');
    writeFileSync(files.config, [
      '[databases]', `* = host=127.0.0.1 port=${server.port}`, '[pgbouncer]', 'listen_addr = 127.0.0.1', `listen_port = ${port}`, 'unix_socket_dir =',
      'auth_type = plain', `auth_file = ${files.users}`, 'pool_mode = transaction', '',
    ].join('\n'));
    const user = serverUser();
    if (user) for (const file of [folder, files.config, files.users]) chownSync(file, user.uid, user.gid);
    const pooler = await startProcess({ ...user, file: '/usr/sbin/pgbouncer', args: [files.config], logFile: files.log, readiness: () => listens(port), timeoutMs: 10_000 });
    const error = await failureOf(sourceFor(server, { port }, 'pooled').inspect(ZSTD, NO_ABORT));
    await pooler.stop();
    expect(error).toMatchObject({ exitCode: ExitCode.BAD_CONFIG });
    expect(error.message).toContain('this is a connection pooler such as pgbouncer');
    expect(error.message).toContain('give host and port of the PostgreSQL server itself');
  });

  test('a server that speaks another language, or none', async () => {
    const deaf = createServer(socket => socket.once('data', () => socket.end('E\0\0\0\u0018SFATAL\0Mnicht heute\0\0'))).listen(0, '127.0.0.1');
    await once(deaf, 'listening');
    const { port } = deaf.address() as { port: number };
    await expect(sourceFor(server, { port, tls: { mode: 'disable', caFile: null } }).inspect(ZSTD, NO_ABORT)).rejects.toMatchObject({ exitCode: ExitCode.UNAVAILABLE });
    deaf.close();
  });

  test('tables that the role may not read are named, with the way out', async () => {
    await server.psql('create role clerk login password \'p\'; create role fine login password \'p\'');
    await server.psql('grant select on all tables in schema public to clerk; grant select on all sequences in schema public to clerk', 'shop');
    const error = await failureOf(sourceFor(server, { user: 'clerk' }, 'p').inspect(ZSTD, NO_ABORT));
    expect(error.exitCode).toBe(ExitCode.DENIED);
    expect(error.message).toBe(`postgres 127.0.0.1:${server.port}, database shop: role "clerk" may not read ` +
      'sales.orders, sales.orders_2025, sales.orders_2026: GRANT pg_read_all_data TO "clerk"');

    // Rights on the table alone are not enough, and those on the schema alone neither.
    await server.psql('grant select on all tables in schema sales to clerk', 'shop');
    await expect(sourceFor(server, { user: 'clerk' }, 'p').inspect(ZSTD, NO_ABORT)).rejects.toMatchObject({ exitCode: ExitCode.DENIED });
    await server.psql('grant usage on schema sales to clerk; revoke select on users from clerk', 'shop');
    await expect(sourceFor(server, { user: 'clerk' }, 'p').inspect(ZSTD, NO_ABORT)).rejects.toThrow('may not read public.users: GRANT');
    // What is not dumped need not be readable.
    await sourceFor(server, { user: 'clerk', includeSchemas: ['sales'] }, 'p').inspect(ZSTD, NO_ABORT);
  });

  test('rows that a policy hides', async () => {
    await server.psql('create table secrets (owner name); alter table secrets enable row level security', 'shop');
    const error = await failureOf(sourceFor(server, { user: 'backup', excludeSchemas: ['none'] }, 'p').inspect(ZSTD, NO_ABORT));
    expect(error.exitCode).toBe(ExitCode.DENIED);
    expect(error.message).toContain('does not see all rows of public.secrets, which have row-level security: ALTER ROLE "backup" BYPASSRLS');
    await server.psql('alter role backup bypassrls; ');
    await server.psql('grant select on large object 4711 to backup', 'shop');
    await takeAll(sourceFor(server, { user: 'backup' }, 'p'));
    await server.psql('drop table secrets', 'shop');
  });

  test('a database that somebody has closed: the command that opens it, and no retry', async () => {
    await server.psql('create database "Shut ""it"""');
    await server.psql('alter database "Shut ""it""" allow_connections false');
    const error = await failureOf(sourceFor(server, { databaseName: 'Shut "it"' }).inspect(ZSTD, NO_ABORT));
    expect(error.exitCode).toBe(ExitCode.DENIED);
    expect(error.message).toContain('ALTER DATABASE "Shut ""it""" ALLOW_CONNECTIONS true opens it, for its owner or a superuser in another database');
    await server.psql('drop database "Shut ""it"""');
  });

  test('a database that the role may not connect to, among all', async () => {
    await server.psql('drop database closed');
    await server.psql('create database private');
    await server.psql('revoke connect on database private from public');
    await expect(sourceFor(server, { user: 'backup', databaseName: null }, 'p').inspect(ZSTD, NO_ABORT))
      .rejects.toThrow('role "backup" may not connect: GRANT CONNECT ON DATABASE "private" TO "backup"');
    await server.psql('drop database private');
    await server.psql('create database closed');
  });
});

describe('a lock', () => {
  test.each([
    ['on a table', 'users'],
    ['on a partitioned table', 'sales.orders'],
  ])('%s is waited for no longer than the timeout', async (_, table) => {
    const holder = server.psql(`begin; lock table ${table}; select pg_sleep(60)`, 'shop').catch(() => {});
    await until('the lock is held', 10_000, async () => await server.psql('select count(*) from pg_locks where mode = \'AccessExclusiveLock\' and granted') !== '0');
    const error = await failureOf(takeFirst(sourceFor(server, { lockTimeoutSeconds: 1 })));
    expect(error.exitCode).toBe(ExitCode.UNAVAILABLE);
    expect(error.message).toContain('somebody held a lock on a table for longer than the lock timeout');
    await server.psql('select pg_terminate_backend(pid) from pg_stat_activity where query like \'%pg_sleep(60)%\' and pid <> pg_backend_pid()');
    await holder;
  });
});

describe('pg_dump', () => {
  test.each([
    ['says nothing and succeeds', 'exit 0', 'pg_dump ended without an error but wrote nothing'],
    ['says something else and succeeds', 'echo hello', 'pg_dump ended without an error but wrote something that is no archive'],
    ['stops half way', '"$REAL" "$@" | head -c 20000; exit 1', 'ended with exit code 1'],
  ])('%s', async (_, script, message) => {
    useFake(directory, 'pg_dump', script);
    const error = await failureOf(takeFirst(sourceFor(server)));
    expect(error.exitCode).toBe(ExitCode.FAILED);
    expect(error.message).toContain(message);
  });

  test('is missing in the version of the server', async () => {
    process.env.PATH = directory;
    await expect(sourceFor(server).inspect(ZSTD, NO_ABORT)).rejects.toThrow(/pg_dump 15\.\d+ can't dump a server of version 17\..*install PostgreSQL's client 17/);
  });

  test('pg_dumpall says nothing and succeeds', async () => {
    useFake(directory, 'pg_dumpall', 'exit 0');
    await expect(takeAll(sourceFor(server, { globals: true }))).rejects.toThrow('pg_dumpall ended without an error but wrote nothing');
  });

  // pg_dumpall tells no reason, in no language.
  test.each<[string, string, ExitCode, string]>([
    ['a password that has just been changed', '"$(dirname "$REAL")/psql" -qd postgres -c "alter role dumper password \'changed\'"; exec "$REAL" "$@"', ExitCode.DENIED, 'check that the password in the Secret is that of the role "dumper"'],
    ['a server that does not answer for a moment', 'PGPORT=1 exec "$REAL" "$@"', ExitCode.UNAVAILABLE, 'a moment later it lets the role in'],
  ])('pg_dumpall finds %s', async (_, script, exitCode, wayOut) => {
    await server.psql('drop role if exists dumper; create role dumper superuser login password \'p\'');
    useFake(directory, 'pg_dumpall', script);
    await expect(takeAll(sourceFor(server, { globals: true, user: 'dumper' }, 'p'))).rejects.toMatchObject({
      exitCode, message: expect.stringMatching(new RegExp(`database shop, role dumper: connection failed: FATAL: {2}pg_dumpall tells no reason: .*${wayOut}`)),
    });
  });

  test('finds the server gone half way', async () => {
    const other = await startPostgres({ major: 17 });
    try {
      const { stream } = await openHalf(sourceFor(await withBigTable(other), { databaseName: 'postgres' }));
      await other.kill9();
      const error = await failureOf(stream.toArray());
      expect(error.exitCode).toBe(ExitCode.UNAVAILABLE);
      expect(error.message).toContain('check that the server runs');
    } finally {
      await other.stop();
    }
  });

  async function withBigTable(on: PostgresServer = server): Promise<PostgresServer> {
    // More than all pipes and sockets between the server and us hold.
    await on.psql(`
      drop table if exists big;
      create table big (x text);
      alter table big alter x set storage external;
      insert into big select repeat(md5(i::text), 2000) from generate_series(1, 1000) i;
    `, on === server ? 'shop' : 'postgres');
    return on;
  }

  async function openHalf(source: Source, signal = NO_ABORT): Promise<OpenDump> {
    const [dump] = (await source.inspect(NONE, NO_ABORT)).dumps;
    const opened = await dump!.open(signal);
    const [chunk] = await once(opened.stream, 'data');
    opened.stream.pause();
    opened.stream.unshift(chunk);
    return opened;
  }
});

test('arguments never hold the password', async () => {
  useFake(directory, 'pg_dump', `echo "$@" > '${directory}/arguments'; exec "$REAL" "$@"`);
  await takeFirst(sourceFor(server));
  expect(readFileSync(join(directory, 'arguments'), 'utf8')).toContain('--format=custom');
  expect(readFileSync(join(directory, 'arguments'), 'utf8')).not.toContain(server.password);
});

test('more tables than the server can lock are told before the dump, and by name where it fails', async () => {
  const small = await startPostgres({ major: 17, settings: ['max_locks_per_transaction = 10', 'max_connections = 10'] });
  try {
    await small.psql('create database shop');
    for (let from = 0; from < 3000; from += 50) {
      await small.psql(`do $$ begin for i in ${from}..${from + 49} loop execute 'create table a_table_with_quite_a_long_name_' || i || ' (id int)'; end loop; end $$`, 'shop');
    }
    const inspection = await sourceFor(small).inspect(GZIP, NO_ABORT);
    expect(inspection.warnings).toEqual([expect.stringMatching(/database shop: a dump locks all of its 3000 tables at once, .*about 100 locks: raise its max_locks_per_transaction/)]);
    const error = await failureOf(takeFirst(sourceFor(small)));
    expect(error.message).toMatch(/database shop, .*out of shared memory: .*raise its max_locks_per_transaction/);
    expect(error.message.length).toBeLessThan(400);
  } finally {
    await small.stop();
  }
});

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.destroy();
  return true;
}
