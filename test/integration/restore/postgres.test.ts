import { backedUp, damage, databasesOf, dumpOf, fakeProgram, makeEverything, quoted, restored, restoreOptions, Site } from './_postgres';
import { list, run } from '../_runner';
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
  [17, 'Köln "1" – a name of sixty-three bytes, which is all there i', 'a quoted name as long as there are, two jobs', 2],
  [15, 'shop\'s "2"', 'an older server, two jobs', 2],
])('PostgreSQL %i, database %s: %s; rolled back; discarded', async (major, name, _case, parallelJobs) => {
  const { site, server, before, worse } = await damaged(major, name);
  const options = restoreOptions(site, { parallelJobs, assertions: ['select count(*) = 3000 from public.users'] });
  const others = (await databasesOf(server)).filter(database => database !== name);

  const plan = await run(['restore', '--dry-run'], options);
  expect(plan).toMatchObject({ code: 0 });
  const planned = JSON.parse(plan.stdout);
  expect(planned).toMatchObject({
    event: 'restore.plan', id: site.id, missing: [], replaces: expect.stringContaining(name), notes: expect.arrayContaining([expect.stringContaining('public.invoices')]),
  });
  expect(await dumpOf(server, name)).toBe(worse);

  const { report } = await restored(options);
  expect(report.holds).toBe(`postgres database ${name} on ${server.host}:${server.port} is ${site.id}`);
  expect(planned.keeps).toBe(`the database ${report.previous!.replace(/\d{8}_\d{6}$/, 'YYYYMMDD_HHMMSS')}`);
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
    const other = await restored(restoreOptions({ ...site, server: fresh, database: 'else where' }, { databaseName: 'else where' }));
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
  expect(refused.message).toMatch(/depend.*use RestoreMode\.postgresSwap.*tight.*is as it was$/s);
  expect(await dumpOf(server, 'tight')).toBe(worse);

  await server.psql('drop table orders', 'tight');
  const sleeper = server.psql('begin; lock table users; select pg_sleep(60)', 'tight').catch(() => {});
  await restored(options);
  await sleeper;
  expect(await dumpOf(server, 'tight')).toBe(before);

  // What was there is a backup, which is not the latest, and which a rollback brings back.
  const listed = await list({ config: site.backupConfig, env: site.env });
  expect(listed.latest).toBe(site.id);
  expect(listed.backups.at(-1)).toMatchObject({ suspect: `it is what was there before the restore of ${site.id}` });
  await server.psql('update users set name = \'later\'', 'tight');
  const later = await dumpOf(server, 'tight');
  await restored(options);
  expect(await run(['rollback', '--yes'], options)).toMatchObject({ code: 0 });
  expect(await dumpOf(server, 'tight')).toBe(later);
  // One that fails has stored what is there, and does not bring back just that the next time.
  expect(await run(['rollback', '--yes'], { ...options, path: fakeProgram('pg_restore', 'head -c 1000 > /dev/null; echo "pg_restore: error: out of luck" >&2; exit 1') })).toMatchObject({ code: 1, message: expect.stringMatching(/out of luck.*is as it was/s) });
  expect(await dumpOf(server, 'tight')).toBe(later);
  expect(await run(['rollback', '--yes'], options)).toMatchObject({ code: 0 });
  expect(await dumpOf(server, 'tight')).toBe(before);
  expect(await run(['rollback', '--yes'], options)).toMatchObject({ code: 0 });
  expect(await dumpOf(server, 'tight')).toBe(later);

  // Assertions are part of the transaction.
  for (const [assertion, message] of [
    ['select false', /"select false" is not true, it answers false.*tight on \S+ is as it was$/s],
    ['select count(*) > 0 from nothing', /relation "nothing" does not exist.*is as it was$/s],
    ['delete from users returning true', /cannot execute DELETE in a read-only transaction.*is as it was$/s],
  ] as const) {
    const unfit = await run(['restore'], restoreOptions(site, { mode: 'in-place', safetyBackup: false, assertions: ['select count(*) = 1000 from users;', assertion] }));
    expect(unfit.message).toMatch(message);
    expect(await dumpOf(server, 'tight')).toBe(later);
  }
  // Both programs count: a script that is cut short, and one that is whole and whose program has failed all the same.
  for (const script of ['"$REAL" "$@" | head -c 3000; exit 1', '"$REAL" "$@"; exit 1']) {
    const broken = await run(['restore'], {
      ...restoreOptions(site, { mode: 'in-place', safetyBackup: false, assertions: ['select true'] }), path: fakeProgram('pg_restore', script),
    });
    expect(broken).toMatchObject({ code: 1, message: expect.stringMatching(/is as it was$/) });
    expect(await dumpOf(server, 'tight')).toBe(later);
  }
  const kept = (await list({ config: site.backupConfig, env: site.env })).backups.length;
  const last = await restored(restoreOptions(site, { mode: 'in-place', assertions: ['select count(*) = 1000 from users', 'select length(E\'\\\\\') = 1'] }), ['--no-safety-backup']);
  expect(last.report.previous).toBeNull();
  expect(await dumpOf(server, 'tight')).toBe(before);
  expect((await list({ config: site.backupConfig, env: site.env })).backups).toHaveLength(kept);
  expect(await databasesOf(server)).toEqual(['tight']);
  await server.psql('drop database tight');
});

test('in place: a database that can\'t be stored before is not changed', async () => {
  const server = servers[17];
  await server.psql('create database tight');
  await server.psql('create table users (id int); insert into users values (1)', 'tight');
  const site = await backedUp(server, 'tight');
  await server.psql('insert into users values (2)', 'tight');
  const worse = await dumpOf(server, 'tight');
  const ended = await run(['restore'], { ...restoreOptions(site, { mode: 'in-place' }), path: fakeProgram('pg_dump', 'echo "pg_dump: error: no" >&2; exit 1') });
  expect(ended).toMatchObject({ code: 1, message: expect.stringMatching(/present data of .* can't be stored.*--no-safety-backup.*is as it was$/s) });
  expect(await dumpOf(server, 'tight')).toBe(worse);
  await server.psql('drop database tight');
});

test('in place: partitioned tables, whose indexes hang on each other', async () => {
  const server = servers[17];
  await server.psql('create database parts');
  await server.psql(`
    create schema "Odd ""one""";
    create table orders (id int, at date, kind int, primary key (id, at, kind)) partition by range (at);
    create index "By Kind" on orders (kind);
    create table "Odd ""one""".orders_2025 partition of orders for values from ('2025-01-01') to ('2026-01-01') partition by list (kind);
    create table "Odd ""one""".one partition of "Odd ""one""".orders_2025 for values in (1);
    create table other partition of orders default;
    create table lines (id int, at date, kind int, foreign key (id, at, kind) references orders);
    create unique index only_here on other (id);
    insert into orders select i, date '2025-01-01' + i, 1 from generate_series(1, 500) i;
    insert into lines select id, at, kind from orders where id < 100;
  `, 'parts');
  const before = await dumpOf(server, 'parts');
  const site = await backedUp(server, 'parts');
  await server.psql('delete from lines; delete from orders where id % 2 = 0; create index added on orders (at)', 'parts');
  await restored(restoreOptions(site, { mode: 'in-place', assertions: ['select count(*) = 500 from orders'] }));
  expect(await dumpOf(server, 'parts')).toBe(before);
  await server.psql('drop table lines, orders cascade', 'parts');
  await restored(restoreOptions(site, { mode: 'in-place' }));
  expect(await dumpOf(server, 'parts')).toBe(before);
  await server.psql('drop database parts');
});

test('a single transaction, beside', async () => {
  const { site, server, before } = await damaged(17, 'single');
  await restored(restoreOptions(site, { singleTransaction: true }));
  expect(await dumpOf(server, 'single')).toBe(before);
  for (const name of await databasesOf(server)) await server.psql(`drop database ${quoted(name)}`);
});

test.each<[object, RegExp]>([
  [{ mode: 'swap' }, /--no-safety-backup: .*is kept itself/],
  [{ mode: 'new-database', newName: 'other' }, /nothing is replaced/],
])('--no-safety-backup is refused where none is taken: %p', async (target, message) => {
  const server = servers[17];
  await server.psql('create database none');
  await server.psql('create table t as select 1 as i', 'none');
  const site = await backedUp(server, 'none');
  await server.psql('drop database none');
  expect(await run(['restore', '--no-safety-backup'], restoreOptions(site, target))).toMatchObject({ code: 2, message: expect.stringMatching(message) });
});

test('into a new database, and no more', async () => {
  const { site, server, before, worse } = await damaged(17, 'shop');
  const options = restoreOptions(site, { mode: 'new-database', newName: 'look at' });
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
