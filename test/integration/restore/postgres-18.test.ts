import { backedUp, damage, makeEverything, restored, restoreOptions } from './_postgres';
import { PostgresServer, startPostgres } from '../servers/postgres';

/* A server that is newer than the image's client: no dump of it can be taken with that, and a backup of the older one goes into it. */

let old: PostgresServer;
let newer: PostgresServer;

beforeAll(async () => {
  [old, newer] = await Promise.all([startPostgres({ major: 17 }), startPostgres({ major: 18 })]);
});

afterAll(async () => {
  await Promise.all([old?.stop(), newer?.stop()]);
});

test('a backup of PostgreSQL 17 is restored into 18: all rows and definitions are there, and it can be rolled back', async () => {
  await makeEverything(old, 'shop', 17);
  const before = await contentOf(old, 'shop');
  const site = await backedUp(old, 'shop');
  const first = await restored(restoreOptions({ ...site, server: newer }));
  expect(first.report.previous).toBeNull();
  expect(await contentOf(newer, 'shop')).toEqual(before);

  await damage(newer, 'shop');
  const damaged = await contentOf(newer, 'shop');
  expect(damaged).not.toEqual(before);
  const second = await restored(restoreOptions({ ...site, server: newer }, { parallelJobs: 2 }));
  expect(second.report.previous).toMatch(/^shop_before_/);
  expect(await contentOf(newer, 'shop')).toEqual(before);
  expect(await contentOf(newer, second.report.previous!)).toEqual(damaged);
});

/** All rows of all tables, what large objects hold, and the definitions that the server itself can tell. */
async function contentOf(server: PostgresServer, name: string): Promise<string[]> {
  const closed = name.includes('_before_');
  if (closed) await server.psql(`alter database ${name} allow_connections true`);
  const content = await Promise.all([
    `select n.nspname, c.relname, md5(query_to_xml(format('select * from only %s t order by t::text', c.oid::regclass), true, false, '')::text)
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where relkind in ('r', 'm') and nspname !~ '^(pg_|information)' order by 1, 2`,
    'select n.nspname, c.relname, c.relkind, pg_get_userbyid(relowner), relacl from pg_class c join pg_namespace n on n.oid = c.relnamespace where nspname !~ \'^(pg_|information)\' order by 1, 2',
    'select conrelid::regclass, conname, pg_get_constraintdef(oid) from pg_constraint where contype <> \'n\' and connamespace::regnamespace::text !~ \'^(pg_|information)\' order by conrelid::regclass::text collate "C", conname',
    'select indexdef from pg_indexes where schemaname !~ \'^(pg_|information)\' order by 1',
    'select schemaname, tablename, policyname, roles, qual from pg_policies order by 1, 2, 3',
    'select loid, encode(lo_get(loid), \'hex\') from (select oid as loid from pg_largeobject_metadata) o order by 1',
    'select sequencename, last_value from pg_sequences order by 1',
    'select evtname from pg_event_trigger order by 1',
    'select foreign_table_name, foreign_server_name from information_schema.foreign_tables order by 1',
    'select setdatabase <> 0, setrole::regrole, setconfig from pg_db_role_setting where setdatabase = (select oid from pg_database where datname = current_database()) order by 2, 3',
  ].map(sql => server.psql(sql, name)));
  if (closed) await server.psql(`alter database ${name} allow_connections false`);
  return content;
}
