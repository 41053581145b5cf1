/*
 * The seam of the constructs: an engine, or a type of store, is a folder and a line in each table. Toys of both are added to a copy of the
 * sources; what is added to files that are there already is in LINES, and nothing else is changed.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { build } from 'esbuild';
import * as ts from 'typescript';
import { filesIn, SRC } from '../_imports';

const TOYS = join(__dirname, '..', 'seam', 'constructs');

/** A line, behind one that is there, and what it needs to be imported. */
const LINES = [
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

const project = mkdtempSync(join(tmpdir(), 'seam.'));
const src = join(project, 'src');
const toys = readdirSync(TOYS, { recursive: true }).map(String).filter(file => file.endsWith('.ts.txt')).map(file => file.slice(0, -'.txt'.length));

beforeAll(() => {
  cpSync(SRC, src, { recursive: true, filter: path => !relative(SRC, path).startsWith('runner') });
  symlinkSync(join(SRC, '..', 'node_modules'), join(project, 'node_modules'));
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

test('with a line in each table, toys compile, and all that there is can be made of them', async () => {
  expect(problems(program(), () => true)).toEqual([]);

  const app = join(project, 'app.js');
  await build({ entryPoints: [join(src, 'app.ts')], outfile: app, bundle: true, platform: 'node', logLevel: 'error' });
  const manifests: any[] = JSON.parse(execFileSync(process.execPath, [app], { cwd: project, stdio: ['ignore', 'pipe', 'ignore'] }).toString());
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

test.each(LINES)('without its line in $file the toys do not compile', ({ file, line, imported }) => {
  const without = (text: string) => text.replace(`${line}\n`, '').replace(`${imported}\n`, '');
  const found = problems(program({ [file]: without }), each => each === file || toys.includes(each));
  expect(found.join('\n')).toMatch(/toy/);
}, 300_000);

test.each(ANSWERS)('%s can leave no answer out', file => {
  const lines = readFileSync(join(TOYS, `${file}.txt`), 'utf8').split('\n').filter(line => /^ +\w+: .*,$/.test(line));
  expect(lines.length).toBeGreaterThan(4);
  const needless = lines.filter(line => problems(program({ [file]: text => text.replace(`${line}\n`, '') }), each => each === file).length === 0);
  expect(needless).toEqual([]);
}, 300_000);

test('a construct stands in a tree: whatever is to be known of a store is known without one', () => {
  expect(filesIn('constructs').filter(file => /new Construct\(undefined/.test(readFileSync(join(SRC, file), 'utf8')))).toEqual([]);
});

test('CONTRIBUTING names every file that gets a line', () => {
  const text = readFileSync(join(SRC, '..', 'CONTRIBUTING.md'), 'utf8');
  expect(LINES.filter(({ file }) => !text.includes(`src/${file}`))).toEqual([]);
});

test('nobody asks which engine a source is of, or which type a store is of, but the folder of that one', () => {
  const asked = filesIn('constructs').filter(file => !/^constructs\/(engines|stores)\/[^/]+\//.test(file)).flatMap(file => {
    const source = ts.createSourceFile(file, readFileSync(join(SRC, file), 'utf8'), ts.ScriptTarget.Latest, true);
    return decisionsIn(source).map(node => `${file}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1} ${node.getText().slice(0, 60)}`);
  });
  // A table of another kind than these two goes into their interfaces: src/constructs/engine-api/engine.ts, src/constructs/store-api/store-type.ts.
  expect(asked.filter(place => !/^constructs\/(engines\/engines|stores\/store-types)\.ts:/.test(place))).toEqual([]);
});

const NAMES = ['postgres', 'redis', 'sqlite', 'kubernetes', 'set', 's3', 'folder', 'volume'];

/** Comparisons with the name of an engine or of a type of store, cases of a switch, and tables by such names. */
function decisionsIn(root: ts.Node): ts.Node[] {
  const isName = (node: ts.Node) => ts.isStringLiteralLike(node) && NAMES.includes(node.text);
  const decides = (node: ts.Node) =>
    ts.isBinaryExpression(node) && /^[!=]==?$/.test(node.operatorToken.getText()) && (isName(node.left) || isName(node.right))
    || ts.isCaseClause(node) && isName(node.expression)
    || ts.isObjectLiteralExpression(node) && node.properties.filter(({ name }) => name !== undefined && NAMES.includes(name.getText())).length > 1;
  const found: ts.Node[] = [];
  const visit = (node: ts.Node) => {
    if (decides(node)) found.push(node);
    node.forEachChild(visit);
  };
  visit(root);
  return found;
}

const options = (): ts.CompilerOptions => ({
  ...ts.parseJsonConfigFileContent({ ...ts.readConfigFile(join(SRC, '..', 'tsconfig.json'), ts.sys.readFile).config, include: [] }, ts.sys, project).options,
  noEmit: true,
  types: ['node'],
  rootDir: src,
});

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
  before = ts.createProgram({ rootNames: [join(src, 'app.ts')], options: options(), host, oldProgram: before });
  return before;
}

/** What the compiler says about some of the files. */
function problems(of: ts.Program, which: (file: string) => boolean): string[] {
  const files = of.getSourceFiles().filter(({ fileName }) => fileName.startsWith(src) && which(relative(src, fileName)));
  return files.flatMap(file => [...of.getSyntacticDiagnostics(file), ...of.getSemanticDiagnostics(file)])
    .map(({ file, messageText }) => `${relative(src, file!.fileName)}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`);
}
