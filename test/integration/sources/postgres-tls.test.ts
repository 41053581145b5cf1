import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeShop, sourceFor, useClients } from './_postgres';
import { ExitCode } from '../../../src/contract/exit-code';
import { openSource } from '../../../src/runner/engines/open';
import { failureOf, NO_ABORT, takeAll, takeFirst, ZSTD } from '../../runner/engines/_dump';
import { Authority, issueCertificate, makeAuthority } from '../servers/_certificate';
import { tempDir } from '../servers/_process';
import { PostgresServer, startPostgres } from '../servers/postgres';

const directory = tempDir('postgres-tls');
let authority: Authority;
let server: PostgresServer;

beforeAll(async () => {
  useClients();
  authority = makeAuthority(directory);
  server = await startPostgres({
    major: 17,
    tls: issueCertificate(authority, 'server', ['IP:127.0.0.1']), // and not localhost
    access: ['hostnossl all all 0.0.0.0/0 reject'],
  });
  await makeShop(server);
});
afterAll(async () => {
  await server?.stop();
  rmSync(directory, { recursive: true });
});
afterEach(() => useClients());

test.each(['require', 'verify-ca', 'verify-full'] as const)('dumps in mode %s', async mode => {
  const { bytes } = await takeFirst(sourceFor(server, { tls: { mode, caFile: join(directory, 'ca.crt') } }));
  expect(bytes.subarray(0, 5).toString()).toBe('PGDMP');
});

test('does without TLS where it is told to, and the server then refuses', async () => {
  await expect(takeFirst(sourceFor(server, { tls: { mode: 'disable', caFile: null } }))).rejects.toMatchObject({ exitCode: ExitCode.DENIED });
});

test('refuses the certificate of another authority', async () => {
  const other = tempDir('postgres-tls-other');
  const { caFile } = makeAuthority(other);
  const error = await failureOf(sourceFor(server, { tls: { mode: 'verify-full', caFile } }).inspect(ZSTD, NO_ABORT));
  expect(error.exitCode).toBe(ExitCode.BAD_CONFIG);
  expect(error.message).toContain('certificate verify failed');
  expect(error.message).toContain('check the TLS mode, that the CA file is the authority of the server\'s certificate (PostgresTls.verifyFull(ca))');
  rmSync(other, { recursive: true });
});

test('refuses a certificate for another host', async () => {
  const tls = { mode: 'verify-full', caFile: authority.caFile } as const;
  await expect(sourceFor(server, { host: 'localhost', tls }).inspect(ZSTD, NO_ABORT)).rejects.toMatchObject({ exitCode: ExitCode.BAD_CONFIG });
});

test('refuses a missing CA file', async () => {
  const error = await failureOf(sourceFor(server, { tls: { mode: 'verify-full', caFile: join(directory, 'missing.crt') } }).inspect(ZSTD, NO_ABORT));
  expect(error).toMatchObject({ exitCode: ExitCode.BAD_CONFIG });
});

describe('without a CA file', () => {
  const tls = { mode: 'verify-full', caFile: null } as const;

  test('trusts the roots of the system', async () => {
    await expect(sourceFor(server, { tls }).inspect(ZSTD, NO_ABORT)).rejects.toThrow('certificate verify failed');
    // What an image would set whose roots are in an unusual place.
    const config = { engine: 'postgres', databaseName: 'shop', user: server.superuser, passwordEnv: 'P', tls, globals: false, lockTimeoutSeconds: 5 } as const;
    const filters = { includeSchemas: [], excludeSchemas: [], includeTables: [], excludeTables: [] };
    const env = { P: server.password, SSL_CERT_FILE: authority.caFile };
    const source = openSource({ ...config, ...filters, host: server.host, port: server.port }, env, { directory: '/nowhere', limitBytes: null });
    expect((await takeFirst(source)).bytes.length).toBeGreaterThan(0);
  });

  test('pg_dump 15, which can\'t be told to trust them, takes them as a file', async () => {
    const fifteen = await startPostgres({ major: 15, tls: issueCertificate(authority, 'fifteen', ['IP:127.0.0.1']), access: ['hostnossl all all 0.0.0.0/0 reject'] });
    try {
      await makeShop(fifteen);
      process.env.SSL_CERT_FILE = authority.caFile;
      const { inspection, dumps: [taken] } = await takeAll(sourceFor(fifteen, { tls }));
      expect(inspection.tools.pg_dump).toMatch(/^15\./);
      expect(taken!.bytes.length).toBeGreaterThan(0);
      process.env.SSL_CERT_FILE = join(directory, 'missing');
      await expect(takeAll(sourceFor(fifteen, { tls }))).rejects.toThrow(/certificate verify failed|wants the roots of the system as a file/);
    } finally {
      delete process.env.SSL_CERT_FILE;
      await fifteen.stop();
    }
  });

  test('asks for one where anything else would be no check', async () => {
    await expect(sourceFor(server, { tls: { mode: 'verify-ca', caFile: null } }).inspect(ZSTD, NO_ABORT)).rejects.toMatchObject({
      exitCode: ExitCode.BAD_CONFIG,
      message: expect.stringContaining('give it the CA, or use verify-full'),
    });
  });
});
