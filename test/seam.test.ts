import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesIn, importsOf, SRC } from './_imports';
import { decisionsIn } from './_names-decided-by';
import { ENGINES } from '../src/runner/engines/table';
import { STORES } from '../src/runner/stores/table';

/*
 * What there is one of for each engine, or each type of store, is in a table that the compiler holds complete. A comparison with a name anywhere else
 * is a place that the next engine misses, and that compiles all the same: its `else` takes the new one for SQLite.
 */
const HALVES = ['contract', 'constructs', 'runner'];
const NAMES = [...Object.keys(ENGINES), ...Object.keys(STORES), 'volume']; // a volume is what constructs call a folder

/** The folder of an engine, or of a type of stores, its file in a folder that has one for each, and the tables. */
const OWN = [/\/(engines|stores)\/[^/]+\//, /^(contract|runner\/config)\/(engines|stores)\//, /\/(engines|stores)\/table\.ts$/, /^constructs\/(engines\/engines|stores\/store-types)\.ts$/];

const WAY_OUT = 'an engine or a store that is added would be missed here, and would compile. Add what this asks for to the interface of the table '
  + '(runner: EngineConfig where a config says it all, Engine, StoreKind; constructs: those in engine-api and store-api), answer it in the folder of each, and ask the table: engineConfigOf(…), engineOf(…), storeKindOf(…)';

const decisionsOf = (file: string) => decisionsIn(readFileSync(join(SRC, file), 'utf8'), NAMES);

test.each(HALVES)('in src/%s nobody asks which engine, or which type of store, it is', half => {
  const files = filesIn(half);
  expect(files.length).toBeGreaterThan(10);
  const found = files.filter(file => !OWN.some(own => own.test(file)))
    .flatMap(file => decisionsOf(file).map(({ line, text }) => `src/${file}:${line}: ${text}: ${WAY_OUT}`));
  expect(found).toEqual([]);
});

test.each([
  ['a case', 'switch (config.engine) { case \'redis\': return 1; default: return 2; }'],
  ['a comparison', 'const isBucket = store.type === \'s3\' ? 1 : 2;'],
  ['its opposite, the other way round', 'if (\'set\' !== engine) return;'],
  ['a loose one', 'if (engine == "kubernetes") return;'],
  ['a look into a list', 'return engines.includes(\'sqlite\');'],
  ['a look into a list of two', 'return [\'postgres\', \'redis\'].includes(engine);'],
  ['a schema of two', 'const schema = z.enum([\'postgres\', \'redis\']);'],
  ['a table of two', 'const WORDS = { postgres: \'rows\', redis: \'keys\' };'],
])('%s would be found', (_what, code) => {
  expect(decisionsIn(code, NAMES)).toHaveLength(1);
});

test.each([
  ['making one', 'const source = { engine: \'redis\', host };'],
  ['a word in a sentence', 'throw new Error(`not \'redis\' but ${engine}`);'],
  ['another name', 'if (mode === \'in-place\') return;'],
  ['two of the same engine', 'if (source.engine === target.engine) return;'],
])('%s would not', (_what, code) => {
  expect(decisionsIn(code, NAMES)).toEqual([]);
});

/** What is of one of them, whatever others there are: the lifecycle of a bucket, a directory that backups are fetched into, the bundle of SQLite's process. */
const ABOUT_ONE = ['runner/lifecycle/bucket.ts', 'runner/commands/fetch.ts', 'runner/build/bundle.ts'];

test('only the tables of the runner import the folder of an engine, or of a type of store', () => {
  const folderOf = (file: string) => /^runner\/(engines|stores)\/[^/]+\//.exec(file)?.[0];
  const past = filesIn('runner').filter(file => !/\/table\.ts$/.test(file) && !ABOUT_ONE.includes(file)).flatMap(file => importsOf(file)
    .filter(to => folderOf(to) !== undefined && folderOf(to) !== folderOf(file))
    .map(to => `src/${file} imports ${to} past the table: ${WAY_OUT}`));
  expect(past).toEqual([]);
});
