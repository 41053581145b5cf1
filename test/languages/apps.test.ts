/*
 * One app in each language, and on any cdk8s-plus from 28 on: what this library adds to it is the same, byte for byte, with the packages as they are
 * published. cdk8s-plus comes from npm and PyPI; both keep what they have fetched in caches of their own.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PLUS_VERSIONS } from './_bindings';
import { buildGo, Files, installForNode, installForPython, javaClassPath, run, synth, writeApp } from './_packages';
import { spelled } from '../../src/constructs/core/spelling';
import { tempDir } from '../integration/servers/_process';
import { blocks, ROOT } from '../pages';

const VERSIONS = [28, 31, 33, 34];
const BIN = join(ROOT, 'node_modules', '.bin');

/** What the app adds to its own objects, which each cdk8s-plus writes in its own way. */
const ours = ({ 'shop.k8s.yaml': _, ...files }: Files) => files;

const node = tempDir('node');
const pythonFolder = tempDir('python');
const java = tempDir('java');
const go = tempDir('go');
let python: string;
let classPath: string;
let expected: Files;

beforeAll(async () => {
  await Promise.all([
    installForNode(node, [...VERSIONS.map(version => `cdk8s-plus-${version}`), '@types/node@24']),
    installForPython(join(pythonFolder, 'venv'), VERSIONS.map(version => `cdk8s-plus-${version}`)).then(installed => { python = installed; }),
    javaClassPath(java).then(path => { classPath = path; }),
  ]);
  for (const version of VERSIONS) writeApp(join(node, `app-${version}.ts`), 'app.ts', version);
  expected = await synth(node, 'out', join(BIN, 'tsx'), ['app-28.ts']);
}, 600_000);

/** Writes the app on a cdk8s-plus, and synthesizes it. */
const APPS: { readonly [language: string]: (version: number) => Promise<Files> } = {
  TypeScript: version => synth(node, `out-${version}`, join(BIN, 'tsx'), [`app-${version}.ts`]),
  Python: version => {
    writeApp(join(pythonFolder, `main_${version}.py`), 'main.py', version);
    return synth(pythonFolder, `out-${version}`, python, [`main_${version}.py`]);
  },
  Java: version => {
    writeApp(join(java, `${version}`, 'Main.java'), 'Main.java', version);
    return synth(java, `out-${version}`, 'java', [`-Djava.io.tmpdir=${java}`, '-cp', classPath, join(`${version}`, 'Main.java')]);
  },
  Go: async version => {
    const folder = join(go, `${version}`);
    writeApp(join(folder, 'app.go'), 'app.go', version);
    return synth(folder, 'out', await buildGo(folder, [...new Set([28, version])]), []);
  },
};

test('the app has something to compare: objects of its own, each of which is named by what the library adds', () => {
  expect(Object.keys(expected)).toEqual(['backups.k8s.yaml', 'shop.k8s.yaml']);
  for (const name of ['registry', 'credentials', 'secret-key', 'ca', 'files', 'identity', 'api', 'worker']) {
    expect(expected['backups.k8s.yaml']).toMatch(new RegExp(`\\b${name}\\b`));
  }
});

test('the types fit those of each cdk8s-plus in TypeScript', async () => {
  const compilerOptions = { strict: true, noEmit: true, skipLibCheck: true, target: 'es2023', module: 'node20', types: ['node'] };
  writeFileSync(join(node, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['app-*.ts'] }));
  const read = await run(node, join(BIN, 'tsc'), ['--listFilesOnly']);
  for (const version of VERSIONS) expect(read).toContain(`/node_modules/cdk8s-plus-${version}/lib/deployment.d.ts`);
  await run(node, join(BIN, 'tsc'), []);
});

test.each(['Python', 'Java', 'Go'])('the app in %s writes what that in TypeScript writes', async language => {
  expect(await APPS[language]!(28)).toEqual(expected);
});

const LATER = VERSIONS.filter(version => version !== 28).flatMap(version => ['TypeScript', 'Python', ...PLUS_VERSIONS.includes(version) ? ['Java', 'Go'] : []].map(language => [language, version] as const));

test.each(LATER)('the app in %s on cdk8s-plus-%d has of this library what that on 28 has', async (language, version) => {
  expect(ours(await APPS[language]!(version))).toEqual(ours(expected));
});

test('the app of docs/getting-started-python.md writes what that of docs/getting-started.md does, byte for byte', async () => {
  writeFileSync(join(node, 'page.ts'), appOf('docs/getting-started.md', 'ts'));
  writeFileSync(join(pythonFolder, 'page.py'), appOf('docs/getting-started-python.md', 'python'));
  const written = await synth(node, 'page', join(BIN, 'tsx'), ['page.ts']);
  expect(written['whispercache.k8s.yaml']).toContain('kind: CronJob');
  expect(await synth(pythonFolder, 'page', python, ['page.py'])).toEqual(written);
});

test('the description of the Python package has the sample of the README in Python, and it writes the same', async () => {
  const description = await run(pythonFolder, python, ['-c', 'import importlib.metadata; print(importlib.metadata.metadata("cdk8s-backup").get_payload())']);
  writeFileSync(join(node, 'readme.ts'), appOf('README.md', 'ts'));
  writeFileSync(join(pythonFolder, 'readme.py'), firstBlock('the description', description, 'python'));
  expect(await synth(pythonFolder, 'readme', python, ['readme.py'])).toEqual(await synth(node, 'readme', join(BIN, 'tsx'), ['readme.ts']));
});

test('errors and warnings in Python name properties and methods as Python does', async () => {
  writeFileSync(join(pythonFolder, 'mistakes.py'), `
from cdk8s import App, Chart, Cron
from cdk8s_backup import BackupCronJob, BackupSource, BackupStore, Decryption, RestoreJob, RestoreMode
from cdk8s_plus_34 import Secret

app = App()
chart = Chart(app, "chart")

def backup(id, **more):
    source = BackupSource.postgres(host="db", user="backup", database_name="userData")
    return BackupCronJob(chart, id, source=source, stores=[store], schedule=Cron.daily(), **more)

store = BackupStore.s3(bucket_name="shop-backups", region="eu-central-1")
try:
    backup("wrong", service_account=chart)
except RuntimeError as error:
    print(error)
every = BackupCronJob(chart, "every", source=BackupSource.postgres(host="db", user="backup", all_databases=True), stores=[store], backup_name="all", schedule=Cron.daily())
try:
    RestoreJob(chart, "unnamed", backup=every, mode=RestoreMode.postgres_swap())
except RuntimeError as error:
    print(error)
first = backup("first")
backup("second")
RestoreJob(chart, "restore", backup=first, decryption=Decryption.from_secret(Secret.from_secret_name(chart, "Key", "key")))
print([entry.data for construct in app.node.find_all() for entry in construct.node.metadata])
try:
    app.synth()
except RuntimeError as error:
    print(error)
`);
  const said = await run(pythonFolder, python, ['mistakes.py']);
  expect(said).toMatch(/chart\/wrong: 'service_account' must be a ServiceAccount, .* kplus\.ServiceAccount\.from_service_account_name\(chart, "Account", "backup"\)/);
  expect(said).toContain('name it in the mode, RestoreMode.postgres_swap with \'database_name\'');
  expect(said).not.toMatch(/\bnew |\{ \w+: /);
  expect(said).toContain('Decryption.from_volume');
  expect(said).toMatch(/\[chart\/second\] 'backup_name' "userData" is that of chart\/first too/);
});

test('the Python package brings the command: a backup from the manifest, and the exit codes', async () => {
  const command = join(pythonFolder, 'venv', 'bin', 'cdk8s-backup');
  const file = join(pythonFolder, 'orders.db');
  await run(pythonFolder, python, ['-c', `import sqlite3; c = sqlite3.connect(${JSON.stringify(file)}); c.execute("create table t as select 1 as id"); c.commit()`]);
  await APPS.Python!(28);
  const site = ['--manifest', 'out-28/backups.k8s.yaml', '--job', 'orders-backup', '--set', `stores.volume.directory=${pythonFolder}`];
  await run(pythonFolder, command, ['backup', ...site, '--set', `source.path=${file}`]);
  expect(await run(pythonFolder, command, ['list', ...site])).toMatch(/\borders_\d{8}_\d{6}\b/);
  const code = 'import subprocess, sys; print(subprocess.run(sys.argv[1:], stderr=subprocess.DEVNULL).returncode)';
  expect(await run(pythonFolder, python, ['-c', code, command, 'list'])).toBe('2\n');
});

test('names are spelled as the Python package spells them', async () => {
  const program = 'import cdk8s_backup; print(cdk8s_backup.__file__)';
  const code = readFileSync((await run(pythonFolder, python, ['-c', program])).trim(), 'utf8');
  const mappings = [...code.matchAll(/name_mapping=\{([^}]*)\}/g)].flatMap(([, pairs]) => [...pairs!.matchAll(/"(\w+)": "(\w+)"/g)]);
  expect(mappings.length).toBeGreaterThan(300);
  for (const [, inPython, name] of mappings) expect(spelled(`'${name}'`, 'Python/3.11.7')).toBe(`'${inPython}'`);
});

/** The first program of a page. */
function appOf(page: string, language: string): string {
  return firstBlock(page, readFileSync(join(ROOT, page), 'utf8'), language);
}

function firstBlock(file: string, text: string, language: string): string {
  return blocks({ file, text }).find(({ info }) => info === language)!.code;
}
