/*
 * An app on any cdk8s-plus from 28 on: its objects are taken as those of 28 are, on which this library is built. The versions come from npm and from
 * PyPI; both keep what they have fetched in their own caches.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execute, installForNode, installForPython, synth, writeApp } from './_packages';
import { tempDir } from '../integration/servers/_process';
import { blocks, ROOT } from '../pages';

const VERSIONS = [28, 31, 33, 34];
const BIN = join(ROOT, 'node_modules', '.bin');

/** What the app adds to its own objects, which each cdk8s-plus writes in its own way. */
const ours = ({ 'shop.k8s.yaml': _, ...files }: { readonly [file: string]: string }) => files;

const node = tempDir('plus-node');
const folder = tempDir('plus-python');
let python: string;
let expected: { readonly [file: string]: string };

beforeAll(async () => {
  await Promise.all([
    installForNode(node, [...VERSIONS.map(version => `cdk8s-plus-${version}`), '@types/node@24']),
    installForPython(join(folder, 'venv'), VERSIONS.map(version => `cdk8s-plus-${version}`)).then(installed => { python = installed; }),
  ]);
  for (const version of VERSIONS) {
    writeApp(node, 'app.ts', `app-${version}.ts`, version);
    writeApp(folder, 'main.py', `main_${version}.py`, version);
  }
  expected = ours(await synth(node, join(BIN, 'tsx'), ['app-28.ts']));
}, 600_000);

test('the app has something to compare', () => {
  expect(Object.keys(expected)).toEqual(['backups.k8s.yaml']);
  for (const name of ['registry', 'credentials', 'KeyVolume', 'ca', 'files', 'identity', 'api', 'worker']) expect(expected['backups.k8s.yaml']).toContain(name.replace('KeyVolume', 'secret-key'));
});

test('TypeScript: the types fit, with each of them', async () => {
  const compilerOptions = { strict: true, noEmit: true, skipLibCheck: true, target: 'es2023', module: 'node20', types: ['node'] };
  writeFileSync(join(node, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['app-*.ts'] }));
  const read = await execute(node, join(BIN, 'tsc'), ['--listFilesOnly']);
  for (const version of VERSIONS) expect(read).toContain(`/node_modules/cdk8s-plus-${version}/lib/deployment.d.ts`);
  await execute(node, join(BIN, 'tsc'), []);
});

test.each(VERSIONS)('TypeScript: an app on cdk8s-plus-%d has what one on 28 has, byte for byte', async version => {
  expect(ours(await synth(node, join(BIN, 'tsx'), [`app-${version}.ts`]))).toEqual(expected);
});

test.each(VERSIONS)('Python: an app on cdk8s-plus-%d has what that in TypeScript has, byte for byte', async version => {
  expect(ours(await synth(folder, python, [`main_${version}.py`]))).toEqual(expected);
});

test('the app of docs/getting-started-python.md writes what that of docs/getting-started.md does, byte for byte', async () => {
  writeFileSync(join(node, 'page.ts'), appOf('docs/getting-started.md', 'ts'));
  writeFileSync(join(folder, 'page.py'), appOf('docs/getting-started-python.md', 'python'));
  const written = await synth(node, join(BIN, 'tsx'), ['page.ts']);
  expect(written['whispercache.k8s.yaml']).toContain('kind: CronJob');
  expect(await synth(folder, python, ['page.py'])).toEqual(written);
});

/** The first program of a page. */
function appOf(page: string, language: string): string {
  return blocks({ file: page, text: readFileSync(join(ROOT, page), 'utf8') }).find(({ info }) => info === language)!.code;
}
