import { backedUp, damage, databasesOf, dumpOf, makeEverything, quoted, restored, restoreOptions, Site } from './_postgres';
import { run } from '../_runner';
import { PostgresServer, startPostgres } from '../servers/postgres';

/* A database with everything that has a habit of getting lost, damaged, restored, and compared with what it was: its dump, to the byte. */

let servers: { 15: PostgresServer; 17: PostgresServer };

beforeAll(async () => {
  const [old, current] = await Promise.all([startPostgres({ major: 15 }), startPostgres({ major: 17 })]);
  servers = { 15: old, 17: current };
});

afterAll(async () => {
  await Promise.all(Object.values(servers ?? {}).map(server => server.stop()));
});

async function damaged(major: 15 | 17, name: string): Promise<{ site: Site; server: PostgresServer; before: string; worse: string }> {
  const server = servers[major];
  await makeEverything(server, name, major);
  const before = await dumpOf(server, name);
  const site = await backedUp(server, name);
  await damage(server, name);
  const worse = await dumpOf(server, name);
  expect(worse).not.toBe(before);
  return { site, server, before, worse };
}

test.each<[15 | 17, string, string, number]>([
  [17, 'shop', 'beside, then swap', 1],
  [17, 'Köln "1" – a name of sixty-three bytes, which is all there i', 'a quoted name as long as there are, two jobs', 2],
  [15, 'shop', 'a server that is older than the client', 1],
  [15, 'shop\'s "2"', 'a server that is older than the client, two jobs', 2],
])('PostgreSQL %i, database %s: %s; rolled back; discarded', async (major, name, _case, parallelJobs) => {
  const { site, server, before, worse } = await damaged(major, name);
  const options = restoreOptions(site, { parallelJobs, assertions: ['select count(*) = 3000 from public.users'] });
  const others = (await databasesOf(server)).filter(database => database !== name);

  const plan = await run(['restore', '--dry-run'], options);
  expect(plan).toMatchObject({ code: 0 });
  expect(JSON.parse(plan.stdout)).toMatchObject({
    event: 'restore.plan', id: site.id, missing: [], replaces: expect.stringContaining(name), notes: expect.arrayContaining([expect.stringContaining('public.invoices')]),
  });
  expect(await dumpOf(server, name)).toBe(worse);

  const { report } = await restored(options);
  expect(report.holds).toBe(`postgres database ${name} on ${server.host}:${server.port} is ${site.id}`);
  expect(await dumpOf(server, name)).toBe(before);
  expect((await databasesOf(server)).filter(database => !others.includes(database)).sort()).toEqual([name, report.previous].sort());
  expect(await server.psql(`select datallowconn from pg_database where datname = '${report.previous!.replaceAll('\'', '\'\'')}'`)).toBe('f');

  const back = await run(['rollback'], options);
  expect([back.code, back.message]).toEqual([0, expect.anything()]);
  expect(await dumpOf(server, name)).toBe(worse);

  // What was restored is kept now, and comes back in the same way.
  expect(await run(['rollback'], options)).toMatchObject({ code: 0 });
  expect(await dumpOf(server, name)).toBe(before);

  expect(await run(['discard'], options)).toMatchObject({ code: 2, message: expect.stringContaining('--yes') });
  expect(await run(['discard', '--yes'], options)).toMatchObject({ code: 0 });
  expect((await databasesOf(server)).filter(database => !others.includes(database))).toEqual([name]);
  expect(await run(['discard', '--yes'], options)).toMatchObject({ code: 15 });
  expect(await run(['rollback'], options)).toMatchObject({ code: 15, message: expect.stringContaining('no restore has kept anything') });
  await server.psql(`drop database ${quoted(name)}`);
});

test('a new server: the database and its roles are not there', async () => {
  const { site, server, before } = await damaged(17, 'gone');
  const fresh = await startPostgres({ major: 17 });
  try {
    const { report } = await restored(restoreOptions({ ...site, server: fresh }));
    expect(report.previous).toBeNull();
    expect(await dumpOf(fresh, 'gone')).toBe(before);
    const roles = 'select rolname, rolcanlogin, rolconnlimit, rolpassword, array(select roleid::regrole::text from pg_auth_members m where m.member = a.oid) from pg_authid a where rolname !~ \'^pg_\' and rolname <> \'postgres\' order by 1';
    expect(await fresh.psql(roles)).toBe((await server.psql(roles)));
    expect(await fresh.psql('select setrole::regrole, setconfig from pg_db_role_setting where setdatabase = 0')).toContain('statement_timeout=1h');
    // Under another name as well, where the statements of the archive have to be about that.
    const other = await restored(restoreOptions({ ...site, server: fresh, database: 'else where' }, { database: 'else where' }));
    expect(other.report.previous).toBeNull();
    const renamed = (await dumpOf(fresh, 'else where')).replaceAll('"else where"', 'gone').replaceAll('else where', 'gone');
    expect(renamed).toBe(before);
  } finally {
    await fresh.stop();
    await server.psql('drop database gone');
  }
});

test('in place: in one transaction, also while somebody holds a lock', async () => {
  const server = servers[17];
  await server.psql('create database tight');
  await server.psql('create table users (id serial primary key, name text); insert into users (name) select md5(i::text) from generate_series(1, 1000) i; select lo_from_bytea(1, \'x\')', 'tight');
  const before = await dumpOf(server, 'tight');
  const site = await backedUp(server, 'tight');
  await server.psql('update users set name = null; create table orders (user_id int references users); select lo_put(1, 0, \'y\')', 'tight');
  const worse = await dumpOf(server, 'tight');
  const options = restoreOptions(site, { mode: 'in-place' });

  // What the migration has added depends on what is to be replaced.
  const refused = await run(['restore'], options);
  expect(refused.message).toMatch(/depend.*use the mode swap.*tight.*is as it was$/s);
  expect(await dumpOf(server, 'tight')).toBe(worse);

  await server.psql('drop table orders', 'tight');
  const sleeper = server.psql('begin; lock table users; select pg_sleep(60)', 'tight').catch(() => {});
  await restored(options);
  await sleeper;
  expect(await dumpOf(server, 'tight')).toBe(before);

  const unfit = await run(['restore'], restoreOptions(site, { mode: 'in-place', assertions: ['select false'] }));
  expect(unfit).toMatchObject({ code: 11, message: expect.stringMatching(/not true.*tight.* is app_.*not fit for use/s) });
  expect(await databasesOf(server)).toEqual(['tight']);
  await server.psql('drop database tight');
});

test('in place: partitions are refused before anything starts', async () => {
  const { site, server, worse } = await damaged(17, 'parts');
  expect(await run(['restore'], restoreOptions(site, { mode: 'in-place' }))).toMatchObject({ code: 2, message: expect.stringMatching(/partitioned tables.*Nothing was changed$/s) });
  expect(await dumpOf(server, 'parts')).toBe(worse);
  await server.psql('drop database parts');
});

test('into a new database, and no more', async () => {
  const { site, server, before, worse } = await damaged(17, 'shop');
  const options = restoreOptions(site, { mode: 'new-database', newDatabase: 'look at' });
  const { report } = await restored(options);
  expect(report).toMatchObject({ previous: null, holds: expect.stringContaining('look at') });
  expect(await dumpOf(server, 'shop')).toBe(worse);
  expect((await dumpOf(server, 'look at')).replaceAll('"look at"', 'shop').replaceAll('look at', 'shop')).toBe(before);
  expect(await run(['restore'], options)).toMatchObject({ code: 2, message: expect.stringContaining('there is a database look at already') });
  await server.psql('drop database "look at"');
  await server.psql('drop database shop');
});

test('the config of the backup restores to where the backup comes from', async () => {
  const { site, server, before } = await damaged(17, 'own');
  const options = { config: site.backupConfig, env: site.env };
  expect(await run(['restore', site.id, '--set', 'target.port=1', '--yes'], options)).toMatchObject({ code: 20 });
  await restored(options, [`${site.id}.dump`, '--yes']);
  expect(await dumpOf(server, 'own')).toBe(before);
  for (const name of await databasesOf(server)) await server.psql(`drop database ${quoted(name)}`);
});
