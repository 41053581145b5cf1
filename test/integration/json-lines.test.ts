import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { configOf, folder, sqlite } from './_configs';
import { Ended, run } from './_runner';
import { drillOf } from './drill/_drill';
import { restoreOf } from './restore/_restore';
import { tempDir } from './servers/_process';
import { DRILL_DATABASE } from '../../src/contract/config';
import { SCHEMAS } from '../docs/json-schemas';

/* What a Job's log says, line by line: programs read it by the schemas of docs/reference/json-outputs.md. */

const home = tempDir('json-lines');
const file = path.join(home, 'app.db');
const config = configOf({ source: sqlite(file), stores: [folder(tempDir('volume'))] });
const target = { engine: 'sqlite', path: file, lockTimeoutSeconds: 1, keepPrevious: true, assertions: [] } as const;
const restoring = restoreOf(config, target);
const drilling = drillOf(config, { ...target, path: path.join(home, `${DRILL_DATABASE}.db`), keepPrevious: false }, { scratch: { directory: home, limitBytes: null } });

beforeAll(() => {
  const database = new DatabaseSync(file);
  database.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)');
  database.close();
});

/** What is wrong with the lines of a run, by the schemas; nothing if all are as they say. */
function faultsOf({ stdout, stderr }: Ended) {
  const lines = (text: string) => text.split('\n').filter(line => line !== '').map(line => JSON.parse(line));
  return [
    ...lines(stdout).flatMap(line => SCHEMAS.results.safeParse(line).error?.issues ?? []),
    ...lines(stderr).flatMap(line => SCHEMAS['log-line'].safeParse(line).error?.issues ?? []),
  ];
}

test('every line of a log, and every result, is what its schema says, and no more', async () => {
  const ended: Ended[] = [];
  for (const [args, own] of [
    [['backup'], config],
    [['verify', '--scheduled'], config],
    [['prune', '--scheduled'], config],
    [['drill'], drilling],
    [['restore', '--dry-run'], restoring],
    [['restore', '--yes'], restoring],
    [['rollback', '--dry-run'], restoring],
    [['rollback', '--yes'], restoring],
    [['discard', '--dry-run'], restoring],
    [['discard', '--yes'], restoring],
  ] as const) ended.push(await run(args, { config: own }));
  expect(ended.map(({ code, stderr }) => code === 0 ? 0 : stderr)).toEqual(ended.map(() => 0));
  expect(ended.map(({ result }) => (result as unknown as { event: string }).event)).toEqual([
    'backup.finished', 'verification.finished', 'prune.finished', 'drill.finished', 'restore.plan', 'restore.finished', 'rollback.plan', 'rollback.finished',
    'discard.plan', 'discard.finished',
  ]);
  expect(ended.map(faultsOf)).toEqual(ended.map(() => []));
});

test('a run that fails ends with a line that says so, with its exit code', async () => {
  writeFileSync(file, 'no database');
  const ended = await run(['backup'], { config });
  expect(ended.events.at(-1)).toMatchObject({ level: 'error', event: 'failed', exitCode: ended.code, retryMayHelp: false });
  expect([ended.code, faultsOf(ended)]).toEqual([11, []]);
});
