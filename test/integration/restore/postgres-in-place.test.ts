import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { backedUp, dumpOf, fakeProgram, restored, restoreOptions, Site } from './_postgres';
import { RETRYABLE } from '../../../src/contract/exit-code';
import { run, start } from '../_runner';
import { until } from '../servers/_process';
import { PostgresServer, startPostgres } from '../servers/postgres';

/* In place: what is said of the database is what it holds, also after a failure at the very end; and nobody who only waits is sent away. */

let server: PostgresServer;
let site: Site;
let good: string;
let live: string;

beforeAll(async () => {
  server = await startPostgres({ major: 17, settings: ['fsync = on'] });
});

afterAll(() => server?.stop());

beforeEach(async () => {
  await server.psql('drop database if exists shop with (force)');
  await server.psql('create database shop');
  await server.psql('create table orders as select i as id, md5(i::text) as note from generate_series(1, 2000) i', 'shop');
  good = await dumpOf(server, 'shop');
  site = await backedUp(server, 'shop');
  await server.psql('update orders set note = \'WRONG\' where id < 100', 'shop');
  live = await dumpOf(server, 'shop');
});

const inPlace = (changes = {}) => restoreOptions(site, { mode: 'in-place', ...changes });

/** A program that says when it has come to its end, and stays. */
function staysAfter(name: string, script: string): { directory: string; there: () => Promise<boolean> } {
  const directory = fakeProgram(name, script);
  return { directory, there: async () => existsSync(path.join(directory, `${name}.there`)) };
}

const STAGES: [string, () => ReturnType<typeof staysAfter>][] = [
  ['as pg_restore commits', () => staysAfter('pg_restore', '"$REAL" "$@"; echo > "$0.there"; sleep 600')],
  ['during the analysis', () => staysAfter('psql', 'in=$(cat); [ "$in" = "analyze;" ] && { echo > "$0.there"; sleep 600; }; "$REAL" "$@" <<< "$in"')],
];

test.each(STAGES)('stopped %s, it says what is live, is not tried again, and a rollback brings back what was there', async (_stage, program) => {
  const { directory, there } = program();
  const running = start(['restore', '--yes'], { ...inPlace(), path: directory });
  await until('it hangs', 30_000, there);
  running.process.kill('SIGTERM');
  const ended = await running.ended;
  expect(ended.stdout + ended.stderr).toMatch(new RegExp(`database shop on \\S+ is ${site.id}`));
  expect(ended.stdout + ended.stderr).not.toMatch(/as it was/);
  expect(RETRYABLE).not.toContain(ended.code);
  expect(await dumpOf(server, 'shop')).toBe(good);
  expect(await run(['rollback', '--yes'], inPlace())).toMatchObject({ code: 0 });
  expect(await dumpOf(server, 'shop')).toBe(live);
});

test.each([
  ['the analysis', 'psql', 'in=$(cat); [ "$in" = "analyze;" ] && in="select 1/0;"; "$REAL" "$@" <<< "$in"', /could not be analyzed \(.*division by zero.*\): .*ANALYZE/],
  ['the check', 'psql', 'in=$(cat); [[ "$in" == *"relkind in (\'r\', \'p\', \'v\'"* ]] && kill -9 $$; "$REAL" "$@" <<< "$in"', /could not be checked after it \(psql ended with SIGKILL/],
  ['pg_restore after its commit', 'pg_restore', '"$REAL" "$@"; echo "pg_restore: error: out of luck" >&2; exit 1', /the restore was committed, and then failed: .*out of luck/],
])('a failure of %s is told, and is no failure of the restore', async (_what, name, script, note) => {
  const { report } = await restored({ ...inPlace(), path: fakeProgram(name, script) }, ['--yes']);
  expect(report.holds).toMatch(new RegExp(`is ${site.id}$`));
  expect(report.notes.join('\n')).toMatch(note);
  expect(await dumpOf(server, 'shop')).toBe(good);
});

test('where nobody can say whether it was committed, it says so', async () => {
  const { directory, there } = staysAfter('pg_restore', '"$REAL" "$@"; echo > "$0.there"; sleep 600');
  const running = start(['restore', '--yes'], { ...inPlace(), path: directory });
  await until('it hangs', 30_000, there);
  await server.kill9();
  running.process.kill('SIGTERM');
  const ended = await running.ended;
  await server.startAgain();
  expect(ended.message).toMatch(/database shop on \S+ is either as it was or what was restored: the server can't be asked/);
  expect(await dumpOf(server, 'shop')).toBe(good);
});

test('a backup that waits for its locks does not end it; it would be empty, so it fails, and a retry is whole', async () => {
  // Its transaction stays open until the backup was seen to wait, for however long that takes: pg_dump waits for some seconds only.
  const untilReleased = 'select true from generate_series(1, 600) where (pg_stat_file(\'released\', true)).size is not null or pg_sleep(0.1) is null limit 1';
  const restore = start(['restore', '--yes'], inPlace({ safetyBackup: false, assertions: [untilReleased] }));
  const shows = (sql: string) => async () => {
    if (restore.process.exitCode !== null) throw new Error((await restore.ended).stderr);
    return await server.psql(sql) === 't';
  };
  await until('it sleeps in its transaction', 30_000, shows('select count(*) > 0 from pg_stat_activity where wait_event = \'PgSleep\''));
  const backup = start(['backup'], { config: site.backupConfig, env: site.env });
  await until('the backup waits for it', 30_000, shows('select count(*) > 0 from pg_locks where not granted'));
  writeFileSync(path.join(await server.psql('show data_directory'), 'released'), '');
  expect(await restore.ended).toMatchObject({ code: 0 });
  expect(await backup.ended).toMatchObject({ code: 20, message: expect.stringMatching(/database shop: 1 tables were made anew.*while the dump waited.*: public\.orders\./) });
  expect(await run(['backup'], { config: site.backupConfig, env: site.env })).toMatchObject({ code: 0 });
  expect(await dumpOf(server, 'shop')).toBe(good);
});
