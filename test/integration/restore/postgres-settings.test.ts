import { backedUp, databasesOf, dumpOf, restored, restoreOptions } from './_postgres';
import { run } from '../_runner';
import { PostgresServer, startPostgres } from '../servers/postgres';

/* What an administrator has set to protect the server from applications is in the way neither of a backup nor of a restore. */

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres({ major: 17 });
  await server.psql('create database shop');
  await server.psql('create table orders as select i as id, md5(i::text) as note from generate_series(1, 50000) i', 'shop');
});

afterAll(() => server?.stop());

test.each([
  ['timeouts', ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'], '1ms'],
  ['read-only transactions', ['default_transaction_read_only'], 'on'],
])('%s, of the role, of the database, and of the role in it', async (_what, settings, value) => {
  const good = await dumpOf(server, 'shop');
  const change = async (to: (setting: string) => string) => {
    for (const where of ['role postgres', 'database shop', 'role postgres in database shop']) {
      for (const setting of settings) await server.psql(`alter ${where} ${to(setting)}`);
    }
  };
  await change(setting => `set ${setting} = '${value}'`);
  const site = await backedUp(server, 'shop');
  await server.psql('delete from orders', 'shop');
  expect(await run(['restore', '--yes'], restoreOptions(site, { mode: 'in-place' }))).toMatchObject({ code: 0 });
  expect(await server.psql('select count(*) from orders', 'shop')).toBe('50000');

  const { report } = await restored(restoreOptions(site));
  expect(await databasesOf(server)).toEqual(['shop', report.previous]);
  for (const command of [['rollback'], ['rollback'], ['discard', '--yes']]) expect(await run(command, restoreOptions(site))).toMatchObject({ code: 0 });
  expect(await databasesOf(server)).toEqual(['shop']);
  await change(setting => `reset ${setting}`);
  expect(await dumpOf(server, 'shop')).toBe(good);
});

test.each(['swap', 'new-database'] as const)('amounts of money in the format of the database are read in that format, whatever the server\'s is: %s', async mode => {
  const foreign = await startPostgres({ major: 15, settings: ['lc_monetary = \'C\''] });
  try {
    await foreign.psql('create database shop');
    await foreign.psql('alter database shop set lc_monetary = \'de_DE.UTF-8\'');
    await foreign.psql('create table orders as select 1234.56::numeric::money as total', 'shop');
    const good = await dumpOf(foreign, 'shop');
    expect(good).toContain('1.234,56 €');
    const site = await backedUp(foreign, 'shop');
    await foreign.psql('delete from orders', 'shop');
    await restored(restoreOptions(site, mode === 'swap' ? {} : { mode, newName: 'other' }));
    expect(await foreign.psql('select total from orders', mode === 'swap' ? 'shop' : 'other')).toBe('1.234,56 €');
    if (mode === 'swap') expect(await dumpOf(foreign, 'shop')).toBe(good);

    // What the live database has set for itself since then stays its own.
    await foreign.psql('alter database shop reset lc_monetary');
    await restored(restoreOptions(site));
    expect(await foreign.psql('select total from orders', 'shop')).toBe('$1,234.56');
  } finally {
    await foreign.stop();
  }
});
