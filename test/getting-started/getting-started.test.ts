import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { startShell, Shell } from './_shell';
import { commands, readClaims } from '../claims';
import { server } from '../cluster/_paths';
import { tempDir } from '../integration/servers/_process';
import { clientPath, PostgresServer, startPostgres } from '../integration/servers/postgres';
import { startVersitygw, Versitygw } from '../integration/servers/versitygw';
import { Block, blocks, isShell, ROOT } from '../pages';

/*
 * The pages for the first hour and for the worst one. docs/getting-started.md is typed as it stands, from an empty folder and with the packed package. A
 * real PostgreSQL is what its port-forward would lead to, another one is its scratch server, and a real S3 server is its bucket. What needs a cluster or a
 * registry is not typed: test/docs-commands.md says which test plays it. Then, in the same folder, docs/restore-now.md.
 */
const PASSWORD = 'whisper-secret';

let pg: PostgresServer;
let scratch: PostgresServer;
let s3: Versitygw;
let shell: Shell;
const home = tempDir('getting-started');
/** How long each command of docs/restore-now.md took, below its heading. Nothing is promised of them: the app of the first page declares no RTO. */
const times: string[] = [];

beforeAll(async () => {
  [pg, scratch, s3] = await Promise.all([
    startPostgres({ major: 17 }), startPostgres({ major: 17, access: ['host all all 127.0.0.1/32 trust'] }), startVersitygw(),
  ]);
  await s3.makeBucket('your-backup-bucket');
  await pg.psql(`CREATE ROLE whispercache LOGIN CREATEDB PASSWORD '${PASSWORD}'`);
  await pg.psql('CREATE DATABASE whispercache OWNER whispercache');
  await pg.psql('SET ROLE whispercache; CREATE TABLE users AS SELECT i AS id, md5(i::text) AS name FROM generate_series(1, 1000) i', 'whispercache');
  shell = startShell(clone(), { PATH: clientPath(17), HOME: home });
});

afterAll(async () => {
  shell?.end();
  if (times.length > 0) process.stderr.write(`\nThe commands of docs/restore-now.md took (no RTO is declared):\n${times.join('')}`);
  await Promise.all([pg?.stop(), scratch?.stop(), s3?.stop()]);
});

test('from an empty folder to a database that is backed up, verified, restored and drilled, by the commands of the page', async () => {
  const said = await type('docs/getting-started.md');
  expect([...said.keys()]).toEqual(expect.arrayContaining(['npx cdk8s synth', 'backup', 'list', 'verify', 'restore --dry-run', 'restore', 'rollback', 'drill', 'drills']));
  const id = /whispercache-db_\d{8}_\d{6}/.exec(said.get('list')!)![0];
  for (const verb of ['verify', 'restore --dry-run', 'drills']) expect(said.get(verb)).toContain(id);
  // What the API server says to it, which needs no kind of an operator.
  const manifest = readFileSync(path.join(home, 'whispercache-backups', 'dist', 'whispercache.k8s.yaml'));
  expect(JSON.parse(execFileSync(server('kubernetes-check'), { input: manifest, encoding: 'utf8' }))).toEqual([]);
  // What is promised of the package: the image is built from it, without the clone.
  expect(readdirSync(path.join(home, 'whispercache-backups', 'node_modules', 'cdk8s-backup', 'dist', 'runner'))).toContain('Dockerfile');
}, 300_000);

test('restored from any machine that has no volume of the cluster, and back again, by the commands of the page', async () => {
  const said = await type('docs/restore-now.md');
  expect([...said.keys()]).toEqual(['restore --dry-run', 'restore', 'rollback']);
}, 300_000);

/** Types the commands of a page that test/docs-commands.md has below this test, and returns what each has said. test/docs.test.ts sees to it that they are in a page. */
async function type(page: string): Promise<ReadonlyMap<string, string>> {
  const title = expect.getState().currentTestName;
  const typed = new Set(readClaims('docs-commands.md').filter(({ test: named }) => named?.title === title).map(({ says }) => says));
  const said = new Map<string, string>();
  const text = readFileSync(path.join(ROOT, page), 'utf8');
  for (const block of blocks({ file: page, text })) {
    if (block.info === 'ts') writeFileSync(path.join(home, 'whispercache-backups', 'main.ts'), block.code);
    if (block.info === 'ini') writeFileSync(path.join(home, 'whispercache-backups', 'backup.env'), filledIn(block.code));
    for (const command of isShell(block) ? commands(block.code).filter(each => typed.has(each)) : []) {
      const verb = /cdk8s-backup (\S+(?: --dry-run)?)/.exec(command)?.[1] ?? command;
      await before[verb]?.();
      const since = performance.now();
      said.set(verb, await shell.type(command.replaceAll('15432', `${pg.port}`).replaceAll('5499', `${scratch.port}`)));
      if (page === 'docs/restore-now.md') times.push(`${((performance.now() - since) / 1000).toFixed(1).padStart(8)} s  ${headingOf(text, block)}: ${verb}\n`);
      await after[verb]?.();
    }
  }
  return said;
}

/** The scenario that a block belongs to. */
function headingOf(text: string, { place }: Block): string {
  const above = text.split('\n').slice(0, Number(place.split(':').at(-1)));
  return above.findLast(line => line.startsWith('## '))!.slice(3);
}

const users = () => pg.psql('SELECT count(*), sum(id) FROM users', 'whispercache');

const before: { readonly [verb: string]: () => Promise<unknown> } = {
  'restore --dry-run': () => pg.psql('DELETE FROM users WHERE id > 10', 'whispercache'),
};

const after: { readonly [verb: string]: () => Promise<void> } = {
  'restore --dry-run': async () => expect(await users()).toBe('10|55'),
  'restore': async () => expect(await users()).toBe('1000|500500'),
  'rollback': async () => expect(await users()).toBe('10|55'),
  'drill': async () => expect(await scratch.psql('SELECT count(*) FROM pg_database WHERE NOT datistemplate AND datname <> \'postgres\'')).toBe('0'),
};

/** The values of a reader, who also has a bucket elsewhere than at AWS. */
function filledIn(text: string): string {
  const values: { readonly [name: string]: string } = {
    POSTGRES_PASSWORD: PASSWORD, AWS_ACCESS_KEY_ID: s3.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.secretAccessKey, AWS_DEFAULT_REGION: s3.region,
  };
  return `${text.replaceAll(/^(\w+)=…$/gm, (_line, name: string) => `${name}=${values[name]}`)}AWS_ENDPOINT_URL=${s3.endpoint}\n`;
}

/** What a clone of the repository has after the first command of the page, without what is not packed. */
function clone(): string {
  const directory = path.join(home, 'cdk8s-backup');
  mkdirSync(directory);
  for (const file of ['package.json', '.npmignore', 'README.md', 'CHANGELOG.md', 'LICENSE', 'docs', 'lib', path.join('dist', 'runner')]) {
    cpSync(path.join(ROOT, file), path.join(directory, file), { recursive: true });
  }
  return directory;
}
