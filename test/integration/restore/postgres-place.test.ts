import { chownSync } from 'node:fs';
import { backedUp, dumpOf, quoted, restored, restoreOptions } from './_postgres';
import { run } from '../_runner';
import { drill, drillOf, postgresTarget } from '../drill/_drill';
import { tempDir } from '../servers/_process';
import { PostgresServer, serverUser, startPostgres } from '../servers/postgres';

/* Where a database lies, and whether it is a template: kept by a restore, and in the way of nothing afterwards. */

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres({ major: 17 });
});

afterAll(async () => {
  await server?.stop();
});

async function makeTablespace(name: string): Promise<void> {
  const directory = tempDir('tablespace');
  const owner = serverUser();
  if (owner) chownSync(directory, owner.uid, owner.gid);
  await server.psql(`create tablespace ${quoted(name)} location '${directory}'`);
}

const placeOf = (database: string) => server.psql(`select spcname, datistemplate from pg_database d join pg_tablespace t on t.oid = dattablespace where datname = '${database}'`);
const allDatabases = async () => (await server.psql('select datname from pg_database order by datname collate "C"')).split('\n');

test('a template in a tablespace of its own is one after a swap, a rollback and a restore where it was gone', async () => {
  await makeTablespace('on "fast" disks');
  await server.psql(`create database model tablespace ${quoted('on "fast" disks')} is_template true`);
  await server.psql('create table users (id int primary key); insert into users select generate_series(1, 100)', 'model');
  const before = await dumpOf(server, 'model');
  const site = await backedUp(server, 'model');
  const options = restoreOptions(site);

  const { report } = await restored(options);
  expect(await dumpOf(server, 'model')).toBe(before);
  expect([await placeOf('model'), await placeOf(report.previous!)]).toEqual(['on "fast" disks|t', 'on "fast" disks|t']);
  expect(await run(['rollback'], options)).toMatchObject({ code: 0 });
  expect(await placeOf('model')).toBe('on "fast" disks|t');
  expect(await run(['discard', '--yes'], options)).toMatchObject({ code: 0 });

  await server.psql('alter database model is_template false');
  await server.psql('drop database model');
  await restored(options);
  expect(await dumpOf(server, 'model')).toBe(before);
  expect(await placeOf('model')).toBe('on "fast" disks|t');
  expect(await allDatabases()).toEqual(['model', 'postgres', 'template0', 'template1']);
});

test('the leftover of a restore of a template does not keep the next one from working', async () => {
  await server.psql('create database lost');
  await server.psql('create table t as select 1 as id', 'lost');
  const site = await backedUp(server, 'lost');
  await server.psql('create database lost_restore_20260101_000000 is_template true');
  await restored(restoreOptions(site));
  expect((await allDatabases()).filter(name => name.startsWith('lost_restore'))).toEqual([]);
});

test('where the role may not create in the tablespace of the live database, the plan says to where it moves', async () => {
  await makeTablespace('theirs');
  await server.psql('create role mover login createdb password \'super secret\'');
  await server.psql('create database moved owner mover tablespace theirs');
  await server.psql('set role mover; create schema own; create table own.t as select 1 as id', 'moved');
  const site = await backedUp(server, 'moved', { globals: false });
  const options = restoreOptions(site, { user: 'mover', globals: false });
  const plan = await run(['restore', '--dry-run'], options);
  expect(JSON.parse(plan.stdout).notes).toContainEqual(expect.stringMatching(/GRANT CREATE ON TABLESPACE "theirs" TO "mover": the restored database goes into pg_default/));
  await restored(options);
  expect(await placeOf('moved')).toBe('pg_default|f');

  // With the right, it stays where it is.
  await server.psql('grant create on tablespace theirs to mover');
  await run(['rollback'], options);
  await restored(options);
  expect(await placeOf('moved')).toBe('theirs|f');
});

test('drills of a template: one after the other, and nothing of them stays', async () => {
  const production = await startPostgres({ major: 17 });
  try {
    await production.psql('create database pattern is_template true');
    await production.psql('create table users (id int primary key); insert into users select generate_series(1, 100)', 'pattern');
    const site = await backedUp(production, 'pattern');
    const scratch = await startPostgres({ major: 17 });
    try {
      const config = drillOf(site.backupConfig, postgresTarget(scratch, 'pattern'));
      for (let round = 0; round < 2; round++) {
        expect(await drill(config, { env: { SCRATCH_PASSWORD: scratch.password } })).toMatchObject({ code: 0, record: { outcome: 'passed' } });
        expect(await scratch.psql('select string_agg(datname, \' \' order by datname) from pg_database')).toBe('postgres template0 template1');
      }
    } finally {
      await scratch.stop();
    }
  } finally {
    await production.stop();
  }
});
