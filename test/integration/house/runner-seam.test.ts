/*
 * The seam of the runner: an engine, or a type of store, is a folder, a file of the contract, and a line in each table. Toys of both are added to a
 * copy of the sources; what is added to files that are there already is in LINES, and nothing else is changed.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { SRC } from '../../_imports';
import { AddedLine, ToyProject } from '../../_toys';
import { aConfig } from '../../runner/_fixtures';

const LINES: readonly AddedLine[] = [
  {
    file: 'contract/engines/table.ts',
    behind: 'export interface Databases {',
    line: '  readonly toy: { readonly source: ToyConfig; readonly target: ToyTargetConfig };',
    imported: 'import { ToyConfig, ToyTargetConfig } from \'./toy\';',
  },
  { file: 'runner/config/engines/table.ts', behind: 'export const DATABASE_CONFIGS = {', line: '  toy,', imported: 'import { toy } from \'./toy\';' },
  { file: 'runner/engines/table.ts', behind: 'const DATABASES = {', line: '  toy,', imported: 'import { toy } from \'./toy/engine\';' },
  {
    file: 'contract/stores/table.ts',
    behind: 'export interface Stores {',
    line: '  readonly toy: ToyStoreConfig;',
    imported: 'import { ToyStoreConfig } from \'./toy\';',
  },
  { file: 'runner/stores/table.ts', behind: 'export const STORES = {', line: '  toy,', imported: 'import { toy } from \'./toy/kind\';' },
];

const project = new ToyProject({
  toys: 'runner', halves: ['contract', 'runner'], lines: LINES, entry: 'runner/main.ts', tsconfig: 'src/runner/tsconfig.json',
});

afterAll(() => project.remove());

test('with a line in each table, toys compile', () => {
  expect(project.problems()).toEqual([]);
}, 300_000);

test.each(LINES)('without its line in $file the toys do not compile', line => {
  expect(project.problemsWithout(line).join('\n')).toMatch(/toy/);
}, 300_000);

test('a toy is backed up into a toy, verified, rehearsed, restored, and rolled back', async () => {
  const { directory, entry } = project;
  const bundle = join(directory, 'main.js');
  await build({ entryPoints: [entry], outfile: bundle, bundle: true, platform: 'node', logLevel: 'error' });
  const database = join(directory, 'database');
  const scratch = { directory: join(directory, 'scratch'), limitBytes: null };
  mkdirSync(scratch.directory);
  const shared = { stores: [{ type: 'toy', name: 'toy', file: join(directory, 'store.json') }], scratch };
  const backup = { ...aConfig(), ...shared, source: { engine: 'toy', path: database } };
  const { version, name, activeDeadlineSeconds } = backup;
  const drill = {
    version,
    kind: 'drill',
    name,
    namespace: null,
    member: null,
    target: { engine: 'toy', path: join(scratch.directory, 'cdk8s_backup_drill.toy') },
    ...shared,
    tablesThatMayBeEmpty: [],
    dataBytes: null,
    freshness: [],
    rtoSeconds: null,
    serverStartTimeoutSeconds: 10,
    keepDrills: 3,
    decryption: null,
    pushgatewayUrl: null,
    activeDeadlineSeconds,
  };
  writeFileSync(join(directory, 'backup.json'), JSON.stringify(backup));
  writeFileSync(join(directory, 'drill.json'), JSON.stringify(drill));
  const run = (command: string, config: string, ...rest: string[]) =>
    execFileSync(process.execPath, [bundle, command, '--config', join(directory, config), ...rest], { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] }).toString();

  writeFileSync(database, 'toy\na horse\na train\nend');
  run('backup', 'backup.json');
  run('verify', 'backup.json');
  expect(JSON.parse(run('drill', 'drill.json'))).toMatchObject({ outcome: 'passed', items: 2, server: { engine: 'toy' } });
  writeFileSync(database, 'toy\nlost\nend');
  run('restore', 'backup.json', '--yes');
  expect(readFileSync(database, 'utf8')).toBe('toy\na horse\na train\nend');
  run('rollback', 'backup.json', '--yes');
  expect(readFileSync(database, 'utf8')).toBe('toy\nlost\nend');
}, 300_000);

test('CONTRIBUTING names every table that gets a line, and every folder that gets a file', () => {
  const text = readFileSync(join(SRC, '..', 'CONTRIBUTING.md'), 'utf8');
  const folders = project.toys.map(toy => `src/${dirname(toy).replace(/\/toy$/, '')}`);
  expect([...LINES.map(({ file }) => `src/${file}`), ...folders].filter(place => !text.includes(place))).toEqual([]);
});
