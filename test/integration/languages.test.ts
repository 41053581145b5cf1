import { execFileSync } from 'node:child_process';
import { configOf, folder, postgres } from './_configs';
import { backup, Ended, run, RunOptions } from './_runner';
import { drill, drillOf, postgresTarget } from './drill/_drill';
import { backedUp, databasesOf, dumpOf, makeEverything, restored, restoreOptions, Site } from './restore/_postgres';
import { tempDir, until } from './servers/_process';
import { LOCALES } from './servers/locales';
import { PostgresServer, startPostgres } from './servers/postgres';
import { PostgresConfig, PostgresTargetConfig } from '../../src/contract/config';

/*
 * A server that speaks another language: what works in English works, and what fails there fails with the same exit code and the same way out.
 * PostgreSQL 15 is the one whose translations are installed.
 */

const IBAN = 'DE02120300000000202051';
const PASSWORD = 'role-password';
const env = { POSTGRES_PASSWORD: PASSWORD };

describe.each([...LOCALES, 'C'] as const)('%s', locale => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await startPostgres({
      major: 15, settings: [`lc_messages = '${locale}'`, 'max_connections = 20'], access: ['host shut all all reject', 'host all trusted all trust'],
    });
    await server.psql(`create role maker login createdb password '${PASSWORD}'; create role nobody login password '${PASSWORD}'; create role absent password '${PASSWORD}';
      create role full login connection limit 0 password '${PASSWORD}'; create role postgres_too superuser login password '${PASSWORD}'`);
    await server.psql('create database shop owner maker');
    await server.psql('set role maker; create table orders as select i as id, md5(i::text) as note from generate_series(1, 2000) i', 'shop');
    await server.psql('create database private');
    await server.psql('revoke connect on database private from public');
  });

  afterAll(() => server?.stop());

  /** What the tests expect of a server's own words: that it does speak its language. */
  test('is what the server speaks', async () => {
    const words = { 'de_DE.UTF-8': 'Division durch Null', 'fr_FR.UTF-8': 'division par zéro', 'ja_JP.UTF-8': '0 による除算が行われました', 'C': 'division by zero' };
    await expect(server.psql('select 1/0')).rejects.toThrow(words[locale]);
  });

  describe('works as in English', () => {
    test.each([['a superuser', 'postgres'], ['the owner of a database', 'maker']])('for %s: backup, restore by swap and in place, rollback, discard', async (_, user) => {
      const good = await dumpOf(server, 'shop');
      const own = { POSTGRES_PASSWORD: user === 'postgres' ? server.password : PASSWORD };
      const taken = await backedUp({ ...server, password: own.POSTGRES_PASSWORD }, 'shop', { user, globals: user === 'postgres' });
      const site: Site = { ...taken, env: own };
      for (const mode of ['swap', 'in-place'] as const) {
        const options = restoreOptions(site, { user, mode, globals: false, assertions: ['select count(*) = 2000 from orders'] }, { backup: site.id });
        await server.psql('update orders set note = \'WRONG\' where id < 100', 'shop');
        const wrong = await dumpOf(server, 'shop');
        await restored(options, ['--yes']);
        expect(await dumpOf(server, 'shop')).toBe(good);
        expect(await run(['rollback', '--yes'], options)).toMatchObject({ code: 0 });
        expect(await dumpOf(server, 'shop')).toBe(wrong);
        await server.psql('update orders set note = md5(id::text)', 'shop');
      }
      while ((await databasesOf(server)).some(name => name.startsWith('shop_'))) {
        expect(await run(['discard', '--yes'], restoreOptions(site, { user, globals: false }))).toMatchObject({ code: 0 });
      }
    });

    test('for a database with a bit of everything, a drill of it, and a server without the database "postgres"', async () => {
      await makeEverything(server, 'everything', 15);
      const good = await dumpOf(server, 'everything');
      const site = await backedUp(server, 'everything');
      await restored(restoreOptions(site));
      expect(await dumpOf(server, 'everything')).toBe(good);

      const scratch = await startPostgres({ major: 15, settings: [`lc_messages = '${locale}'`] });
      try {
        expect(await drill(drillOf(site.backupConfig, postgresTarget(scratch, 'everything')), { env: { SCRATCH_PASSWORD: scratch.password } }))
          .toMatchObject({ code: 0, record: { outcome: 'passed' } });
        await scratch.psql('drop database postgres', 'template1');
        await scratch.psql('create database everything', 'template1');
        await scratch.psql('create table t as select 1 as id', 'everything');
        const all = configOf({ source: postgres(scratch, null), stores: [folder(tempDir('volume'))] });
        await backup({ config: all, env: { POSTGRES_PASSWORD: scratch.password } });
        await restored(restoreOptions({ ...site, server: scratch }), ['--yes']);
      } finally {
        await scratch.stop();
      }
    });
  });

  describe('fails as in English', () => {
    const source = (database: string | null, changes: Partial<PostgresConfig> = {}): RunOptions => ({
      config: configOf({ source: postgres(server, database, { user: 'maker', globals: false, lockTimeoutSeconds: 1, ...changes }), stores: [folder(tempDir('volume'))] }), env,
    });

    test.each<[string, () => RunOptions, number, RegExp]>([
      ['a wrong password', () => ({ ...source('shop'), env: { POSTGRES_PASSWORD: 'wrong' } }), 14, /check that the password in the Secret/],
      ['an unknown role', () => source('shop', { user: 'who' }), 14, /check that the password in the Secret/],
      ['an unknown role of a server that trusts it', () => source('shop', { user: 'trusted' }), 14, /CREATE ROLE "trusted"|the role may not log in/],
      ['a role that may not log in', () => source('shop', { user: 'absent' }), 14, /LOGIN/],
      ['a line of pg_hba.conf', () => source('shut'), 14, /pg_hba\.conf/],
      ['an unknown database', () => source('shpo'), 15, /database shpo.*check the name of the database/],
      ['a database that the role may not connect to', () => source('private', { user: 'nobody' }), 14, /GRANT CONNECT ON DATABASE "private"/],
      ['tables that the role may not read', () => source('shop', { user: 'nobody' }), 14, /public\.orders: GRANT pg_read_all_data/],
      ['too many connections', () => source('shop', { user: 'full' }), 20, /all connections are in use/],
      ['a table that the filters do not find', () => source('shop', { includeTables: ['nope'] }), 15, /each pattern that includes has to match something/],
    ])('a backup: %s', async (_, options, code, message) => {
      expectFailure(await run(['backup'], options()), code, message);
    });

    test('a backup: a lock that is held too long', async () => {
      const held = server.psql('begin; lock table orders; select pg_sleep(600)', 'shop').catch(() => {});
      await until('the lock is held', 10_000, async () => await server.psql('select count(*) from pg_locks where granted and mode = \'AccessExclusiveLock\' and relation = \'orders\'::regclass', 'shop') === '1');
      for (const user of ['postgres_too', 'maker']) expectFailure(await run(['backup'], source('shop', { user })), 20, /end that transaction/);
      await server.psql('select pg_terminate_backend(pid) from pg_stat_activity where query like \'begin; lock table%\' and pid <> pg_backend_pid()');
      await held;
    });

    test('a restore: rights, names, what depends on what is replaced', async () => {
      const site: Site = { ...await backedUp(server, 'shop', { globals: false }), env };
      const restoring = (changes: Partial<PostgresTargetConfig>) => run(['restore', '--yes'], restoreOptions(site, { user: 'maker', globals: false, ...changes }));
      expectFailure(await run(['restore', '--yes'], { ...restoreOptions(site, { user: 'maker' }), env: { POSTGRES_PASSWORD: 'wrong' } }), 14, /check that the password/);
      expectFailure(await restoring({ user: 'nobody' }), 14, /ALTER ROLE "nobody" CREATEDB/);
      expectFailure(await restoring({ mode: 'in-place', databaseName: 'shpo', sourceDatabaseName: 'shop' }), 15, /there is no database shpo/);
      expectFailure(await restoring({ assertions: ['select count(*) = 1 from orders'] }), 11, /is not true, it answers "f"/);
      expectFailure(await restoring({ mode: 'in-place', assertions: ['select count(*) = 1 from orders'] }), 11, /is not true, it answers false/);
      expectFailure(await restoring({ assertions: ['select count(*) = 1 from nope'] }), 10, /can't be checked/);
      await server.psql('set role maker; create view of_orders as select * from orders', 'shop');
      expectFailure(await restoring({ mode: 'in-place', user: 'postgres_too' }), 1, /something that is not in the backup depends on what it replaces/);
      await server.psql('drop view of_orders', 'shop');
    });

    test('a restore: a full disk', async () => {
      const small = tempDir('small');
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=75m,mode=777', 'tmpfs', small]);
      const own = await startPostgres({ major: 15, dataBelow: small, settings: [`lc_messages = '${locale}'`] });
      try {
        const other = await startPostgres({ major: 15 });
        await other.psql('create database wide');
        await other.psql('create table t as select i, repeat(md5(i::text), 20) as x from generate_series(1, 100000) i', 'wide');
        const site = await backedUp(other, 'wide');
        await other.stop();
        expectFailure(await run(['restore', '--yes'], restoreOptions({ ...site, server: own })), 16, /No space left on device: give the server's disk more room/);
      } finally {
        await own.stop();
        execFileSync('umount', [small]);
      }
    });

    test.each([['postgres'], ['maker']])('a restore as %s: what functions of the database raise, warn and quote is not shown', async user => {
      await server.psql('create database bank owner maker');
      await server.psql(`set role maker; create function odd(iban text) returns boolean language plpgsql immutable as $$ begin
        if current_database() <> 'bank' then raise warning 'customer %', iban; raise notice 'customer %', iban; raise exception 'customer % is odd', iban using hint = iban, errcode = '22012'; end if;
        return true; end $$; create table accounts (iban text check (public.odd(iban))); insert into accounts values ('${IBAN}')`, 'bank');
      const site: Site = { ...await backedUp(server, 'bank', { globals: false }), env: { POSTGRES_PASSWORD: user === 'maker' ? PASSWORD : server.password } };
      const ended = await run(['restore', '--yes'], restoreOptions(site, { user, globals: false }));
      expect(ended.code).toBe(1);
      expect(ended.stderr).toMatch(/function( public\.odd\(text\))? raised an error, whose text is not shown/);
      expect(ended.stdout + ended.stderr).not.toContain(IBAN);
      const unread = /the server says it in its language, \w+\.UTF-8, .* As a superuser, ALTER ROLE "maker" SET lc_messages = 'C'/;
      if (user === 'maker' && locale !== 'C') expect(ended.message).toMatch(unread);
      else expect(ended.message).not.toMatch(/in its language/);
      await server.psql('drop database bank');
    });
  });
});

function expectFailure(ended: Ended, code: number, message: RegExp): void {
  expect(ended.message).toMatch(message);
  expect(ended.code).toBe(code);
}
