import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { EXAMPLES, synthExample } from '../../_example';
import { blocks, readPages, ROOT } from '../../pages';
import { actionlint } from '../_actionlint';
import { run } from '../_runner';
import { tempDir } from '../servers/_process';
import { clientPath, PostgresServer, startPostgres } from '../servers/postgres';
import { startVersitygw, Versitygw } from '../servers/versitygw';

/*
 * examples/gitops: the steps of its pipeline, run by a shell as they stand there. Neither GitHub nor Docker is here: `docker run` is the program of the image,
 * and what is installed by apt-get is installed.
 */

const EXAMPLE = path.join(EXAMPLES, 'gitops');
const TEXT = readFileSync(path.join(EXAMPLE, 'pipeline.yaml'), 'utf8');
const { jobs } = parse(TEXT) as { readonly jobs: { readonly [job: string]: { readonly steps: readonly { readonly run?: string }[] } } };

/** Scripts of a job that have something to do here. */
function scriptsOf(job: string): readonly string[] {
  return jobs[job]!.steps.flatMap(step => step.run ?? []).filter(script => !/^npm ci$|apt-get/.test(script));
}

/** The repository of a user, in which all is committed. */
function aRepository(change: (source: string) => string = source => source): string {
  const directory = tempDir('repository');
  cpSync(EXAMPLE, directory, { recursive: true });
  writeFileSync(path.join(directory, 'cdk8s.yaml'), `language: typescript\napp: npx tsx --tsconfig ${path.join(EXAMPLES, 'tsconfig.json')} main.ts\noutput: dist\n`);
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(directory, 'node_modules'));
  writeFileSync(path.join(directory, '.gitignore'), 'node_modules\n');
  mkdirSync(path.join(directory, 'dist'));
  for (const [file, text] of Object.entries(synthExample('gitops'))) {
    mkdirSync(path.dirname(path.join(directory, 'dist', file)), { recursive: true });
    writeFileSync(path.join(directory, 'dist', file), text);
  }
  const git = (...args: string[]) => execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.com', ...args], { cwd: directory });
  git('init', '--quiet');
  git('add', '.');
  git('commit', '--quiet', '--message=all');
  const main = path.join(directory, 'main.ts');
  writeFileSync(main, change(readFileSync(main, 'utf8')));
  return directory;
}

interface Played {
  /** The script that has failed; `null` if none has. */
  readonly failed: string | null;
  readonly said: string;
}

/** Runs the scripts until one fails, each as GitHub does. */
async function play(directory: string, scripts: readonly string[], env: NodeJS.ProcessEnv = {}, functions = ''): Promise<Played> {
  let said = '';
  for (const script of scripts) {
    try {
      const { stdout, stderr } = await promisify(execFile)('bash', ['-eo', 'pipefail', '-c', functions + script], { cwd: directory, env: { ...process.env, ...env } });
      said += stdout + stderr;
    } catch (error) {
      const { stdout, stderr } = error as { readonly stdout: string; readonly stderr: string };
      return { failed: script, said: said + stdout + stderr };
    }
  }
  return { failed: null, said };
}

test('its pipeline is one that GitHub takes', async () => {
  expect(await actionlint({ 'backups.yaml': TEXT })).toBe('');
});

test('what Argo CD and Flux are told is what the page says', () => {
  const { text } = readPages().find(({ file }) => file === 'docs/how-to/gitops.md')!;
  const shown = blocks({ file: 'gitops.md', text }).filter(({ info }) => info === 'yaml').map(({ code }) => code);
  expect(['argocd', 'flux'].map(name => readFileSync(path.join(EXAMPLE, `${name}.yaml`), 'utf8').trim())).toEqual(shown.map(code => code.trim()));
});

describe('of a change', () => {
  test('that was synthesized and committed the pipeline passes', async () => {
    const { failed, said } = await play(aRepository(), scriptsOf('manifests'));
    expect({ failed, said }).toEqual({ failed: null, said: expect.stringMatching(/SUCCESS/) });
  }, 300_000);

  test.each([
    ['an RPO that can\'t be held', (source: string) => source.replace('rpo: Duration.hours(6)', 'rpo: Duration.minutes(5)'), 'synth', /at least 17 minutes|rpo/i],
    ['manifests that nobody has synthesized again', (source: string) => source.replace('Retention.days(30)', 'Retention.days(31)'), 'git diff', /31/],
  ])('%s fails the pipeline', async (_, change, step, reason) => {
    const { failed, said } = await play(aRepository(change), scriptsOf('manifests'));
    expect({ failed, said }).toEqual({ failed: expect.stringContaining(step), said: expect.stringMatching(reason) });
  }, 120_000);

  test('an alert that does not fire fails the pipeline', async () => {
    const directory = aRepository();
    const rules = path.join(directory, 'dist', 'monitoring', 'shop-backup-alerts.rules');
    writeFileSync(rules, readFileSync(rules, 'utf8').replaceAll(/> (\d+)/g, '> 1e15'));
    const { failed, said } = await play(directory, scriptsOf('manifests').filter(script => script.includes('promtool')));
    expect({ failed, said }).toEqual({ failed: expect.stringContaining('promtool test'), said: expect.stringMatching(/FAILED/) });
  }, 120_000);
});

describe('each night', () => {
  let s3: Versitygw;
  let pg: PostgresServer;
  let scratch: PostgresServer;
  beforeAll(async () => {
    [s3, pg, scratch] = await Promise.all([startVersitygw(), startPostgres({ major: 17 }), startPostgres({ major: 17 })]);
    await s3.makeBucket('your-backup-bucket');
    for (const sql of ["CREATE ROLE shop LOGIN PASSWORD 'of the shop'", 'CREATE DATABASE shop OWNER shop']) await pg.psql(sql);
    await pg.psql('SET ROLE shop; CREATE TABLE users AS SELECT generate_series(1, 100) AS id', 'shop');
  });
  afterAll(async () => {
    await Promise.all([s3?.stop(), pg?.stop(), scratch?.stop()]);
  });

  test('the pipeline restores the newest backup into its scratch server, and the bucket has the proof', async () => {
    const directory = aRepository();
    const manifest = path.join(directory, 'dist', 'gitops.k8s.yaml');
    const settings = [`stores.s3.endpoint=${s3.endpoint}`, 'stores.s3.pathStyle=true'];
    const keys = { AWS_ACCESS_KEY_ID: s3.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.secretAccessKey, AWS_DEFAULT_REGION: s3.region };
    const options = (job: string, ...more: string[]) => ['--manifest', manifest, '--job', job, ...[...settings, ...more].flatMap(setting => ['--set', setting])];
    const taken = await run(['backup', ...options('db-backup', 'source.host=127.0.0.1', `source.port=${pg.port}`)], { env: { ...keys, POSTGRES_PASSWORD: 'of the shop' } });
    expect(taken.code).toBe(0);

    const program = [process.execPath, path.join(ROOT, 'dist', 'runner', 'main.js')].join(' ');
    const inPlace = [...settings, `target.port=${scratch.port}`, `target.user=${scratch.superuser}`, 'target.passwordEnv=PGPASSWORD'].map(setting => `--set '${setting}'`).join(' ');
    const docker = `docker() { while [[ "$1" != */cdk8s-backup-runner:* ]]; do shift; done; shift; ${program} "\${@/#\\/dist\\//${directory}/dist/}" ${inPlace}; }\n`;
    const played = await play(directory, scriptsOf('drill'), { ...keys, PGPASSWORD: scratch.password, PATH: clientPath(17) }, docker);
    expect(played).toEqual({ failed: null, said: expect.stringContaining('drill.finished') });
    const { stdout } = await run(['drills', '--json', ...options('db-backup')], { env: keys });
    expect(JSON.parse(stdout).drills).toEqual([expect.objectContaining({ outcome: 'passed' })]);
  });
});
