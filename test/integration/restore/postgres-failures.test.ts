import { execFile, execFileSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { backedUp, databasesOf, dumpOf, fakeProgram, restored, restoreOptions, Site } from './_postgres';
import { RestoreConfig } from '../../../src/contract/config';
import { filesIn, run, RunOptions } from '../_runner';
import { tempDir, until } from '../servers/_process';
import { clientBin, PostgresServer, startPostgres } from '../servers/postgres';

/* Whatever stands in the way: the live database is what it was, no database is left over, and the message says so and what to do. */

let server: PostgresServer;
let site: Site;
let live: string;

beforeAll(async () => {
  server = await startPostgres({ major: 17 });
  await server.psql('create database shop');
  await server.psql(`
    create role owner; create role nobody login password 'x';
    create role maker login createdb password 'x';
    grant owner to maker;
  `);
  await server.psql(`
    create table orders as select i as id, md5(i::text) || md5((-i)::text) as note from generate_series(1, 50000) i;
    create table owned (id int); alter table owned owner to owner; analyze;
  `, 'shop');
  site = await backedUp(server, 'shop');
  await server.psql('update orders set note = \'WRONG\' where id < 100; create table later (id int)', 'shop');
  live = await dumpOf(server, 'shop');
});

afterAll(() => server?.stop());

async function expectNothingChanged(): Promise<void> {
  expect(await databasesOf(server)).toEqual(['shop']);
  expect(await dumpOf(server, 'shop')).toBe(live);
  expect(filesIn((site.backupConfig.scratch).directory)).toEqual([]);
}

async function expectRefused(options: RunOptions, code: number, message: RegExp, args: readonly string[] = []): Promise<void> {
  const ended = await run(['restore', ...args], options);
  expect(ended.message).toMatch(message);
  expect(ended.message).toMatch(/(Nothing was changed|database shop on \S+ is as it was)$/);
  expect(ended.code).toBe(code);
  await expectNothingChanged();
}

/** The same backup in a folder of its own, with something done to it. */
function withFiles(change: (directory: string) => void): RunOptions {
  const directory = tempDir('changed');
  cpSync(site.directory, directory, { recursive: true });
  change(directory);
  return restoreOptions(site, {}, { stores: [{ type: 'folder', name: 'volume', directory, folder: null }] });
}

function flipByte(file: string, at: (bytes: number) => number): void {
  const content = readFileSync(file);
  content[at(content.length)]! ^= 1; // eslint-disable-line no-bitwise
  writeFileSync(file, content);
}

const dumpIn = (directory: string) => path.join(directory, `${site.id}.dump`);
const recordIn = (directory: string) => path.join(directory, `${site.id}.json`);

describe('the backup', () => {
  test.each<[string, (directory: string) => void, number, RegExp]>([
    ['a corrupt byte in the middle', directory => flipByte(dumpIn(directory), bytes => Math.floor(bytes / 2)), 11, /is damaged.*its record says/],
    ['a corrupt byte at the very end', directory => flipByte(dumpIn(directory), bytes => bytes - 1), 11, /is damaged/],
    ['a corrupt byte in its table of contents', directory => flipByte(dumpIn(directory), () => 8), 11, /damaged|no archive|archive format/],
    ['truncated', directory => truncateSync(dumpIn(directory), 1000), 15, /no backup of app can serve as the latest/],
    ['no archive', directory => rmSync(dumpIn(directory)), 15, /no backup of app can serve as the latest/],
    ['a record of another version', directory => writeFileSync(recordIn(directory), readFileSync(recordIn(directory), 'utf8').replace('"version": 1', '"version": 99')), 15, /there is no backup of app/],
    ['no record', directory => rmSync(recordIn(directory)), 15, /there is no backup of app/],
  ])('%s', async (_case, change, code, message) => {
    const options = withFiles(change);
    await expectRefused(options, code, message);
    // Read twice instead of once: the same.
    const scratch = { ...site.backupConfig.scratch, limitBytes: 1 };
    await expectRefused({ ...options, config: { ...options.config!, scratch } as RestoreConfig }, code, message);
  });

  test('named, where its record is of another version: says so', async () => {
    const options = withFiles(directory => writeFileSync(recordIn(directory), readFileSync(recordIn(directory), 'utf8').replace('"version": 1', '"version": 99')));
    await expectRefused(options, 11, /has version 99, this runner reads version 1/, [site.id]);
  });

  test('is damaged in one store and good in the next', async () => {
    const directory = tempDir('changed');
    cpSync(site.directory, directory, { recursive: true });
    flipByte(dumpIn(directory), bytes => bytes - 1);
    const stores = [{ type: 'folder', name: 'first', directory, folder: null } as const, ...site.backupConfig.stores];
    const options = restoreOptions(site, { mode: 'new-database', newName: 'other' }, { stores });
    const ended = await restored(options);
    expect(ended.events.map(({ event }) => event)).toContain('copy.unusable');
    await server.psql('drop database other');
  });

  test('is suspect: only by its name', async () => {
    const options = withFiles(directory => writeFileSync(recordIn(directory), readFileSync(recordIn(directory), 'utf8').replace('"suspect": null', '"suspect": "it shrank"')));
    await expectRefused(options, 15, /can serve as the latest/);
    expect(await run(['restore', site.id, '--dry-run'], options)).toMatchObject({ code: 0 });
    await expectNothingChanged();
  });

  test('is younger than the time that is asked for', () =>
    expectRefused(restoreOptions(site), 15, /no backup of app from 2020-01-01T00:00:00.000Z or before; the oldest is app_/, ['--at', '2020-01-01T00:00:00Z']));

  test('has no checksum file: its record has the digests', async () => {
    const options = withFiles(directory => rmSync(path.join(directory, `${site.id}.sha256`)));
    expect(await run(['restore', '--dry-run'], options)).toMatchObject({ code: 0 });
  });
});

describe('the server', () => {
  test.each<[string, Parameters<typeof restoreOptions>[1], NodeJS.ProcessEnv, number, RegExp]>([
    ['wrong password', {}, { POSTGRES_PASSWORD: 'wrong' }, 14, /check that the password/],
    ['nobody there', { port: 1 }, {}, 20, /Connection refused/],
    [
      'a role without rights: all that is missing at once', { user: 'nobody' }, { POSTGRES_PASSWORD: 'x' }, 14,
      /ALTER ROLE "nobody" CREATEDB.*; and .*GRANT "postgres" TO "nobody".*; and .*GRANT "owner" TO "nobody"/,
    ],
    ['a role that is not the owner', { user: 'maker' }, { POSTGRES_PASSWORD: 'x' }, 14, /may not rename the database, which belongs to postgres/],
    ['a database that is not in the backup', { sourceDatabaseName: 'shpo' }, {}, 15, /has no database shpo; it has shop/],
    ['an assertion that is not true', { assertions: ['select true', 'select count(*) = 1 from orders'] }, {}, 11, /"select count\(\*\) = 1 from orders" is not true, it answers "f"/],
    ['an assertion that is no SQL', { assertions: ['\\! touch /tmp/x'] }, {}, 10, /can't be checked/],
    ['an assertion that writes', { assertions: ['delete from orders returning true'] }, {}, 10, /read-only transaction/],
  ])('%s', (_case, target, env, code, message) =>
    expectRefused({ ...restoreOptions(site, target), env: { ...site.env, ...env } }, code, message));

  test('has no such extension, and no such role', async () => {
    const old = await startPostgres({ major: 15 });
    try {
      await old.psql('create database shop; ');
      await old.psql('create role "only granted"; grant connect on database shop to "only granted"; create role "only set"; alter role "only set" in database shop set work_mem = \'5MB\'');
      await old.psql('create role "only here"; create extension adminpack; create table t as select 1 as id; alter table t owner to "only here"', 'shop');
      const other = await backedUp(old, 'shop');
      const options = restoreOptions({ ...other, server }, { globals: false });
      await expectRefused(options, 15, /there is no role only here.*CREATE ROLE "only here".*the extension adminpack is not installed/);
      // A database that is there keeps its own rights and settings; a new one has those of the backup.
      await expectRefused(restoreOptions({ ...other, server }, { globals: false, mode: 'new-database', newName: 'shop_new' }), 15, /no role only granted, .*no role only set, /);
    } finally {
      await old.stop();
    }
  });

  test('is beyond the client: the backup was made by a later pg_dump', () =>
    expectRefused({ ...restoreOptions(site), clients: [15] }, 12, /made by pg_dump 17.*pg_restore 15.*install PostgreSQL's client 17.*or use a runner image that has it/));

  test('has a replication slot or a prepared transaction in the way', async () => {
    const own = await startPostgres({ major: 17, settings: ['wal_level = logical', 'max_prepared_transactions = 2'] });
    try {
      await own.psql('create database shop');
      await own.psql('create table t as select 1 as id', 'shop');
      const other = await backedUp(own, 'shop');
      await own.psql('select pg_create_logical_replication_slot(\'reader\', \'pgoutput\')', 'shop');
      await own.psql('begin; insert into t values (1); prepare transaction \'p\'', 'shop');
      const ended = await run(['restore'], restoreOptions(other));
      expect(ended.message).toMatch(/1 prepared transactions.*replication slots.*reader.*Nothing was changed$/);
      expect(await databasesOf(own)).toEqual(['shop']);
    } finally {
      await own.stop();
    }
  });

  test('has less room than is declared: refused in the plan, or stopped and dropped', async () => {
    const own = await startPostgres({ major: 17 });
    try {
      await own.psql('create database wide');
      await own.psql('create table t as select i, repeat(\'x\', 1000) as x from generate_series(1, 50000) i', 'wide'); // 57 MB that compress well
      const other = await backedUp(own, 'wide');
      const options = restoreOptions(other, { targetFreeSpaceBytes: 30_000_000 });
      expect(await run(['restore'], options)).toMatchObject({ code: 16, message: expect.stringMatching(/second copy of the database wide.*declared.*Nothing was changed$/) });

      await own.psql('drop table t; create table t as select 1 as i', 'wide'); // nothing tells now how much it will be
      const ended = await run(['restore'], options);
      expect(ended.message).toMatch(/has become .* large, more than the 30.* MB that are declared.*database wide on \S+ is as it was/s);
      expect(ended.code).toBe(16);
      expect(await databasesOf(own)).toEqual(['wide']);

      await restored(restoreOptions(other, { targetFreeSpaceBytes: 500_000_000 }));
      expect(await own.psql('select count(*) from t', 'wide')).toBe('50000');
    } finally {
      await own.stop();
    }
  });

  test('runs full during the restore', async () => {
    const small = tempDir('small');
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=200m,mode=777', 'tmpfs', small]);
    try {
      const own = await startPostgres({ major: 17, dataBelow: small });
      try {
        await own.psql('create database big');
        await own.psql('create table t as select i, repeat(md5(i::text), 5) as x from generate_series(1, 100000) i; checkpoint', 'big');
        const other = await backedUp(own, 'big');
        const worse = await dumpOf(own, 'big');
        const { bavail, bsize } = statfsSync(small);
        writeFileSync(path.join(small, 'filler'), Buffer.alloc(bavail * bsize - 20_000_000)); // a database without anything takes 8 MB, this one 30
        const ended = await run(['restore'], restoreOptions(other));
        expect(ended.message).toMatch(/No space left on device.*database big on \S+ is as it was/s);
        expect(ended.code).toBe(16);
        expect(await dumpOf(own, 'big')).toBe(worse);
        expect(await databasesOf(own)).toEqual(['big']);
      } finally {
        await own.stop();
      }
    } finally {
      execFileSync('umount', [small]);
    }
  });
});

describe('the scratch directory', () => {
  const into = (changes: Partial<RestoreConfig>, target = {}) => restoreOptions(site, { mode: 'new-database', newName: 'other', ...target }, changes);

  test('is too small: the backup is read twice, and the plan says why', async () => {
    const options = into({ scratch: { ...site.backupConfig.scratch, limitBytes: 1000 } });
    const plan = await run(['restore', '--dry-run'], options);
    expect(JSON.parse(plan.stdout).steps[0]).toMatch(/twice: once to verify the digest before a byte reaches the target, once to restore, since .* has no room/);
    await restored(options);
    expect(await server.psql('select count(*) from orders', 'other')).toBe('50000');
    await server.psql('drop database other');
    await expectNothingChanged();
  });

  test('says that it has room and has not', async () => {
    const small = tempDir('lies');
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=200m,nr_inodes=2', 'tmpfs', small]);
    try {
      const ended = await restored(into({ scratch: { directory: small, limitBytes: null } }));
      expect(ended.events.map(({ event }) => event)).toContain('scratch.full');
      expect(await server.psql('select count(*) from orders', 'other')).toBe('50000');
      await server.psql('drop database other');
      expect(filesIn(small)).toEqual([]);
      await expectRefused(into({ scratch: { directory: small, limitBytes: null } }, { parallelJobs: 2 }), 16, /is full.*with one job/);
    } finally {
      execFileSync('umount', [small]);
    }
  });

  test('can\'t be written to, in place: the restore ends at once, and not only at its deadline', async () => {
    // It has no room, so that the backup is read twice, and takes no list of what to restore.
    const options = restoreOptions(site, { mode: 'in-place' }, { scratch: { directory: '/proc', limitBytes: null }, activeDeadlineSeconds: 3600 });
    await expectRefused(options, 10, /the scratch directory \/proc can't be used/, ['--yes', '--no-safety-backup']);
  });

  test('is too small for parallel jobs', () =>
    expectRefused(into({ scratch: { ...site.backupConfig.scratch, limitBytes: 1000 } }, { parallelJobs: 2 }), 16, /2 parallel jobs need the whole archive/));
});

describe('what an earlier restore has left', () => {
  test('is removed; what only looks like it is not', async () => {
    const [leftover, others] = ['shop_restore_20260101_000000', ['shop_restore_mine', 'shop_restore_20260101', 'shop2_restore_20260101_000000']];
    for (const name of [leftover, ...others]) await server.psql(`create database ${name}`);
    const plan = await run(['restore', '--dry-run'], restoreOptions(site));
    expect(JSON.parse(plan.stdout).steps).toContain(`drop the database ${leftover}, which a restore has begun and not finished`);
    const { report } = await restored(restoreOptions(site));
    expect(await databasesOf(server)).toEqual(['shop', report.previous, ...others].sort());
    expect(await run(['rollback'], restoreOptions(site))).toMatchObject({ code: 0 });
    expect(await run(['discard', '--yes'], restoreOptions(site))).toMatchObject({ code: 0 });
    for (const name of others) await server.psql(`drop database ${name}`);
    await expectNothingChanged();
  });
});

test('a role that is no superuser, may create databases and owns the one in question is enough', async () => {
  await server.psql('create database mine owner maker');
  await server.psql('set role maker; create table t as select 1 as id; alter default privileges grant select on tables to owner', 'mine');
  const before = await dumpOf(server, 'mine');
  const mine = await backedUp(server, 'mine');
  await server.psql('delete from t', 'mine');
  const options = { ...restoreOptions(mine, { user: 'maker' }), env: { POSTGRES_PASSWORD: 'x' } };
  const { report } = await restored(options);
  expect(await dumpOf(server, 'mine')).toBe(before);
  expect(report.previous).toMatch(/^mine_before_/);
  expect(await run(['discard', '--yes'], options)).toMatchObject({ code: 0 });
  await server.psql('drop database mine');
});

test('a session that the role may not end is in the plan; the swap that fails on it leaves the live database open, and as it was in all else', async () => {
  await server.psql('create role agent superuser login password \'a\'; create role app login password \'a\'');
  await server.psql('create database mine owner maker');
  await server.psql('alter database mine set application_name = \'the shop\'');
  await server.psql('set role maker; create table t as select 1 as id', 'mine');
  const mine = await backedUp(server, 'mine');
  await server.psql('delete from t', 'mine');
  const before = await dumpOf(server, 'mine');
  const options = { ...restoreOptions(mine, { user: 'maker' }), env: { POSTGRES_PASSWORD: 'x' } };

  const agent = sessionOf('agent');
  await until('the agent is there', 10_000, () => isThere('agent'));
  const planned = await run(['restore', '--dry-run'], options);
  expect(planned.code).toBe(0);
  expect(JSON.parse(planned.stdout).notes).toContainEqual(expect.stringContaining('in the database mine are sessions of agent that maker may not end'));
  const ended = await run(['restore'], options);
  expect(ended.message).toMatch(/may not end all of the sessions of agent: end those of superusers yourself, or restore as a superuser.*database mine on \S+ is as it was$/s);
  expect(ended.code).toBe(14);
  expect(await server.psql('select datallowconn from pg_database where datname = \'mine\'')).toBe('t');
  expect(await dumpOf(server, 'mine')).toBe(before);
  expect(await databasesOf(server)).toEqual(['mine', 'shop']);
  expect(await isThere('agent')).toBe(true);
  await server.psql('select pg_terminate_backend(pid) from pg_stat_activity where usename = \'agent\'');
  await agent;

  const app = sessionOf('app');
  await until('the application is there', 10_000, () => isThere('app'));
  expect((await run(['restore'], options)).message).toContain('may not end all of the sessions of app: end those of superusers yourself, or restore as a superuser; for the others, GRANT pg_signal_backend TO "maker"');
  await server.psql('grant pg_signal_backend to maker');
  await restored(options);
  await app;
  expect(await server.psql('select count(*) from t', 'mine')).toBe('1');
  expect(await server.psql('select setconfig from pg_db_role_setting s join pg_database d on d.oid = setdatabase where datname = \'mine\'')).toBe('{"application_name=the shop"}');
  expect(await run(['discard', '--yes'], options)).toMatchObject({ code: 0 });
  await server.psql('revoke pg_signal_backend from maker');
  await server.psql('drop database mine');

  /** Ends when it is made to. */
  async function sessionOf(role: string): Promise<void> {
    await promisify(execFile)(path.join(clientBin(17), 'psql'), ['-X', '-h', server.host, '-p', String(server.port), '-U', role, '-d', 'mine', '-c', 'select pg_sleep(600)'],
      { env: { PGPASSWORD: 'a' } }).catch(() => {});
  }

  async function isThere(role: string): Promise<boolean> {
    return await server.psql(`select count(*) from pg_stat_activity where usename = '${role}' and wait_event = 'PgSleep'`) === '1';
  }
});

test('a live database that is too damaged to be connected to is replaced, and the plan says what is not known of it', async () => {
  const own = await startPostgres({ major: 17 });
  try {
    await own.psql('create database shop');
    await own.psql('create table t as select 1 as id; checkpoint', 'shop');
    const other = await backedUp(own, 'shop');
    const oid = await own.psql('select oid from pg_database where datname = \'shop\'');
    rmSync(path.join(own.dataDir, 'base', oid, 'PG_VERSION'));
    const planned = await run(['restore', '--dry-run'], restoreOptions(other));
    expect(planned.code).toBe(0);
    expect(JSON.parse(planned.stdout).notes).toContainEqual(expect.stringMatching(/which of its tables the backup does not have is not known, since the database shop can't be asked: .*is not a valid data directory/));
    await restored(restoreOptions(other));
    expect(await own.psql('select count(*) from t', 'shop')).toBe('1');
  } finally {
    await own.stop();
  }
});

test('what only a superuser can make is found before anything starts', async () => {
  await server.psql('create database mine owner maker');
  await server.psql(`create table t as select 1 as id; create function f() returns event_trigger language plpgsql as $$ begin end $$;
    create event trigger audit on ddl_command_end execute function f(); create publication everything for all tables`, 'mine');
  const mine = await backedUp(server, 'mine');
  const before = await dumpOf(server, 'mine');
  const ended = await run(['restore'], { ...restoreOptions(mine, { user: 'maker', globals: false }), env: { POSTGRES_PASSWORD: 'x' } });
  expect(ended).toMatchObject({
    code: 14, message: expect.stringMatching(/only a superuser.*maker is none: (event trigger audit, publication everything|publication everything, event trigger audit); restore as a superuser.*Nothing was changed$/s),
  });
  expect(await dumpOf(server, 'mine')).toBe(before);
  await restored(restoreOptions(mine));
  expect(await dumpOf(server, 'mine')).toBe(before);
  expect(await run(['discard', '--yes'], restoreOptions(mine))).toMatchObject({ code: 0 });
  await server.psql('drop database mine');
});

test('no password of any role or server is in a process list or a log', async () => {
  const fresh = await startPostgres({ major: 17 });
  try {
    const hashes = (await server.psql('select rolpassword from pg_authid where rolpassword is not null')).split('\n');
    const fake = fakeProgram('psql', 'echo "$@" >> "$0.args"; exec "$REAL" "$@"');
    const ended = await run(['restore'], { ...restoreOptions({ ...site, server: fresh }), path: fake });
    expect(ended.code).toBe(0);
    const seen = readFileSync(path.join(fake, 'psql.args'), 'utf8') + ended.stdout + ended.stderr;
    for (const secret of [...hashes, fresh.password]) expect(seen).not.toContain(secret);
    expect(await fresh.psql('select rolpassword from pg_authid where rolname = \'maker\'')).toBe(await server.psql('select rolpassword from pg_authid where rolname = \'maker\''));
  } finally {
    await fresh.stop();
  }
});
