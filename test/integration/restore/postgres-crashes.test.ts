import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { backedUp, databasesOf, dumpOf, fakeProgram, restored, restoreOptions, Site } from './_postgres';
import { killAll, killAllBelow, processesBelow, RunOptions, Running, run, start } from '../_runner';
import { AT_ONCE_MS, until } from '../servers/_process';
import { clientPath, PostgresServer, startPostgres } from '../servers/postgres';

/*
 * The server or the runner dies at each stage. Afterwards the live name holds what it held, and the same restore run again
 * brings the backup; nothing but what is kept on purpose is left over.
 */

let server: PostgresServer;
let site: Site;
let good: string;
let live: string;

beforeAll(async () => {
  server = await startPostgres({ major: 17, settings: ['fsync = on'] });
});

afterAll(() => server?.stop());

beforeEach(async () => {
  for (const name of await databasesOf(server)) {
    await server.psql(`alter database "${name}" allow_connections true`);
    await server.psql(`drop database "${name}" with (force)`);
  }
  await server.psql('create database shop connection limit 50');
  await server.psql('create table orders as select i as id, md5(i::text) as note from generate_series(1, 20000) i', 'shop');
  good = await dumpOf(server, 'shop');
  site = await backedUp(server, 'shop');
  await server.psql('update orders set note = \'WRONG\' where id < 100; checkpoint', 'shop');
  live = await dumpOf(server, 'shop');
});

/** By name: programs that hang there, and how it is known that they do. */
const STAGES: [string, () => string][] = [
  ['during the restore', () => fakeProgram('pg_restore', '"$REAL" "$@" < <(head -c 100000; sleep 15; cat)')],
  ['during the checks', () => fakeProgram('psql', 'in=$(cat); case "$in" in *"true as hang"*) in="select pg_sleep(600); $in"; echo > "$0.hangs";; esac; "$REAL" "$@" <<< "$in"')],
  ['before the swap', () => hangsIn('s/^do .swap.$/select pg_sleep(600); &/')],
  ['with the sessions of the live database ended', () => hangsIn('s/^alter database "shop" rename to/perform pg_sleep(600); &/')],
  ['between the two renames', () => hangsIn('s/^alter database "shop_restore_[0-9_]*" rename to/perform pg_sleep(600); &/')],
  ['before the swap is committed', () => hangsIn('s/^end .swap.;$/perform pg_sleep(600); &/')],
];

/** A psql that sleeps at a place in the statements of the swap. */
function hangsIn(edit: string): string {
  return fakeProgram('psql', `in=$(cat); case "$in" in *" rename to "*) in=$(sed '${edit}' <<< "$in"); echo > "$0.hangs";; esac; "$REAL" "$@" <<< "$in"`);
}

interface Victim {
  readonly running: Running;
  readonly options: RunOptions;
}

async function hanging(program: () => string): Promise<Victim> {
  // Streamed, so that the archive comes through standard input.
  const options = restoreOptions(site, { assertions: ['select true as hang'] }, { scratch: { ...site.backupConfig.scratch, limitBytes: 1 } });
  const running = start(['restore'], { ...options, path: program() });
  await until('the restore hangs', 30_000, async () => {
    if (running.process.exitCode !== null) throw new Error((await running.ended).stderr);
    const asleep = '(query like \'%pg_sleep(600)%\' or query like \'do $swap$%\') and pid <> pg_backend_pid() and state = \'active\' and wait_event = \'PgSleep\'';
    const waiting = 'datname like \'shop_restore_%\' and wait_event = \'ClientRead\'';
    const counts = await server.psql(`select count(*) filter (where ${asleep}), count(*) filter (where ${waiting}) from pg_stat_activity`);
    const [sleepers, waiters] = counts.split('|').map(Number) as [number, number];
    if (sleepers > 0 || (waiters > 0 && processesBelow(running.process.pid!).some(({ args }) => args.includes('sleep 15')))) return true;
    await sleep(200); // each time it is asked two processes start
    return false;
  });
  return { running, options };
}

async function expectFinishes(options: RunOptions): Promise<void> {
  const { report } = await restored(options);
  expect(await dumpOf(server, 'shop')).toBe(good);
  expect(await databasesOf(server)).toEqual(['shop', report.previous].sort());
  expect(await run(['rollback'], options)).toMatchObject({ code: 0 });
  expect(await dumpOf(server, 'shop')).toBe(live);
}

test.each(STAGES)('the server is killed %s', async (_stage, program) => {
  const { running, options } = await hanging(program);
  await server.kill9();
  const ended = await running.ended;
  await server.startAgain();
  expect([ended.code, ended.message]).toEqual([20, expect.stringMatching(
    /database shop on \S+ is (as it was|either as it was or what was restored: the server can't be asked)/,
  )]);
  expect(await server.psql('select count(*) from orders where note = \'WRONG\'', 'shop')).toBe('99');
  await expectFinishes(options);
});

test.each(STAGES)('the runner is killed %s', async (stage, program) => {
  const { running, options } = await hanging(program);
  const programs = processesBelow(running.process.pid!);
  running.process.kill('SIGKILL'); // and not its programs, as where memory runs out
  expect((await running.ended).code).toBe(137);
  // Nothing has to be put right before applications can go on.
  expect(await server.psql('select datallowconn from pg_database where datname = \'shop\'')).toBe('t');
  // The same restore run again, at once: the first one's session may still be there.
  const planned = await run(['restore', '--dry-run'], options);
  expect(planned.code).toBe(0);
  const { steps } = JSON.parse(planned.stdout) as { steps: string[] };
  expect(steps.some(step => /^end the swap of another restore to shop, which is under way now/.test(step))).toBe(!stage.startsWith('during'));
  await expectFinishes(options);
  killAll(programs);
});

test.each(STAGES)('the runner is stopped %s: gone within 5 s, and the live database is open', async (_stage, program) => {
  const { running, options } = await hanging(program);
  const told = Date.now();
  running.process.kill('SIGTERM');
  const ended = await running.ended;
  expect(ended.code).toBe(143);
  expect(Date.now() - told).toBeLessThan(AT_ONCE_MS);
  expect(await dumpOf(server, 'shop')).toBe(live);
  expect(ended.message).toMatch(/stopped by SIGTERM.*database shop on \S+ is as it was/s);
  await expectFinishes(options);
});

describe('in place, with all objects made anew and nothing committed', () => {
  async function hangingInPlace(): Promise<Victim> {
    const options = restoreOptions(site, { mode: 'in-place', assertions: ['select true from pg_sleep(600)'] });
    const running = start(['restore', '--yes'], options);
    await until('the restore hangs in its assertion', 30_000, async () => {
      if (running.process.exitCode !== null) throw new Error((await running.ended).stderr);
      return await server.psql('select count(*) from pg_stat_activity where wait_event = \'PgSleep\'') !== '0';
    });
    return { running, options };
  }

  async function expectFinishesInPlace(): Promise<void> {
    expect(await run(['restore', '--yes'], restoreOptions(site, { mode: 'in-place' }))).toMatchObject({ code: 0 });
    expect(await dumpOf(server, 'shop')).toBe(good);
  }

  test('the server is killed', async () => {
    const { running } = await hangingInPlace();
    await server.kill9();
    const ended = await running.ended;
    await server.startAgain();
    expect(ended.code).toBe(20);
    expect(await dumpOf(server, 'shop')).toBe(live);
    await expectFinishesInPlace();
  });

  test('the runner is stopped', async () => {
    const { running } = await hangingInPlace();
    running.process.kill('SIGTERM');
    expect((await running.ended).code).toBe(143);
    expect(await dumpOf(server, 'shop')).toBe(live);
    await expectFinishesInPlace();
  });

  test('the runner and its programs are killed, as with their container', async () => {
    const { running } = await hangingInPlace();
    killAllBelow(running.process.pid!);
    await running.ended;
    await server.psql('select pg_terminate_backend(pid) from pg_stat_activity where wait_event = \'PgSleep\'');
    expect(await dumpOf(server, 'shop')).toBe(live);
    await expectFinishesInPlace();
  });
});

test('clients that come again without pause: each write that was accepted is in the database that is live, or in the one that is kept', async () => {
  await server.psql('create table events (id text primary key)', 'shop');
  site = await backedUp(server, 'shop');
  const accepted: string[] = [];
  const refused: string[] = [];
  let going = true;
  let swapped = false;
  async function client(name: string): Promise<void> {
    for (let i = 0; going; i++) {
      const id = `${name}-${i}`;
      try {
        const psql = promisify(execFile)('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1', '-h', server.host, '-p', String(server.port), '-U', server.superuser, '-d', 'shop', '-c', `insert into events values ('${id}')`],
          { env: { PATH: clientPath(17), PGPASSWORD: server.password } });
        await psql;
        accepted.push(id);
      } catch (error) {
        refused.push((error as { stderr: string }).stderr.trim().split('\n')[0]!);
      }
    }
  }
  const clients = ['a', 'b', 'c'].map(client);
  // One that stays, within a transaction.
  const idle = server.psql('begin; insert into events values (\'idle\'); select pg_sleep(60); commit', 'shop').catch(() => 'terminated');
  await sleep(500);
  const { report } = await restored(restoreOptions(site));
  swapped = true;
  await sleep(1000);
  going = false;
  await Promise.all(clients);

  expect(swapped).toBe(true);
  expect(await idle).toBe('terminated');
  await server.psql(`alter database "${report.previous}" allow_connections true`);
  const [now, then] = await Promise.all(['shop', report.previous!].map(async name => (await server.psql('select id from events', name)).split('\n').filter(Boolean)));
  expect(now!.length).toBeGreaterThan(0);
  expect(then!.length).toBeGreaterThan(0);
  expect([...now!, ...then!].sort()).toEqual([...accepted].sort());
  // What a client sees meanwhile: it has to connect again.
  const kinds = refused.filter(line => !/terminating connection|server closed the connection|does not exist/.test(line));
  expect(kinds).toEqual([]);
});

test('two restores at once: one of them comes through, the other says what became of it', async () => {
  const options = restoreOptions(site);
  const first = start(['restore'], options);
  const second = start(['restore'], options);
  const codes = (await Promise.all([first.ended, second.ended]));
  expect(codes.some(({ code }) => code === 0)).toBe(true);
  expect(await dumpOf(server, 'shop')).toBe(good);
  expect((await databasesOf(server)).filter(name => name.includes('_restore_'))).toEqual([]);
});

test('another restore takes the database that is being filled for that of a killed one, and drops it: so it is said, and a retry can help', async () => {
  const running = start(['restore'], { ...restoreOptions(site), path: fakeProgram('pg_restore', 'sleep 3; exec "$REAL" "$@"') });
  await until('it fills its database', 30_000, async () => (await databasesOf(server)).some(name => name.includes('_restore_')));
  const [incoming] = (await databasesOf(server)).filter(name => name.includes('_restore_'));
  const before = await dumpOf(server, 'shop');
  await server.psql(`drop database "${incoming}" with (force)`);
  const ended = await running.ended;
  expect(ended.message).toMatch(/Another restore has dropped the database that this one was filling.*run this again\. postgres database shop on \S+ is as it was$/s);
  expect(ended.code).toBe(20);
  expect(await dumpOf(server, 'shop')).toBe(before);
});
