import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { backedUp, databasesOf, restored, restoreOptions } from './_postgres';
import { run } from '../_runner';
import { plant } from '../drill/_drill';
import { until } from '../servers/_process';
import { clientBin, PostgresServer, startPostgres } from '../servers/postgres';

/*
 * A database that subscribes to another server: PostgreSQL drops none that has a subscription, and a slot at the publisher belongs to one alone.
 */

let publisher: PostgresServer;

beforeAll(async () => {
  publisher = await startPostgres({ major: 17, settings: ['wal_level = logical'] });
  await publisher.psql('create table items (id int primary key); insert into items select generate_series(1, 100); create publication p for table items');
});

afterAll(() => publisher?.stop());

describe.each([15, 17] as const)('PostgreSQL %i', major => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await startPostgres({ major });
  });
  afterAll(() => server?.stop());

  /** Databases that subscribe with a slot of their own, which was there before as those of managed services are. */
  async function makeSubscriber(name: string): Promise<void> {
    await server.psql(`create database ${name}`);
    await server.psql('create table items (id int primary key)', name);
    await publisher.psql(`select pg_create_logical_replication_slot('${name}_${major}', 'pgoutput')`);
    await server.psql(`create subscription "News of ${name}" connection 'host=127.0.0.1 port=${publisher.port} user=postgres password=''super secret'' dbname=postgres'
      publication p with (create_slot = false, slot_name = '${name}_${major}')`, name);
    await server.psql('insert into items select generate_series(1001, 1100) on conflict do nothing', name);
  }

  const slots = () => publisher.psql('select slot_name from pg_replication_slots where temporary = false and slot_name !~ \'_sync_\' order by 1').then(names => names.split('\n').filter(name => name.endsWith(`_${major}`)));

  test('is backed up and restored with its subscription, which is told to be disabled, and with what has to be done', async () => {
    await makeSubscriber('shop');
    const site = await backedUp(server, 'shop');
    const plan = await run(['restore', '--dry-run'], restoreOptions(site));
    const told = /the subscription News of shop is disabled.*in the database shop, ALTER SUBSCRIPTION "News of shop" ENABLE; .*REFRESH PUBLICATION/;
    expect(JSON.parse(plan.stdout).notes).toEqual(expect.arrayContaining([expect.stringMatching(told)]));

    const { report } = await restored(restoreOptions(site));
    expect(report.notes).toEqual([expect.stringMatching(told)]);
    expect(await server.psql('select subname, subenabled, subslotname from pg_subscription s join pg_database d on d.oid = subdbid where datname = \'shop\''))
      .toBe(`News of shop|f|shop_${major}`);

    // What is told makes it replicate again; the slot is with the database that was kept no more, since that is closed.
    await server.psql('alter subscription "News of shop" enable; truncate items', 'shop');
    await server.psql('alter subscription "News of shop" refresh publication', 'shop');

    const back = await run(['rollback'], restoreOptions(site));
    expect(back.code).toBe(0);
    const discarded = await run(['discard', '--yes'], restoreOptions(site));
    expect([discarded.code, discarded.message]).toEqual([0, expect.anything()]);
    expect(await databasesOf(server)).toEqual(['shop']);
    expect(await slots()).toEqual([`shop_${major}`]);
    expect(await server.psql('select subenabled from pg_subscription')).toBe('t');
  });

  test('an archive that a newer pg_dump has made of it is restored, although older servers do not know all of what that says of a subscription', async () => {
    await makeSubscriber('dumped_by_17');
    await server.psql('comment on subscription "News of dumped_by_17" is \'run_as_owner = true\'', 'dumped_by_17');
    const site = await backedUp(server, 'dumped_by_17');
    const { stdout } = await promisify(execFile)(path.join(clientBin(17), 'pg_dump'), ['-Fc', '-h', server.host, '-p', String(server.port), '-U', 'postgres', 'dumped_by_17'], {
      env: { PGPASSWORD: server.password }, encoding: 'buffer', maxBuffer: 64 * 1024 * 1024,
    });
    plant(site.directory, site.id, stdout);
    const subscription = () => server.psql(`select subname, subslotname, obj_description(s.oid, 'pg_subscription'), rolname
      from pg_subscription s join pg_roles r on r.oid = subowner join pg_database d on d.oid = subdbid where datname = 'dumped_by_17'`);
    const before = await subscription();
    await server.psql('delete from items', 'dumped_by_17');
    await restored(restoreOptions(site));
    expect(await server.psql('select count(*) from items where id > 1000', 'dumped_by_17')).toBe('100');
    expect(await subscription()).toBe(before);
  });

  test('what a failed restore has left with a subscription in it is dropped, by that restore and by the next one', async () => {
    await makeSubscriber('other');
    const site = await backedUp(server, 'other');
    const failed = await run(['restore'], restoreOptions(site, { assertions: ['select false'] }));
    expect(failed.message).toMatch(/"select false" is not true.*other.* is as it was$/);
    expect((await databasesOf(server)).filter(name => name.startsWith('other'))).toEqual(['other']);

    // As a kill leaves it.
    await server.psql('create database other_restore_20260101_000000');
    await server.psql(`create subscription "left" connection 'dbname=x' publication p with (connect = false, slot_name = 'other_${major}')`, 'other_restore_20260101_000000');
    await restored(restoreOptions(site));
    expect((await databasesOf(server)).filter(name => name.startsWith('other_restore'))).toEqual([]);
    expect(await slots()).toContain(`other_${major}`);
  });

  test('a restore in place leaves its subscription as it is, and says so', async () => {
    await makeSubscriber('placed');
    await until('the first copy is complete', 20_000, async () => await server.psql('select count(*) from pg_subscription_rel where srsubstate <> \'r\'', 'placed') === '0');
    const site = await backedUp(server, 'placed');
    await server.psql('delete from items', 'placed');
    const { report, events } = await restored(restoreOptions(site, { mode: 'in-place' }));
    expect(JSON.stringify([report, events])).toMatch(/subscription News of placed is not restored in place: it stays as it is/);
    expect(await server.psql('select subenabled from pg_subscription s join pg_database d on d.oid = subdbid where datname = \'placed\'')).toBe('t');
    expect(Number(await server.psql('select count(*) from items where id > 1000', 'placed'))).toBe(100);
  });

  test('a table that a subscription has not copied to the end is in the plan of a restore in place, which begins once that is mended', async () => {
    await server.psql('create database half');
    await server.psql('create table items (id int primary key); insert into items values (7)', 'half');
    await server.psql('create subscription "Half" connection \'dbname=x\' publication p with (connect = false, slot_name = none)', 'half');
    const site = await backedUp(server, 'half');
    // As a disabled one is after a REFRESH, without a publisher that can be reached.
    await server.psql('insert into pg_subscription_rel (srsubid, srrelid, srsubstate) select oid, \'items\'::regclass, \'i\' from pg_subscription where subname = \'Half\'', 'half');
    const before = await server.psql('select \'items\'::regclass::oid', 'half');
    for (const args of [['restore', '--dry-run'], ['restore', '--yes']]) {
      const ended = await run(args, restoreOptions(site, { mode: 'in-place', safetyBackup: false }));
      expect(ended.code).not.toBe(0);
      expect(ended.stdout + ended.stderr).toMatch(/the subscription Half has not copied public\.items to the end, .*in the database half, ALTER SUBSCRIPTION .*Half.* ENABLE/);
    }
    expect(await server.psql('select \'items\'::regclass::oid', 'half')).toBe(before);
    await server.psql('drop subscription "Half"', 'half');
    await restored(restoreOptions(site, { mode: 'in-place', safetyBackup: false }));
    expect(await server.psql('select * from items', 'half')).toBe('7');
  });

  test('who is no superuser restores a database with a subscription in place, where it is not restored', async () => {
    await server.psql('create role tenant login createdb password \'of the tenant\'');
    await server.psql('create database leased owner tenant');
    await server.psql('set role tenant; create table things (id int); insert into things values (3)', 'leased');
    await server.psql('create subscription leased connection \'dbname=x\' publication p with (connect = false, slot_name = none)', 'leased');
    const site = await backedUp(server, 'leased');
    await server.psql('truncate things', 'leased');
    const asTenant = { ...site, server: { ...server, superuser: 'tenant' }, env: { POSTGRES_PASSWORD: 'of the tenant' } };
    await restored(restoreOptions(asTenant, { mode: 'in-place', safetyBackup: false }));
    expect(await server.psql('select * from things', 'leased')).toBe('3');
    expect(await server.psql('select count(*) from pg_subscription where subname = \'leased\'')).toBe('1');
  });
});
