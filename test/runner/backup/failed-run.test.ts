import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ExitCode } from '../../../src/contract/exit-code';
import { leaveFailedRun } from '../../../src/runner/backup/failed-run';
import { RunnerError } from '../../../src/runner/core/errors';
import { aConfig } from '../_fixtures';

const signal = new AbortController().signal;
const failure = new RunnerError('no backup of app was taken: out of luck', ExitCode.FAILED);
const startedAt = new Date('2026-11-20T02:00:00.400Z');

let volumes: readonly string[];

beforeEach(() => {
  volumes = [1, 2].map(() => mkdtempSync(path.join(tmpdir(), 'failed-run-')));
});

afterEach(() => volumes.forEach(directory => rmSync(directory, { recursive: true })));

const leave = () => {
  const stores = volumes.map((directory, i) => ({ type: 'folder' as const, name: `volume${i}`, directory, folder: null }));
  return leaveFailedRun({ config: aConfig({ stores }), env: {}, signal }, startedAt, failure);
};
const put = (volume: number, ...names: string[]) => names.forEach(name => writeFileSync(path.join(volumes[volume]!, name), '{}'));
const told = () => volumes.map(directory => readdirSync(directory).filter(name => !name.startsWith('app_20261120_020000.')));

test('word of a failure stands under the second in which the run began, in every store, and nothing else is left', async () => {
  await leave();
  for (const directory of volumes) {
    expect(readdirSync(directory)).toEqual(['app_20261120_020000.failed.json']);
    expect(JSON.parse(readFileSync(path.join(directory, 'app_20261120_020000.failed.json'), 'utf8'))).toMatchObject({ startedAt: startedAt.toISOString(), message: failure.message });
  }
});

test.each([
  ['a record', 'app_20261120_020000.json'], ['a run that goes on', 'app_20261120_020000.started'], ['another failure', 'app_20261120_020000.failed.json'],
  ['a drill', 'app_20261120_020000.drill.json'],
])('word of a failure never stands under an id that has %s in any store: it takes the next second, in all of them', async (_case, name) => {
  put(1, name);
  await leave();
  expect(told()).toEqual([['app_20261120_020001.failed.json'], ['app_20261120_020001.failed.json']]);
  expect(volumes.flatMap(directory => readdirSync(directory)).filter(file => file.startsWith('app_20261120_020000.'))).toEqual([name]);
});

test('failures of one second are all told', async () => {
  await Promise.all([leave(), leave(), leave()]);
  for (const directory of volumes) expect(readdirSync(directory).filter(name => name.endsWith('.failed.json'))).toHaveLength(3);
});

test('a store that can\'t be written keeps the word out of no other', async () => {
  rmSync(volumes[0]!, { recursive: true });
  await leave();
  expect(readdirSync(volumes[1]!)).toEqual(['app_20261120_020000.failed.json']);
  volumes = [volumes[1]!];
});
