import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DRILL_DATABASE } from '../../../src/contract/config';
import { configOf, folder, sqlite } from '../_configs';
import { backup, list, run, RunOptions } from '../_runner';
import { drillOf } from '../drill/_drill';
import { artifactOf, flipByte, restore, restoreOf } from '../restore/_restore';
import { tempDir } from '../servers/_process';
import { s3Store } from '../servers/_s3';
import { startVersitygw, Versitygw } from '../servers/versitygw';

/* The newest backup is damaged in a bucket and in a folder, and `verify` has found that. */

let s3: Versitygw;
let options: RunOptions;
let restoring: RunOptions;
let drilling: RunOptions;
let file: string;
/** Of both stores. */
let places: readonly string[];
let older: string;
let newer: string;

beforeAll(async () => {
  s3 = await startVersitygw();
  await s3.makeBucket('passed');
  file = path.join(tempDir('sqlite'), 'a.db');
  execute('CREATE TABLE t (x); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO t SELECT hex(randomblob(20)) FROM n');
  const directory = tempDir('volume');
  const { config: offsite, env } = s3Store(s3, 'passed');
  places = [path.join(s3.dataDirectory, 'passed', offsite.prefix), directory];
  const config = configOf({ source: sqlite(file), stores: [offsite, folder(directory)] });
  options = { config, env };
  restoring = { config: restoreOf(config, { engine: 'sqlite', path: file, lockTimeoutSeconds: 1, keepPrevious: true, assertions: [] }), env };
  const scratch = { directory: tempDir('drilled'), limitBytes: null };
  const target = { engine: 'sqlite', path: path.join(scratch.directory, `${DRILL_DATABASE}.db`), lockTimeoutSeconds: 1, keepPrevious: false, assertions: [] } as const;
  drilling = { config: drillOf(config, target, { scratch }), env };
  older = (await backup(options)).id;
  execute('CREATE TABLE later (x)');
  newer = (await backup(options)).id;
});
afterAll(() => s3?.stop());

function execute(sql: string): void {
  const database = new DatabaseSync(file);
  database.exec(sql);
  database.close();
}

const tables = () => execFileSync('sqlite3', [file, 'SELECT name FROM sqlite_schema ORDER BY name'], { encoding: 'utf8' }).trim().split('\n');

test('a copy that was found damaged is read last: the restore takes the good one at once', async () => {
  const [bucket, directory] = places.map(place => artifactOf(place, newer));
  const good = readFileSync(bucket!);
  flipByte(places[0]!, newer);
  expect(await run(['verify'], options)).toMatchObject({ code: 11 });
  const planned = await restore(restoring, '--dry-run');
  expect(planned.result).toMatchObject({ id: newer, steps: expect.arrayContaining([expect.stringMatching(` from ${path.dirname(directory!)}\\S*, else s3://`)]) });
  const restored = await restore(restoring);
  expect([restored.code, restored.events.filter(({ event }) => /copy.unusable|passed-over/.test(event))]).toEqual([0, []]);
  writeFileSync(bucket!, good);
  expect(await run(['verify'], options)).toMatchObject({ code: 0 });
});

test('every command chooses the newest that is not known to be damaged, and says which it passed over; a name takes that, and a mended copy is chosen again', async () => {
  const good = places.map(place => readFileSync(artifactOf(place, newer)));
  expect(await list(options)).toMatchObject({ latest: newer });
  for (const place of places) flipByte(place, newer);
  expect(await list(options)).toMatchObject({ latest: newer }); // nobody can know yet
  expect(await run(['verify'], options)).toMatchObject({ code: 11 });

  const passedOver = expect.objectContaining({
    event: 'backup.passed-over',
    id: newer,
    taken: older,
    message: expect.stringMatching(new RegExp(`^${newer} is newer than ${older}, .* at 20.*\\. ${older} has nothing that was written from .* to .*cdk8s-backup restore ${newer}`)),
  });
  const listed = await run(['list', '--json'], options);
  expect(JSON.parse(listed.stdout)).toMatchObject({ latest: older, backups: [{ id: older, usable: true }, { id: newer, usable: false }] });
  expect(listed.events).toContainEqual(passedOver);
  const shown = await run(['show', '--json'], options);
  expect(JSON.parse(shown.stdout)).toMatchObject({ id: older, latest: true });
  const recoveryPoint = Date.parse(JSON.parse(shown.stdout).startedAt) / 1000;
  const metrics = (await run(['metrics'], options)).stdout;
  expect(metrics).toMatch(/backup_restorable\{.*\} 1\n/);
  for (const store of ['offsite', 'volume']) expect(metrics).toContain(`backup_last_recovery_point_timestamp_seconds{backup_namespace="shop",backup="app",store="${store}"} ${recoveryPoint}\n`);
  const target = tempDir('fetched');
  const fetched = await run(['fetch', 'latest', '--to', target], options);
  expect([fetched.code, fetched.stdout.includes(older)]).toEqual([0, true]);
  expect(fetched.events).toContainEqual(passedOver);

  const drilled = await run(['drill'], drilling);
  expect(drilled).toMatchObject({ code: 0, result: { backup: older, outcome: 'passed' } });
  expect(drilled.events).toContainEqual(passedOver);

  const named = await restore(restoring, newer);
  expect(named).toMatchObject({ code: 11, message: expect.stringMatching(/no store has a good copy of .*Nothing was changed/) });
  expect(named.events.map(({ event }) => event)).toContain('backup.damaged');
  const restored = await restore(restoring);
  expect(restored).toMatchObject({ code: 0 });
  expect(restored.events).toContainEqual(passedOver);
  expect(tables()).toEqual(['t']);

  // Mended by hand: a verification, which reads the newer one too, sees it.
  for (const [i, place] of places.entries()) writeFileSync(artifactOf(place, newer), good[i]!);
  expect(await list(options)).toMatchObject({ latest: older });
  expect(await run(['verify'], options)).toMatchObject({ code: 0 });
  expect(await list(options)).toMatchObject({ latest: newer });
  expect(await restore(restoring)).toMatchObject({ code: 0 });
  expect(tables()).toEqual(['later', 't']);
});

test('where all are damaged, a restore says so at once and names the newest', async () => {
  for (const place of places) for (const id of [older, newer]) flipByte(place, id);
  expect(await run(['verify', '--all'], options)).toMatchObject({ code: 11 });
  expect(await restore(restoring)).toMatchObject({ code: 11, message: expect.stringMatching(new RegExp(`every backup of app that could serve was found damaged .*: ${newer} .*, and 1 older\\..*Nothing was changed`)) });
  expect(await list(options)).toMatchObject({ latest: null });
  expect((await run(['metrics'], options)).stdout).toMatch(/backup_restorable\{.*\} 0\n/);
  const again = await run(['verify', '--json'], options);
  expect([again.code, JSON.parse(again.stdout).map(({ id }: { id: string }) => id)]).toEqual([11, [older, older, newer, newer]]);
});
