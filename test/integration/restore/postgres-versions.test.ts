import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { backedUp, databasesOf, dumpOf, makeEverything, restored, restoreOptions } from './_postgres';
import { run } from '../_runner';
import { clientBin, PostgresServer, startPostgres } from '../servers/postgres';

/* Clients and servers of the same version, and of others: what was backed up is restored whole, or the restore fails. */

/** A safety backup is compressed with zstd, which the tests' own build of the client 16 does not know. */
const IN_PLACE = { mode: 'in-place', safetyBackup: false } as const;

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres({ major: 16 });
});

afterAll(() => server?.stop());

test.each([15, 16, 18] as const)('PostgreSQL %i is dumped and restored by its own programs, and its stock pg_restore opens the artifact', async major => {
  const own = major === 16 ? server : await startPostgres({ major });
  try {
    await own.psql('create database shop');
    await own.psql('create table users as select i as id, md5(i::text) as name from generate_series(1, 3000) i; create index on users (name)', 'shop');
    const before = await dumpOf(own, 'shop');
    const site = await backedUp(own, 'shop');
    const dump = path.join(site.directory, readdirSync(site.directory).find(file => file.endsWith('.dump'))!);
    const list = execFileSync(path.join(clientBin(major), 'pg_restore'), ['--list', dump], { encoding: 'utf8' });
    expect(list).toContain(`Dumped by pg_dump version: ${major}.`);
    await own.psql('delete from users', 'shop');
    for (const target of [{ parallelJobs: 2 }, { ...IN_PLACE, assertions: ['select count(*) = 3000 from public.users'] }] as const) {
      await restored(restoreOptions(site, target));
      expect(await dumpOf(own, 'shop')).toBe(before);
    }
  } finally {
    for (const name of await databasesOf(own)) await own.psql(`drop database "${name}"`);
    if (own !== server) await own.stop();
  }
});

describe('a backup that a newer client than the server\'s has made', () => {
  afterEach(async () => {
    for (const name of await databasesOf(server)) await server.psql(`drop database "${name}"`);
  });

  test('restores all the same, in every mode, and says how', async () => {
    // makeEverything asks for extensions that this build of the server lacks.
    await makeEverything(server, 'shop', 16).catch(error => {
      if (!String(error).includes('extension "hstore" is not available')) throw error;
    });
    const before = await dumpOf(server, 'shop');
    const site = await backedUp(server, 'shop', {}, { clients: [17] });
    for (const target of [{}, { parallelJobs: 2 }, { singleTransaction: true }, IN_PLACE, { ...IN_PLACE, assertions: ['select count(*) = 3000 from public.users'] }] as const) {
      await server.psql('update users set name = \'CORRUPTED \' || id', 'shop');
      const options = restoreOptions(site, target);
      const plan = await run(['restore', '--dry-run'], options);
      expect(JSON.parse(plan.stdout)).toMatchObject({ notes: expect.arrayContaining([expect.stringMatching(/pg_restore 17\.\d+ makes a script for the older server 16\..*that psql runs/)]) });
      await restored(options);
      expect(await dumpOf(server, 'shop')).toBe(before);
    }
  });

  test('fails where one statement of many does, however long it is, and leaves the live database alone', async () => {
    await server.psql('create database shop');
    await server.psql(`
      create schema helpers;
      create function helpers.fits(text) returns boolean language sql immutable as 'select true';
      create table a (id int);
      create table b (id int, t text check (helpers.fits(t)));
      insert into a select generate_series(1, 90);
      insert into b select generate_series(1, 90);
      create policy long on a using (helpers.fits('${'x'.repeat(80_000)}'));
    `, 'shop');
    // Without the schema that the rest needs: as where an extension or a role is not what it was.
    const site = await backedUp(server, 'shop', { excludeSchemas: ['helpers'] }, { clients: [17] });
    const before = await dumpOf(server, 'shop');
    const ended = await run(['restore'], restoreOptions(site));
    expect(ended.code).not.toBe(0);
    expect(ended.message).toMatch(/schema "helpers" does not exist.*shop.* is as it was/);
    expect(ended.message.length).toBeLessThan(6000);
    expect(await databasesOf(server)).toEqual(['shop']);
    expect(await dumpOf(server, 'shop')).toBe(before);
  });
});
