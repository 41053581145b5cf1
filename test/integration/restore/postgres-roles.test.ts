import { backedUp, databasesOf, restored, restoreOptions, Site } from './_postgres';
import { configOf, folder, postgres } from '../_configs';
import { backup, run } from '../_runner';
import { tempDir } from '../servers/_process';
import { PostgresMajor, PostgresServer, startPostgres } from '../servers/postgres';

/* Restores by roles that are no superusers, as hosted services give them, and what becomes of roles and memberships. */

const PASSWORD = 'of the hosted service';

/** What a hosted service calls its administrator. */
async function makeAdministrator(server: PostgresServer): Promise<void> {
  await server.psql(`create role admin login createrole createdb password '${PASSWORD}'`);
}

/** The backup of a site, restored by its administrator on this server. */
function byAdministrator(site: Site, server: PostgresServer): Site {
  return { ...site, server: { ...server, superuser: 'admin' }, env: { POSTGRES_PASSWORD: PASSWORD } };
}

describe.each<PostgresMajor>([15, 17])('on PostgreSQL %d', major => {
  let server: PostgresServer;
  let other: PostgresServer;

  beforeAll(async () => {
    [server, other] = await Promise.all([startPostgres({ major }), startPostgres({ major })]);
    await Promise.all([makeAdministrator(server), makeAdministrator(other)]);
  });

  afterAll(async () => {
    await Promise.all([server?.stop(), other?.stop()]);
  });

  test('the owner of a database who is no superuser restores it beside, puts it back, and restores it in place, after a GRANT on schema public', async () => {
    await server.psql('create role reader');
    await server.psql('create database shop owner admin');
    await server.psql(`
      set role admin;
      grant usage, create on schema public to reader;
      create table orders (id int primary key, what text);
      insert into orders select i, 'order ' || i from generate_series(1, 200) i;
      create schema more;
      create view more.orders as select * from orders;
      grant select on orders to reader;
    `, 'shop');
    const rights = () => server.psql('select nspowner::regrole, nspacl from pg_namespace where nspname = \'public\'', 'shop');
    const before = await rights();
    const directory = tempDir('volume');
    const backupConfig = configOf({ source: postgres({ ...server, superuser: 'admin' }, 'shop', { globals: false }), stores: [folder(directory)] });
    const env = { POSTGRES_PASSWORD: PASSWORD };
    const { id } = await backup({ config: backupConfig, env });
    const site = byAdministrator({ server, database: 'shop', directory, id, backupConfig, env }, server);

    await server.psql('delete from orders', 'shop');
    const { report } = await restored(restoreOptions(site, { mode: 'swap', globals: false }));
    expect(await server.psql('select count(*) from orders', 'shop')).toBe('200');
    expect(await rights()).toBe(before);
    expect(await server.psql('select datdba::regrole from pg_database where datname = \'shop\'')).toBe('admin');

    expect(await run(['rollback', '--yes'], restoreOptions(site, { mode: 'swap', globals: false }))).toMatchObject({ code: 0 });
    expect(report.previous).toMatch(/^shop_before_/);
    expect(await server.psql('select count(*) from orders', 'shop')).toBe('0');
    expect(await run(['discard', '--yes'], restoreOptions(site, { mode: 'swap', globals: false }))).toMatchObject({ code: 0 });

    await restored(restoreOptions(site, { mode: 'in-place', globals: false, safetyBackup: false }));
    expect(await server.psql('select count(*) from more.orders', 'shop')).toBe('200');
    expect(await rights()).toBe(before);
  });

  test('who may make roles and is no superuser makes those of the backup on a new server, and gives them what is theirs', async () => {
    await server.psql('create role keeper login password \'x\'');
    await server.psql('create role guest connection limit 3');
    await server.psql('create database stock owner keeper');
    await server.psql('set role keeper; create table parts (id int); insert into parts values (1); grant select on parts to guest;', 'stock');
    const site = byAdministrator(await backedUp(server, 'stock'), other);

    const planned = await run(['restore', '--dry-run'], restoreOptions(site));
    expect(planned.code).toBe(0);
    expect(await other.psql('select count(*) from pg_roles where rolname in (\'keeper\', \'guest\')')).toBe('0');

    await restored(restoreOptions(site));
    expect(await other.psql('select datdba::regrole from pg_database where datname = \'stock\'')).toBe('keeper');
    expect(await other.psql('select relowner::regrole, relacl from pg_class where relname = \'parts\'', 'stock')).toBe('keeper|{keeper=arwdDxtm/keeper,guest=r/keeper}'.replace('m/', major >= 17 ? 'm/' : '/'));
    expect(await other.psql('select rolname, rolconnlimit, rolcanlogin from pg_roles where rolname in (\'keeper\', \'guest\') order by 1')).toBe('guest|3|f\nkeeper|-1|t');

    // What it has made it may restore again, over what is there.
    await restored(restoreOptions(site));
    await restored(restoreOptions(site, { mode: 'in-place', safetyBackup: false }));
  });

  test('a role of the backup that the server does not let itself make is missing in the plan, and nothing is made', async () => {
    await server.psql('create role mighty superuser');
    await server.psql('create database secret');
    await server.psql('create table t (id int); insert into t values (1); grant select on t to mighty', 'secret');
    const site = byAdministrator(await backedUp(server, 'secret'), other);
    const before = await databasesOf(other);
    for (const args of [['restore', '--dry-run'], ['restore', '--yes']]) {
      const ended = await run(args, restoreOptions(site));
      expect(ended.code).not.toBe(0);
      expect(ended.stderr + ended.stdout).toMatch(/the role mighty of the backup can't be made by admin/);
    }
    expect(await databasesOf(other)).toEqual(before);
    expect(await other.psql('select count(*) from pg_roles where rolname = \'mighty\'')).toBe('0');
  });

  test('a member of the owner that does not inherit is told so in the plan, with what to do, and no database is left that it could not drop', async () => {
    await server.psql('create role landlord');
    await server.psql('create database flat owner landlord');
    await server.psql('set role landlord; create table rooms (id int); insert into rooms values (1)', 'flat');
    await server.psql(major >= 16 ? 'grant landlord to admin with inherit false' : 'alter role admin noinherit; grant landlord to admin');
    const site = byAdministrator(await backedUp(server, 'flat'), server);
    const wayOut = major >= 16 ? 'GRANT "landlord" TO "admin" WITH INHERIT TRUE, SET TRUE' : 'ALTER ROLE "admin" INHERIT';
    const before = await databasesOf(server);
    for (const target of [{ mode: 'swap' }, { mode: 'in-place' }, { mode: 'new-database', newName: 'flat_2' }] as const) {
      const ended = await run(['restore', '--yes'], restoreOptions(site, target));
      expect(ended.code).toBe(14);
      expect(ended.stderr).toContain(JSON.stringify(wayOut).slice(1, -1));
    }
    expect(await databasesOf(server)).toEqual(before);
    await server.psql(wayOut);
    await restored(restoreOptions(site));
  });

  test('an owner that may not create in the schema of what belongs to it is in the plan, with what to do, and nothing is changed', async () => {
    await server.psql('create role tenant');
    await server.psql('grant tenant to admin');
    await server.psql('create database house owner admin');
    await server.psql(`
      create schema upstairs authorization admin; create table doors as select 1 as id; create table upstairs.rooms (id int); create table upstairs.mine (id int);
      alter table doors owner to tenant; alter table upstairs.rooms owner to tenant; alter table upstairs.mine owner to admin;
      grant create on schema public, upstairs to tenant;
    `, 'house');
    const site = byAdministrator(await backedUp(server, 'house'), server);
    const before = await databasesOf(server);
    const refused = (schema: string, wayOut: string) =>
      `objects of tenant in the schema ${schema} can't be given to it by admin, who is no superuser, since tenant may not create in that schema, which belongs to admin: restore as a superuser${wayOut}`;
    const missingIn = async (mode: 'swap' | 'in-place') => {
      const planned = await run(['restore', '--dry-run'], restoreOptions(site, { mode, globals: false }));
      return (JSON.parse(planned.stdout) as { missing: { message: string }[] }).missing.map(({ message }) => message).sort();
    };
    // Rights to schemas are restored last, so that those of the backup do not help.
    expect(await missingIn('swap')).toEqual([refused('public', ''), refused('upstairs', '')]);
    expect(await run(['restore', '--yes'], restoreOptions(site, { globals: false }))).toMatchObject({ code: 14 });
    expect(await missingIn('in-place')).toEqual([refused('upstairs', '')]);
    await server.psql('revoke create on schema public from tenant', 'house');
    expect(await missingIn('in-place')).toEqual([refused('public', ', or GRANT CREATE ON SCHEMA "public" TO "tenant"'), refused('upstairs', '')]);
    expect(await databasesOf(server)).toEqual(before);
    // Nothing else was in the way.
    await server.psql('alter role admin superuser');
    await restored(restoreOptions(site, { globals: false }));
    await server.psql('alter role admin nosuperuser');
    expect(await server.psql('select string_agg(relowner::regrole::text, \',\' order by relname) from pg_class where relname in (\'doors\', \'mine\', \'rooms\')', 'house')).toBe('tenant,admin,tenant');
  });

  test('what a restore of another role has left is no obstacle: it stays, and the plan says who can drop it', async () => {
    await server.psql('create database den owner admin');
    await server.psql('set role admin; create table t (id int); insert into t values (5)', 'den');
    const site = byAdministrator(await backedUp(server, 'den'), server);
    await server.psql('create database den_restore_20260101_000000');
    await server.psql('create database den_restore_20260102_000000 owner admin');
    const planned = await run(['restore', '--dry-run'], restoreOptions(site));
    expect(planned.code).toBe(0);
    const { steps, notes } = JSON.parse(planned.stdout) as { steps: string[]; notes: string[] };
    expect(steps.filter(step => step.startsWith('drop the database'))).toEqual([expect.stringContaining('den_restore_20260102_000000')]);
    expect(notes).toContainEqual(expect.stringMatching(/den_restore_20260101_000000, .* belongs to \S+ and stays, .*DROP DATABASE "den_restore_20260101_000000"/));
    await restored(restoreOptions(site));
    expect((await databasesOf(server)).filter(name => name.startsWith('den_restore'))).toEqual(['den_restore_20260101_000000']);
  });
});

test('memberships come back with the options that they had, and with no others', async () => {
  const [server, other, older] = await Promise.all([startPostgres({ major: 17 }), startPostgres({ major: 17 }), startPostgres({ major: 15 })]);
  try {
    await server.psql('create role power; create role a; create role b; create role c; create role d');
    await server.psql('grant power to a with inherit false, set false; grant power to b with inherit true, set false; grant power to c with admin true, inherit false; grant power to d');
    await server.psql('create database app');
    await server.psql('create table t as select 1; grant select on t to power', 'app');
    const site = await backedUp(server, 'app');
    const memberships = (of: PostgresServer, columns: string) => of.psql(`select member::regrole, ${columns} from pg_auth_members where roleid = 'power'::regrole order by 1`);
    await restored(restoreOptions({ ...site, server: other }));
    expect(await memberships(other, 'admin_option, inherit_option, set_option')).toBe('a|f|f|f\nb|f|t|f\nc|t|f|t\nd|f|t|t');
    const { report } = await restored(restoreOptions({ ...site, server: older }));
    expect(await memberships(older, 'admin_option')).toBe('d|f');
    expect(report.notes.join()).toMatch(/a was not made a member of power: it was one without INHERIT or SET/);
  } finally {
    await Promise.all([server.stop(), other.stop(), older.stop()]);
  }
});
