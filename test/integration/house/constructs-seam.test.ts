/*
 * The seam of the constructs: an engine, or a type of store, is a folder and a line in each table. Toys of both are added to a copy of the
 * sources; what is added to files that are there already is in LINES, and nothing else is changed.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { filesIn, SRC } from '../../_imports';
import { AddedLine, ToyProject } from '../../_toys';

const LINES: readonly AddedLine[] = [
  {
    file: 'contract/engines/table.ts',
    behind: 'export interface Databases {',
    line: '  readonly toy: { readonly source: ToyConfig; readonly target: ToyTargetConfig };',
    imported: 'import { ToyConfig, ToyTargetConfig } from \'./toy\';',
  },
  {
    file: 'contract/stores/table.ts',
    behind: 'export interface Stores {',
    line: '  readonly toy: ToyStoreConfig;',
    imported: 'import { ToyStoreConfig } from \'./toy\';',
  },
  {
    file: 'constructs/engines/engines.ts',
    behind: 'const ENGINES = {',
    line: '  toy: TOY,',
    imported: 'import { TOY } from \'./toy/engine\';',
  },
  {
    file: 'constructs/stores/store-types.ts',
    behind: 'const STORE_TYPES = {',
    line: '  toy: TOY_STORE,',
    imported: 'import { TOY_STORE } from \'./toy/store-type\';',
  },
  {
    file: 'constructs/engines/backup-source.ts',
    behind: 'export class BackupSource {',
    line: '  public static toy(options: ToySourceOptions): BackupSource { return new BackupSource(toy(options)); }',
    imported: 'import { toy, ToySourceOptions } from \'./toy/source\';',
  },
  {
    file: 'constructs/stores/backup-store.ts',
    behind: 'export class BackupStore {',
    line: '  public static toy(options: ToyStoreOptions): BackupStore { return new BackupStore(toyStore(options)); }',
    imported: 'import { toyStore, ToyStoreOptions } from \'./toy/store\';',
  },
];

/** What a toy answers: one line each, of which none can be left out. */
const ANSWERS = ['constructs/engines/toy/engine.ts', 'constructs/engines/toy/source.ts', 'constructs/stores/toy/store-type.ts'];

const project = new ToyProject({
  toys: 'constructs', halves: ['index.ts', 'contract', 'constructs'], lines: LINES, entry: 'app.ts', tsconfig: 'tsconfig.json', options: { noEmit: true, types: ['node'] },
});

afterAll(() => project.remove());

test('with a line in each table, toys compile, and all that there is can be made of them', async () => {
  expect(project.problems()).toEqual([]);

  const { directory, entry } = project;
  const app = join(directory, 'app.js');
  await build({ entryPoints: [entry], outfile: app, bundle: true, platform: 'node', logLevel: 'error' });
  const manifests: any[] = JSON.parse(execFileSync(process.execPath, [app], { cwd: directory, stdio: ['ignore', 'pipe', 'ignore'] }).toString());
  const named = (kind: string, name: string) => manifests.find(each => each.kind === kind && each.metadata.name === name);
  const configOf = (kind: string, name: string) => {
    const { env } = (named(kind, name).spec.jobTemplate?.spec ?? named(kind, name).spec).template.spec.containers[0];
    return JSON.parse(env.find((each: any) => each.name === 'CDK8S_BACKUP_CONFIG').value);
  };
  const store = { type: 'toy', name: 'toy', url: 'https://toys.example.com', folder: 'toy', tokenEnv: 'TOY_TOKEN' };
  expect(configOf('CronJob', 'toy-backup')).toMatchObject({ name: 'toy', source: { engine: 'toy', host: 'toy.shop.svc' }, stores: [store] });
  expect(configOf('CronJob', 'toy-restore')).toMatchObject({ target: { engine: 'toy', host: 'toy.shop.svc', safetyBackup: true }, stores: [store] });
  expect(configOf('CronJob', 'toy-drill')).toMatchObject({ target: { engine: 'toy', host: '127.0.0.1' } });
  expect(configOf('CronJob', 'set-backup').source.members.toy).toEqual({ engine: 'toy', host: 'toy.shop.svc' });
  expect(configOf('Deployment', 'exporter').backups).toMatchObject([{ engine: 'toy', stores: [store] }]);
  const [server] = named('CronJob', 'toy-drill').spec.jobTemplate.spec.template.spec.initContainers;
  expect(server).toMatchObject({ image: 'toy:1', args: ['toy-server', '--dir', '/scratch-server'] });
  const ports = named('NetworkPolicy', 'toy-backup').spec.egress.flatMap((rule: any) => rule.ports.map(({ port }: any) => port));
  expect(ports).toEqual(expect.arrayContaining([7777, 443]));
}, 300_000);

test.each(LINES)('without its line in $file the toys do not compile', line => {
  expect(project.problemsWithout(line).join('\n')).toMatch(/toy/);
}, 300_000);

test.each(ANSWERS)('%s can leave no answer out', file => {
  const lines = readFileSync(join(project.src, file), 'utf8').split('\n').filter(line => /^ +\w+: .*,$/.test(line));
  expect(lines.length).toBeGreaterThan(4);
  const needless = lines.filter(line => project.problems({ [file]: text => text.replace(`${line}\n`, '') }, each => each === file).length === 0);
  expect(needless).toEqual([]);
}, 300_000);

test('a construct stands in a tree: whatever is to be known of a store is known without one', () => {
  expect(filesIn('constructs').filter(file => /new Construct\(undefined/.test(readFileSync(join(SRC, file), 'utf8')))).toEqual([]);
});

test('CONTRIBUTING names every file that gets a line', () => {
  const text = readFileSync(join(SRC, '..', 'CONTRIBUTING.md'), 'utf8');
  expect(LINES.filter(({ file }) => !text.includes(`src/${file}`))).toEqual([]);
});
