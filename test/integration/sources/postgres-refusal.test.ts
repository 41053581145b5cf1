import { once } from 'node:events';
import { createServer, Socket } from 'node:net';
import { refusalOf } from '../../../src/runner/engines/postgres/refusal';
import { Authority, issueCertificate, makeAuthority } from '../servers/_certificate';
import { freePort, tempDir } from '../servers/_process';
import { PostgresServer, startPostgres } from '../servers/postgres';

/* The code of a refused login, of which libpq shows the text only. */

const NO_ABORT = new AbortController().signal;
let authority: Authority;
let server: PostgresServer;

beforeAll(async () => {
  authority = makeAuthority(tempDir('refusals'));
  server = await startPostgres({
    major: 15,
    tls: issueCertificate(authority, 'server', ['IP:127.0.0.1']),
    access: ['hostnossl encrypted all all reject', 'host all md5 all md5', 'host all plain all password', 'host shut all all reject'],
  });
  await server.psql('create role plain login password \'p\'; create role scram login password \'Straße\'; create role nobody password \'p\'');
  await server.psql('set password_encryption = md5; create role md5 login password \'p\'');
  await server.psql('create database closed allow_connections false');
  await server.psql('create database encrypted');
  await server.psql('create database private');
  await server.psql('revoke connect on database private from public');
});

afterAll(() => server?.stop());

function refusal(user: string, password: string | null, database: string, mode: 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full' = 'prefer', port = server.port) {
  return refusalOf({ host: '127.0.0.1', port, user, password, database, tls: { mode, caFile: mode.startsWith('verify') ? authority.caFile : null } }, NO_ABORT);
}

describe.each([['SCRAM', 'scram', 'Straße'], ['MD5', 'md5', 'p'], ['a plain password', 'plain', 'p']])('with %s', (_, user, password) => {
  test.each([
    ['a wrong password', 'postgres', 'wrong', '28P01'],
    ['a database that is missing', 'missing', password, '3D000'],
    ['a database that accepts no connections', 'closed', password, '55000'],
    ['a database that the role may not connect to', 'private', password, '42501'],
    ['nothing that is wrong any more', 'postgres', password, '00000'],
  ])('%s', async (_what, database, given, state) => {
    expect(await refusal(user, given, database)).toBe(state);
  });
});

test.each([
  ['a role that may not log in', 'nobody', 'p', 'postgres', '28000'],
  ['a line of pg_hba.conf', 'scram', 'Straße', 'shut', '28000'],
  ['no password', 'scram', null, 'postgres', undefined],
] as const)('%s', async (_, user, password, database, state) => {
  expect(await refusal(user, password, database)).toBe(state);
});

test('uses TLS as libpq does, and goes on nowhere with a certificate that this would refuse', async () => {
  expect(await refusal('scram', 'wrong', 'encrypted', 'disable')).toBe('28000');
  for (const mode of ['prefer', 'require', 'verify-ca', 'verify-full'] as const) {
    expect([mode, await refusal('scram', 'wrong', 'encrypted', mode)]).toEqual([mode, '28P01']);
  }
  const other = makeAuthority(tempDir('other')).caFile;
  expect(await refusalOf({ host: '127.0.0.1', port: server.port, user: 'scram', password: 'wrong', database: 'encrypted', tls: { mode: 'verify-ca', caFile: other } }, NO_ABORT)).toBeUndefined();
});

test.each<[string, (socket: Socket) => unknown]>([
  ['says nothing', () => {}],
  ['hangs up', socket => socket.end()],
  ['speaks HTTP', socket => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ['announces 2 GB', socket => socket.write(Buffer.from([0x45, 0x7f, 0xff, 0xff, 0xff]))],
  ['announces less than nothing', socket => socket.write(Buffer.from([0x52, 0xff, 0xff, 0xff, 0xff]))],
  ['asks for a password in a message without one', socket => socket.write(Buffer.from([0x52, 0, 0, 0, 4]))],
  ['wants a proof that takes days', socket => {
    const first = Buffer.from('\0\0\0\x0br=x,s=AAAA,i=9999999');
    socket.write(Buffer.concat([Buffer.from([0x52, 0, 0, 0, first.length + 4]), first]));
  }],
  ['sends an error without a code', socket => socket.end('E\0\0\0\u0018SFATAL\0Mnicht heute\0\0')],
])('is at a loss, and says so, where a server %s', async (_, answer) => {
  const sockets: Socket[] = [];
  const hostile = createServer(socket => {
    sockets.push(socket.on('error', () => {}));
    socket.once('data', () => answer(socket));
  }).listen(0, '127.0.0.1');
  await once(hostile, 'listening');
  expect(await refusal('scram', 'p', 'postgres', 'disable', (hostile.address() as { port: number }).port)).toBeUndefined();
  for (const socket of sockets) socket.destroy();
  hostile.close();
});

test('nobody there, or no time left', async () => {
  expect(await refusal('scram', 'p', 'postgres', 'prefer', await freePort())).toBeUndefined();
  expect(await refusalOf({ host: '127.0.0.1', port: server.port, user: 'scram', password: 'x', database: 'x', tls: { mode: 'prefer', caFile: null } }, AbortSignal.abort())).toBeUndefined();
});
