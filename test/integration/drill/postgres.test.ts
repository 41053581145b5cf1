import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { drill, drillOf, drillsIn, nothingIsLeft, plant, postgresTarget } from './_drill';
import { BackupConfig, DRILL_DATABASE, DrillConfig } from '../../../src/contract/config';
import { configOf, folder, postgres } from '../_configs';
import { backup, filesIn, killAllBelow, run, start } from '../_runner';
import { databasesOf, fakeProgram, makeEverything } from '../restore/_postgres';
import { artifactOf, cutShort, flipByte } from '../restore/_restore';
import { freePort, tempDir, until } from '../servers/_process';
import { clientBin, PostgresServer, startPostgres } from '../servers/postgres';

/*
 * Drills against real servers. The server that was backed up is stopped before the first drill: nothing of it is needed.
 */
let scratch: PostgresServer;
let newer: PostgresServer;
let older: PostgresServer;
let taken: { readonly directory: string; readonly id: string; readonly config: BackupConfig };
/** Of the same database, dumped without the rows of one of its tables. */
let hollow: Buffer;

const env = { SCRATCH_PASSWORD: 'super secret' };

beforeAll(async () => {
  const production = await startPostgres({ major: 17 });
  try {
    await makeEverything(production, 'shop', 17);
    const directory = tempDir('volume');
    const config = configOf({ source: postgres(production, 'shop', { globals: false }), stores: [folder(directory)] });
    const { id } = await backup({ config, env: { POSTGRES_PASSWORD: production.password } });
    taken = { directory, id, config };
    hollow = execFileSync(path.join(clientBin(17), 'pg_dump'), [
      '-Fc', '--exclude-table-data=orders_2025', '-h', production.host, '-p', String(production.port), '-U', production.superuser, 'shop',
    ], { env: { PGPASSWORD: production.password }, maxBuffer: 64 * 1024 * 1024 });
  } finally {
    await production.stop();
  }
  [scratch, older, newer] = await Promise.all([startPostgres({ major: 17 }), startPostgres({ major: 15 }), startPostgres({ major: 18 })]);
});

afterAll(async () => {
  await Promise.all([scratch, older, newer].map(server => server?.stop()));
});

/** A copy of the backup in a store of its own, for a test to damage. */
function copied(): { readonly directory: string; readonly id: string; config(changes?: Partial<DrillConfig>, target?: object): DrillConfig } {
  const directory = tempDir('volume');
  for (const file of filesIn(taken.directory).filter(name => !name.endsWith('.drill.json'))) cpSync(path.join(taken.directory, file), path.join(directory, file));
  return {
    directory,
    id: taken.id,
    config: (changes, target) => drillOf({ ...taken.config, stores: [folder(directory)] }, postgresTarget(scratch, 'shop', target), changes),
  };
}

test('a backup without globals restores although the server has none of its roles; all is checked, timed and recorded, and nothing is left', async () => {
  const { config, id, directory } = copied();
  const before = filesIn(directory);
  const drilled = await drill(config(
    { rtoSeconds: 100, freshness: [{ sql: 'select max(at) from orders -- the newest', maxAgeSeconds: 3600 * 24 * 3650 }] },
    { assertions: ['select count(*) = 3000 from users'] },
  ), { env });
  expect(drilled.stderr).not.toContain('"level":"error"');
  expect(drilled).toMatchObject({ code: 0 });
  const { record } = drilled;
  expect(record).toMatchObject({
    name: 'app',
    backup: id,
    store: 'volume',
    outcome: 'passed',
    faults: [],
    server: { engine: 'postgres', version: expect.stringMatching(/^17\.\d+$/) },
    bytes: readFileSync(artifactOf(directory, id)).length,
    rtoTargetSeconds: 100,
    tools: { 'cdk8s-backup': expect.any(String), 'pg_restore': expect.stringMatching(/^17\./) },
  });
  expect(record.items).toBeGreaterThan(8000);
  expect(record.checks.map(({ name, passed }) => [name, passed])).toEqual([
    ['objects', true], ['row counts', true], ['select count(*) = 3000 from users', true], ['freshness of select max(at) from orders -- the newest', true],
  ]);
  const { verify, restore, check, total } = record.seconds;
  for (const part of [verify, restore, check]) expect(part).toBeGreaterThan(0);
  expect(total).toBeGreaterThanOrEqual(verify! + restore! + check!);
  expect(record.recoveryPointAgeSeconds).toBeGreaterThanOrEqual(0);
  expect(JSON.parse(drilled.stdout)).toMatchObject({ event: 'drill.finished', ...record });
  expect(filesIn(directory)).toEqual([...before, `${record.id}.drill.json`].sort());
  await nothingIsLeft(scratch);
});

test('a newer server and several jobs', async () => {
  const { config } = copied();
  const drilled = await drill(config({ target: postgresTarget(newer, 'shop', { parallelJobs: 2 }) }), { env });
  expect(drilled.record).toMatchObject({ outcome: 'passed', server: { version: expect.stringMatching(/^18/) } });
  await nothingIsLeft(newer);
});

describe('a drill fails, says why, and leaves a record and nothing else, when', () => {
  afterEach(() => nothingIsLeft(scratch));

  async function failing(config: DrillConfig, code: number, message: string | RegExp, programs?: string) {
    const drilled = await drill(config, { env, path: programs });
    const expected = typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message);
    expect({ code: drilled.code, message: drilled.message }).toEqual({ code, message: expected });
    expect(drilled.message).toContain(`It is recorded as ${drilled.record.id}.drill.json in volume`);
    expect(drilled.record).toMatchObject({ outcome: 'failed', faults: [expected] });
    return drilled.record;
  }

  test('the schema is there and a table is empty', async () => {
    const { config, directory, id } = copied();
    plant(directory, id, hollow);
    const record = await failing(config({}, { assertions: ['select count(*) > 0 from "Odd schema"."Tabelle ""ß"""'] }), 11,
      `${id}, row counts: 1 tables are empty that had rows: public.orders_2025, about `);
    expect(record.checks).toMatchObject([{ name: 'objects', passed: true }, { name: 'row counts', passed: false }, { passed: true }]);
    expect(record.seconds.restore).toBeGreaterThan(0);

    const asked = await drill(config({ tablesThatMayBeEmpty: ['public.orders_2025'] }), { env });
    expect(asked.record).toMatchObject({ outcome: 'passed' });
  });

  test('an assertion is not true; every one is asked', async () => {
    const { config, id } = copied();
    const drilled = await drill(config({}, { assertions: ['select count(*) > 5000 from users', 'select count(*) > 0 from nowhere', 'select true'] }), { env });
    expect(drilled).toMatchObject({ code: 11, message: expect.stringContaining(`${id}, select count(*) > 5000 from users: the assertion "select count(*) > 5000 from users" is not true, it answers "f"`) });
    expect(drilled.record).toMatchObject({ outcome: 'failed', faults: [expect.stringContaining('it answers "f"'), expect.stringContaining('relation "nowhere" does not exist')] });
    expect(drilled.record.checks.map(({ passed }) => passed)).toEqual([true, true, false, false, true]);
  });

  test.each([
    ['too old', 'select max(at) from orders where at < date \'2020-01-01\' + 2500', 3600, /freshness of .*: the data are stale: the newest is of .* d( \d+ h)? before app_\d+_\d+ began, and may be 1 h older/],
    ['not there', 'select max(at) from orders where false', 3600, 'it returns nothing: there are no rows'],
    ['no time', 'select \'soon\'', 3600, 'can\'t be asked for'],
    ['a command of psql', 'select now() \\! touch /tmp/x', 3600, 'a backslash in it'],
  ])('the data are stale: the newest time is %s', async (_case, sql, maxAgeSeconds, message) => {
    await failing(copied().config({ freshness: [{ sql, maxAgeSeconds }] }), 11, message);
  });

  test('the archive was cut off when it was taken', async () => {
    const { config, directory, id } = copied();
    const whole = readFileSync(artifactOf(directory, id));
    plant(directory, id, whole.subarray(0, Math.floor(whole.length * 0.7)));
    const record = await failing(config(), 11, new RegExp(`${id} does not restore: .*it was damaged when it was taken`));
    expect(record).toMatchObject({ backup: id, store: 'volume', items: null, seconds: { restore: null }, checks: [] });
  });

  test('the artifact was cut off in the store', async () => {
    const { config, directory, id } = copied();
    cutShort(directory, id);
    const record = await failing(config(), 15, 'no backup of app can serve as the latest, each is suspect, incomplete or from the future');
    expect(record.backup).toBeNull();
  });

  test('a bit of the artifact is another one', async () => {
    const { config, directory, id } = copied();
    flipByte(directory, id);
    const record = await failing(config(), 11, /no store has a good copy of app_.*\.dump/);
    expect(record).toMatchObject({ backup: id, store: null, seconds: { verify: null } });
  });

  test('the server is older than the archive', async () => {
    const { config, id } = copied();
    await failing(config({ target: postgresTarget(older, 'shop') }), 12, new RegExp(`${id} is of PostgreSQL 17\\.\\d+, and the scratch server is 15\\..*, which is older: set 'serverImage' to one of version 17 or later`));
    await nothingIsLeft(older);
  });

  test('there is no backup', async () => {
    await failing(drillOf({ ...taken.config, stores: [folder(tempDir('volume'))] }, postgresTarget(scratch, 'shop')), 15, 'there is no backup of app');
  });

  test('the server never starts', async () => {
    const record = await failing(copied().config({ target: postgresTarget({ port: await freePort() }, 'shop'), serverStartTimeoutSeconds: 1 }), 20,
      /the scratch server, postgres 127\.0\.0\.1:\d+, did not start within 1\.0 s \(.*\): see its log/);
    expect(record).toMatchObject({ server: null, seconds: { total: 0 } });
  });

  test('the volume of the server can\'t have room for it', async () => {
    await failing(copied().config({ dataBytes: 1000 }), 16, 'and more on the volume of the scratch server, which has 1.00 kB: give the drill a larger \'dataVolume\'');
  });

  test('the restore takes longer than the declared RTO, although the data are right', async () => {
    const record = await failing(copied().config({ rtoSeconds: 0.01 }), 17, /app_\d+_\d+ took .* to restore, longer than the declared RTO of 0\.0 s/);
    expect(record.checks.every(({ passed }) => passed)).toBe(true);
    expect(record.seconds.total).toBeGreaterThan(0.01);
  });

  test('it takes longer than its deadline', async () => {
    const slow = fakeProgram('pg_restore', 'exec sleep 60');
    await failing(copied().config({ activeDeadlineSeconds: 3 }), 17, 'it was stopped at its deadline of 3.0 s', slow);
  });

  test('pg_restore fails half way', async () => {
    const broken = fakeProgram('pg_restore', 'head -c 1000 > /dev/null; echo "pg_restore: error: out of luck" >&2; exit 1');
    await failing(copied().config(), 1, 'does not restore: ', broken);
  });
});

describe('what is no place for a drill is not touched:', () => {
  test.each([
    ['a server that is not on this machine', { host: 'postgres' }, 'postgres:', 'is no server for a drill: it has to be on this machine'],
    ['several hosts', { host: '127.0.0.1,10.0.0.1' }, '', 'is no server for a drill'],
    ['another mode', { mode: 'swap', newName: null }, '', 'a drill restores into a new database'],
    ['another name', { newName: 'orders' }, '', `whose name begins with ${DRILL_DATABASE}`],
  ])('%s', async (_case, target, _host, message) => {
    const drilled = await drill(copied().config({}, target), { env });
    expect(drilled).toMatchObject({ code: 10, message: expect.stringContaining(message), record: { outcome: 'failed', server: null } });
  });

  test('a server that has something in it', async () => {
    await scratch.psql('create database precious');
    await scratch.psql('create table gold (bars int); insert into gold values (7)', 'precious');
    try {
      const drilled = await drill(copied().config(), { env });
      expect(drilled).toMatchObject({ code: 10, message: expect.stringContaining('is not empty, and nothing was touched: its database precious has public.gold') });
      expect(await scratch.psql('select bars from gold', 'precious')).toBe('7');
      expect(await databasesOf(scratch)).toEqual(['precious']);
    } finally {
      await scratch.psql('drop database precious');
    }
    await nothingIsLeft(scratch);
  });
});

test('killed in the midst of it, a drill leaves no record; the next one removes what it has left, and passes', async () => {
  const { config, directory } = copied();
  const reached = path.join(tempDir('mark'), 'reached');
  const slow = fakeProgram('pg_restore', `touch ${reached}; exec sleep 60`);
  const running = start(['drill'], { config: config(), env, path: slow });
  await until('it restores', 30_000, () => Promise.resolve(filesIn(path.dirname(reached)).length > 0));
  killAllBelow(running.process.pid!);
  await running.ended;
  expect(await drillsIn(directory)).toEqual([]);
  expect((await databasesOf(scratch)).join()).toContain(DRILL_DATABASE);
  await scratch.psql('create role somebody');

  const drilled = await drill(config(), { env });
  expect(drilled).toMatchObject({ code: 0, record: { outcome: 'passed' } });
  expect(drilled.events).toContainEqual(expect.objectContaining({ event: 'drill.leftover' }));
  expect(drilled.events).toContainEqual(expect.objectContaining({ message: expect.stringMatching(/^Dropped the roles .*cdk8s_backup_drill_roles in .*, which a drill has left that was killed$/) }));
  // Nor what is nobody's to remove.
  await scratch.psql('drop role somebody');
  await nothingIsLeft(scratch);
});

test('roles of another drill that ends while this one begins are not taken for somebody\'s: they are removed as well', async () => {
  const { config } = copied();
  // As if the other one had ended before it was asked for the names of its roles.
  const psql = fakeProgram('psql', 'in=$(cat); [[ "$in" == *shobj_description* ]] && "$REAL" -qX -d postgres -c "drop role if exists reader, cdk8s_backup_drill_roles"; "$REAL" "$@" <<< "$in"');
  await scratch.psql('create role reader; create role cdk8s_backup_drill_roles; comment on role cdk8s_backup_drill_roles is \'["reader"]\'');
  expect(await drill(config(), { env, path: psql })).toMatchObject({ code: 0, record: { outcome: 'passed' } });
  await nothingIsLeft(scratch);
});

test('stopped in the midst of it, a drill leaves a record that says so, and nothing in the server', async () => {
  const { config, directory } = copied();
  const reached = path.join(tempDir('mark'), 'reached');
  const running = start(['drill'], { config: config(), env, path: fakeProgram('pg_restore', `touch ${reached}; exec sleep 60`) });
  await until('it restores', 30_000, () => Promise.resolve(filesIn(path.dirname(reached)).length > 0));
  running.process.kill('SIGTERM');
  expect(await running.ended).toMatchObject({ code: 143, message: expect.stringContaining('It is recorded as') });
  expect(await drillsIn(directory)).toMatchObject([{ outcome: 'failed', faults: [expect.stringContaining('stopped by SIGTERM')], backup: taken.id }]);
  await nothingIsLeft(scratch);
});

test('only so many drills stay, and backups and the history of other names are left alone', async () => {
  const { config, directory } = copied();
  const others = ['app_x_20200101_000000.drill.json', 'app_20200101_000000.dump'];
  for (const file of others) cpSync(path.join(directory, `${taken.id}.json`), path.join(directory, file));
  const before = filesIn(directory);
  const ids: string[] = [];
  for (let i = 0; i < 3; i++) {
    ids.push((await drillNow()).id);
    await sleep(1000);
  }
  expect(filesIn(directory)).toEqual([...before, ...ids.slice(-2).map(id => `${id}.drill.json`)].sort());

  async function drillNow() {
    const ended = await run(['drill'], { config: config({ keepDrills: 2, target: postgresTarget({ port: 1 }, 'shop'), serverStartTimeoutSeconds: 0.1 }), env });
    expect(ended.code).toBe(20);
    return JSON.parse(ended.stdout) as { id: string };
  }
});

test('a store that is down is told; the others get the record. With none there is no proof, and a drill that passed fails', async () => {
  const { config, directory } = copied();
  const two = config({ stores: [folder(directory), folder(path.join(directory, 'gone'), 'gone')] });
  const drilled = await drill(two, { env });
  expect(drilled).toMatchObject({ code: 0, record: { outcome: 'passed', store: 'volume' } });
  expect(drilled.events).toContainEqual(expect.objectContaining({ event: 'drill.unrecorded', store: 'gone' }));

  const none = await run(['drill'], { config: { ...two, stores: [two.stores[1]!] }, env });
  expect(none).toMatchObject({ code: expect.any(Number), message: expect.stringContaining('It is recorded nowhere') });
  expect(none.code).not.toBe(0);
  await nothingIsLeft(scratch);
});
