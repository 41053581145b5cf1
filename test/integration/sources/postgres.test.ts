import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { contentsOf, makeShop, restore, run, sourceFor, useClients } from './_postgres';
import { ExitCode } from '../../../src/contract/exit-code';
import { failureOf, GZIP, NO_ABORT, NONE, takeAll, takeFirst, ZSTD } from '../../runner/engines/_dump';
import { tempDir } from '../servers/_process';
import { PostgresServer, startPostgres } from '../servers/postgres';

const directory = tempDir('postgres-source');
const ODD_NAME = 'Größe "1" = \'x\'';

afterAll(() => rmSync(directory, { recursive: true }));

describe.each([15, 16, 17, 18] as const)('a server of version %i, with the client of that version', major => {
  let server: PostgresServer;

  beforeAll(async () => {
    useClients();
    server = await startPostgres({ major });
    await makeShop(server);
    await server.psql('create role "Reader" login password \'p\'; create role owner nologin');
  });
  afterAll(() => server?.stop());

  // The client 16 of the tests was built without zstd; that of a distribution was not.
  test.each(major === 16 ? [GZIP, NONE] : [ZSTD, GZIP, NONE])('restores with the stock pg_restore of the server what was dumped with %j', async compression => {
    const { bytes, dump } = await takeFirst(sourceFor(server), compression);
    // pg_dump 15 knows no zstd.
    const expected = major === 15 && compression === ZSTD ? { algorithm: 'gzip', level: ZSTD.level } : compression;
    expect(dump).toMatchObject({ role: 'data', part: null, extension: 'dump', database: 'shop', compressedInside: expected });
    expect(dump.expectedBytes).toBeGreaterThan(bytes.length);

    const archive = join(directory, `${major}-${compression.algorithm}.dump`);
    writeFileSync(archive, bytes);
    const list = await run(major, 'pg_restore', ['--list', archive]);
    expect(list).toContain(major === 15 ? `Compression: ${expected.algorithm === 'none' ? 0 : expected.level}` : `Compression: ${expected.algorithm}`);
    expect(list).toContain(`Dumped by pg_dump version: ${major}.`);
    expect(list).toContain('TABLE DATA public users');

    const scratch = `scratch_${compression.algorithm}`;
    await restore(server, archive, scratch);
    expect(await contentsOf(server, scratch)).toBe(await contentsOf(server, 'shop'));
  });

  test('tells what it is, and estimates the rows of ordinary tables and of partitions', async () => {
    const { inspection, dumps: [taken] } = await takeAll(sourceFor(server));
    expect(inspection.source).toEqual({
      engine: 'postgres',
      serverVersion: expect.stringMatching(new RegExp(`^${major}\\.\\d+$`)),
      address: `127.0.0.1:${server.port}`,
      database: 'shop',
    });
    expect(inspection.tools).toEqual({ pg_dump: expect.stringMatching(new RegExp(`^${major}\\.\\d+$`)) });
    expect(inspection.warnings).toEqual([]);
    expect(taken!.empty).toBe(false);
    const { precision, unit, items } = taken!.counts!;
    expect({ precision, unit }).toEqual({ precision: 'estimate', unit: 'rows' });
    expect(items['public.users']).toBe(5000);
    expect(items['sales.orders_2025']! + items['sales.orders_2026']!).toBe(20_000);
    expect(Object.keys(items)).not.toContain('sales.orders');
  });

  test('dumps every database under its name, and then roles, last', async () => {
    await server.psql(`create database "${ODD_NAME.replaceAll('"', '""')}"`);
    await server.psql('create table t(x int)', ODD_NAME);
    const { inspection, dumps } = await takeAll(sourceFor(server, { databaseName: null, globals: true }));
    expect(inspection.source.database).toBeNull();
    const data = dumps.slice(0, -1);
    const names = data.map(({ dump }) => dump.part);
    expect(names).toContain(ODD_NAME);
    expect(names).toContain('shop');
    expect(names).not.toContain('template1');
    expect(names).toEqual([...names].sort((a, b) => Buffer.compare(Buffer.from(a!), Buffer.from(b!))));
    expect(data.map(({ dump }) => dump.database)).toEqual(names);

    const odd = join(directory, 'odd.dump');
    writeFileSync(odd, data[names.indexOf(ODD_NAME)]!.bytes);
    expect(await run(major, 'pg_restore', ['--list', odd])).toContain(`dbname: ${ODD_NAME}`);
    expect(data[names.indexOf(ODD_NAME)]!.empty).toBe(true);
    expect(data[names.indexOf('shop')]!.empty).toBe(false);

    const globals = dumps.at(-1)!;
    expect(globals.dump).toMatchObject({ role: 'globals', part: null, extension: 'globals.sql', database: null, compressedInside: null });
    expect(globals.counts).toBeNull();
    expect(globals.bytes.toString()).toMatch(/CREATE ROLE "Reader";/);
    expect(globals.bytes.toString()).toContain('SCRAM-SHA-256$');
    await server.psql(`drop database "${ODD_NAME.replaceAll('"', '""')}"`);
  });

  test('dumps what a role with pg_read_all_data may read, the hashes of passwords included', async () => {
    await server.psql('create role backup login password \'p\'; grant pg_read_all_data to backup');
    const withObject = sourceFor(server, { user: 'backup', globals: true }, 'p');
    await expect(withObject.inspect(ZSTD, NO_ABORT)).rejects.toThrow('may not read 1 large objects: GRANT SELECT ON LARGE OBJECT');
    await server.psql('grant select on large object 4711 to backup', 'shop');
    const { dumps: [data, globals] } = await takeAll(withObject);
    expect(data!.bytes.subarray(0, 5).toString()).toBe('PGDMP');
    expect(globals!.bytes.toString()).toContain('SCRAM-SHA-256$');
  });

  test('dumps roles without the hashes of their passwords for a role that may not see them', async () => {
    await server.psql('create role modest login password \'p\'');
    await server.psql('grant select on users to modest', 'shop');
    // The sequence comes along, though it is not named.
    await expect(sourceFor(server, { user: 'modest', includeTables: ['users'] }, 'p').inspect(ZSTD, NO_ABORT)).rejects.toThrow('may not read public.users_id_seq');
    await server.psql('grant select on sequence users_id_seq to modest', 'shop');
    const { dumps: [, globals] } = await takeAll(sourceFor(server, { user: 'modest', globals: true, includeTables: ['users'] }, 'p'));
    expect(globals!.bytes.toString()).toContain('CREATE ROLE "Reader"');
    expect(globals!.bytes.toString()).not.toContain('SCRAM-SHA-256$');
  });

  test('leaves out and takes in what the filters say, as pg_dump understands them', async () => {
    const tables = async (options: object) => {
      const { bytes, counts } = await takeFirst(sourceFor(server, options));
      const archive = join(directory, 'filtered.dump');
      writeFileSync(archive, bytes);
      const list = await run(major, 'pg_restore', ['--list', archive]);
      const dumped = [...list.matchAll(/ TABLE DATA (\S+) (.+) \S+$/gm)].map(([, schema, name]) => `${schema}.${name}`).sort();
      expect(Object.keys(counts!.items).sort()).toEqual(dumped);
      return dumped;
    };
    expect(await tables({ includeSchemas: ['SALES'] })).toEqual(['sales.orders_2025', 'sales.orders_2026']);
    expect(await tables({ excludeSchemas: ['sal*'] })).toEqual(['public.Odd "Näme"', 'public.users']);
    expect(await tables({ excludeTables: ['sales.orders_202?', '"Odd*"'] })).toEqual(['public.Odd "Näme"', 'public.users']);
    expect(await tables({ includeTables: ['"Odd ""Näme"""', 'sales.*_2025'] })).toEqual(['public.Odd "Näme"', 'sales.orders_2025']);
    await expect(takeFirst(sourceFor(server, { includeTables: ['users', 'userz'] }))).rejects.toMatchObject({ exitCode: ExitCode.NOT_FOUND });
    await expect(takeFirst(sourceFor(server, { includeTables: ['users'], databaseName: null }))).rejects.toMatchObject({ exitCode: ExitCode.BAD_CONFIG });
  });

  test('a database without rows is empty', async () => {
    await server.psql('create database bare');
    expect(await takeFirst(sourceFor(server, { databaseName: 'bare' }))).toMatchObject({ empty: true, counts: { items: {} } });
    await server.psql('create table t(x int)', 'bare');
    expect(await takeFirst(sourceFor(server, { databaseName: 'bare' }))).toMatchObject({ empty: true });
    await server.psql('insert into t values (1)', 'bare');
    expect(await takeFirst(sourceFor(server, { databaseName: 'bare' }))).toMatchObject({ empty: false });
  });
});

describe('versions that do not fit', () => {
  let sixteen: PostgresServer;

  beforeAll(async () => {
    sixteen = await startPostgres({ major: 16 });
    await makeShop(sixteen);
  });
  afterAll(() => sixteen?.stop());
  afterEach(() => useClients());

  test('a server that is newer than all clients is refused, with the package to install', async () => {
    useClients(15);
    const error = await failureOf(sourceFor(sixteen).inspect(GZIP, NO_ABORT));
    expect(error.exitCode).toBe(ExitCode.VERSION_MISMATCH);
    expect(error.message).toMatch(/pg_dump 15\.\d+ can't dump a server of version 16\.\d+.*: install PostgreSQL's client 16 \(the package is postgresql-client-16 .*or use a runner image/);
  });

  test('without a client of the server\'s version the next newer one dumps it, and says what can\'t read that', async () => {
    useClients(18, 17);
    const { inspection, dumps: [taken] } = await takeAll(sourceFor(sixteen));
    expect(inspection.tools.pg_dump).toMatch(/^17\./);
    expect(inspection.warnings).toEqual([expect.stringMatching(/dumped by pg_dump 17\.\d+, since there is none of the server's version 16: stock pg_restore 16 can't read that.*postgresql-client-16/)]);
    const archive = join(directory, 'client-17.dump');
    writeFileSync(archive, taken!.bytes);
    expect(await run(17, 'pg_restore', ['--list', archive])).toContain('Dumped by pg_dump version: 17.');
  });
});
