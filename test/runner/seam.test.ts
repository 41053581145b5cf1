/*
 * The seam of the runner: an engine, or a type of store, is a folder, a file of the contract, and a line in each table. Toys of both are added to a
 * copy of the sources; what is added to files that are there already is in LINES, and nothing else is changed.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { build } from 'esbuild';
import * as ts from 'typescript';
import { aConfig } from './_fixtures';
import { SRC } from '../_imports';

const ROOT = join(SRC, '..');
const TOYS = join(ROOT, 'test', 'seam', 'runner');

/** A line, behind one that is there, and what it needs to be imported. */
const LINES = [
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

const project = mkdtempSync(join(tmpdir(), 'seam.'));
const src = join(project, 'src');
const toys = readdirSync(TOYS, { recursive: true }).map(String).filter(file => file.endsWith('.ts.txt')).map(file => file.slice(0, -'.txt'.length));

beforeAll(() => {
  for (const half of ['contract', 'runner']) cpSync(join(SRC, half), join(src, half), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(project, 'node_modules'));
  cpSync(join(ROOT, 'package.json'), join(project, 'package.json'));
  for (const toy of toys) {
    mkdirSync(dirname(join(src, toy)), { recursive: true });
    writeFileSync(join(src, toy), readFileSync(join(TOYS, `${toy}.txt`)));
  }
  for (const { file, behind, line, imported } of LINES) {
    const before = readFileSync(join(src, file), 'utf8');
    expect(before.split(`${behind}\n`)).toHaveLength(2);
    writeFileSync(join(src, file), `${imported}\n${before.replace(`${behind}\n`, `${behind}\n${line}\n`)}`);
  }
});

afterAll(() => rmSync(project, { recursive: true }));

test('with a line in each table, toys compile', () => {
  expect(problems(program())).toEqual([]);
}, 300_000);

test.each(LINES)('without its line in $file the toys do not compile', ({ file, line, imported }) => {
  const without = (text: string) => text.replace(`${line}\n`, '').replace(`${imported}\n`, '');
  const found = problems(program({ [file]: without }), each => LINES.some(({ file: table }) => table === each) || toys.includes(each));
  expect(found.join('\n')).toMatch(/toy/);
}, 300_000);

test('a toy is backed up into a toy, verified, rehearsed, restored, and rolled back', async () => {
  const bundle = join(project, 'main.js');
  await build({ entryPoints: [join(src, 'runner/main.ts')], outfile: bundle, bundle: true, platform: 'node', logLevel: 'error' });
  const database = join(project, 'database');
  const scratch = { directory: join(project, 'scratch'), limitBytes: null };
  mkdirSync(scratch.directory);
  const shared = { stores: [{ type: 'toy', name: 'toy', file: join(project, 'store.json') }], scratch };
  const backup = { ...aConfig(), ...shared, source: { engine: 'toy', path: database } };
  const { version, name, deadlineSeconds } = backup;
  const drill = {
    version,
    kind: 'drill',
    name,
    namespace: null,
    member: null,
    target: { engine: 'toy', path: join(scratch.directory, 'cdk8s_backup_drill.toy') },
    ...shared,
    mayBeEmpty: [],
    dataBytes: null,
    freshness: [],
    rtoSeconds: null,
    serverStartSeconds: 10,
    keepDrills: 3,
    decryption: null,
    pushgatewayUrl: null,
    deadlineSeconds,
  };
  writeFileSync(join(project, 'backup.json'), JSON.stringify(backup));
  writeFileSync(join(project, 'drill.json'), JSON.stringify(drill));
  const run = (command: string, config: string, ...rest: string[]) =>
    execFileSync(process.execPath, [bundle, command, '--config', join(project, config), ...rest], { cwd: project, stdio: ['ignore', 'pipe', 'pipe'] }).toString();

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
  const text = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8');
  const folders = toys.map(toy => `src/${dirname(toy).replace(/\/toy$/, '')}`);
  expect([...LINES.map(({ file }) => `src/${file}`), ...folders].filter(place => !text.includes(place))).toEqual([]);
});

const options = (): ts.CompilerOptions => {
  const { config } = ts.readConfigFile(join(SRC, 'runner', 'tsconfig.json'), ts.sys.readFile);
  return { ...ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, project).options, rootDir: project };
};

/** What is alike in all programs is read and resolved once. */
const unchanged = new Map<string, ts.SourceFile | undefined>();
let before: ts.Program | undefined;

/** The sources with the toys, some files changed. */
function program(changes: { readonly [file: string]: (text: string) => string } = {}): ts.Program {
  const host = ts.createCompilerHost(options());
  const { readFile, getSourceFile } = host;
  const changeOf = (path: string) => changes[relative(src, path)];
  host.readFile = path => {
    const text = readFile(path);
    return text === undefined ? undefined : changeOf(path)?.(text) ?? text;
  };
  host.getSourceFile = (path, ...rest) => {
    if (changeOf(path) !== undefined) return getSourceFile(path, ...rest);
    if (!unchanged.has(path)) unchanged.set(path, getSourceFile(path, ...rest));
    return unchanged.get(path);
  };
  before = ts.createProgram({ rootNames: [join(src, 'runner/main.ts')], options: options(), host, oldProgram: before });
  return before;
}

/** What the compiler says about some of the files. */
function problems(of: ts.Program, which: (file: string) => boolean = () => true): string[] {
  const files = of.getSourceFiles().filter(({ fileName }) => fileName.startsWith(src) && which(relative(src, fileName)));
  return files.flatMap(file => [...of.getSyntacticDiagnostics(file), ...of.getSemanticDiagnostics(file)])
    .map(({ file, messageText }) => `${relative(src, file!.fileName)}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`);
}
