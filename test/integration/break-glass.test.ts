import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { configOf, folder, sqlite } from './_configs';
import { backup, run } from './_runner';
import { flipByte } from './restore/_restore';
import { tempDir } from './servers/_process';
import { BackupConfig, CONFIG_ENV } from '../../src/contract/config';
import { aPair, Pair } from '../runner/age/_age';

/* `doctor --break-glass`: on a machine that has the folder in Git, the keys and an identity, and nothing of the cluster. */

const LATER = '2099-01-01T00:00:00.000Z';
let key: Pair;
let other: Pair;

beforeAll(async () => {
  [key, other] = await Promise.all([aPair(), aPair()]);
});

interface Place {
  readonly config: BackupConfig;
  /** Where the one store is that outlives the cluster. */
  readonly offsite: string;
  readonly dist: string;
  readonly id: string;
}

/** A backup of which one copy is in the cluster and one outside, and what was synthesized, in Git, pushed. */
async function aPlace(changes: Partial<BackupConfig> = {}): Promise<Place> {
  const home = tempDir('break-glass');
  const [offsite, inside, data, dist] = ['offsite', 'inside', 'data', 'shop/dist'].map(name => path.join(home, name)) as [string, string, string, string];
  for (const directory of [offsite, inside, data, dist]) mkdirSync(directory, { recursive: true });
  const file = path.join(data, 'app.db');
  execFileSync('sqlite3', [file, 'CREATE TABLE t AS SELECT 1 AS id']);
  const config = configOf({ source: sqlite(file), stores: [folder(inside, 'volume'), folder(offsite, 's3')], ...changes });
  const { id } = await backup({ config });
  rmSync(inside, { recursive: true });
  const env = [{ name: CONFIG_ENV, value: JSON.stringify(config) }];
  const pod = { template: { spec: { containers: [{ name: 'backup', image: 'registry.example.com/runner:1', env }] } } };
  writeFileSync(path.join(dist, 'shop.k8s.yaml'), stringify({ apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'db-backup' }, spec: { jobTemplate: { spec: pod } } }));
  writeFileSync(path.join(dist, 'RUNBOOK.md'), `# Runbook\n\n## Restore ${config.name}\n`);
  execFileSync('git', ['init', '--quiet', '--bare', path.join(home, 'remote.git')]);
  git(dist, 'init', '--quiet', '.');
  git(dist, 'remote', 'add', 'origin', path.join(home, 'remote.git'));
  push(dist);
  return { config, offsite, dist, id };
}

function git(directory: string, ...args: readonly string[]): void {
  execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.com', ...args], { cwd: directory, stdio: 'ignore' });
}

function push(directory: string): void {
  git(directory, 'add', '.');
  git(directory, 'commit', '--quiet', '--message=synthesized');
  git(directory, 'push', '--quiet', 'origin', 'HEAD:main');
}

interface Finding {
  readonly level: string;
  readonly subject: string;
  readonly message: string;
  readonly lastProved: string | null;
}

interface Diagnosis {
  readonly code: number;
  readonly findings: { readonly [subject: string]: Finding };
}

async function look({ dist }: Place, ...args: readonly string[]): Promise<Diagnosis> {
  const proofs = path.join(path.dirname(dist), 'break-glass.json');
  const ended = await run(['doctor', '--break-glass', '--json', '--manifest', path.join(dist, 'shop.k8s.yaml'), '--job', 'db-backup', '--proofs', proofs, ...args], {});
  const { findings } = JSON.parse(ended.stdout) as { readonly findings: readonly Finding[] };
  return { code: ended.code, findings: Object.fromEntries(findings.map(finding => [finding.subject, finding])) };
}

test('with everything that is needed it passes, says what it can\'t prove, and notes the date of what it has proved', async () => {
  const place = await aPlace();
  const before = new Date().toISOString();
  const { code, findings } = await look(place);
  expect(code).toBe(0);
  expect(Object.fromEntries(Object.entries(findings).map(([subject, { level }]) => [subject, level]))).toEqual({
    'store s3': 'ok', 'store volume': 'unchecked', 'runbook': 'ok', 'Git': 'ok', 'image registry.example.com/runner:1': 'unchecked',
  });
  expect(findings['store s3']!.message).toContain(`${place.id} was read`);
  expect(findings['store s3']!.lastProved! >= before).toBe(true);
  expect(findings['store volume']!.lastProved).toBeNull();
  const noted = JSON.parse(readFileSync(path.join(place.dist, '..', 'break-glass.json'), 'utf8'));
  expect(noted).toEqual({ [place.config.name]: { 'Git': expect.any(String), 'runbook': expect.any(String), 'store s3': findings['store s3']!.lastProved } });
});

test('what fails keeps the date of its last proof: a copy that is damaged, a store that is gone', async () => {
  const place = await aPlace();
  const first = (await look(place)).findings['store s3']!.lastProved;
  flipByte(place.offsite, place.id);
  const damaged = await look(place);
  expect([damaged.code, damaged.findings['store s3']]).toEqual([11, expect.objectContaining({ level: 'error', lastProved: first })]);
  rmSync(place.offsite, { recursive: true });
  const gone = await look(place);
  expect(gone.code).toBe(15);
  expect(Object.values(gone.findings).filter(({ level }) => level === 'error').map(({ subject, lastProved }) => [subject, lastProved])).toEqual([['store volume', null], ['store s3', first]]);
});

test('of a sealed backup it needs an identity, and says whose was not tried', async () => {
  const place = await aPlace({ encryption: { recipients: [key.recipient, other.recipient] } });
  const without = await look(place);
  expect([without.code, without.findings.identity]).toEqual([10, expect.objectContaining({ level: 'error', message: expect.stringContaining('--identity FILE') })]);
  const identity = path.join(tempDir('key'), 'backup.key');
  writeFileSync(identity, key.identity);
  const { code, findings } = await look(place, '--identity', identity);
  expect([code, findings[`identity of ${key.recipient}`]!.level, findings[`identity of ${other.recipient}`]!.level]).toEqual([0, 'ok', 'unchecked']);
  expect(findings['store s3']!.message).not.toContain('digest alone');
});

test('manifests that are not where the cluster\'s loss leaves them are told: changed, not pushed, in no repository, without a runbook', async () => {
  const place = await aPlace();
  appendFileSync(path.join(place.dist, 'RUNBOOK.md'), 'changed\n');
  expect((await look(place)).findings.Git).toMatchObject({ level: 'warning', message: expect.stringContaining('differ from the last commit') });
  git(place.dist, 'commit', '--quiet', '--all', '--message=changed');
  expect((await look(place)).findings.Git).toMatchObject({ level: 'warning', message: expect.stringContaining('is no head of the remote') });
  git(place.dist, 'remote', 'set-url', 'origin', 'http://user:secret@127.0.0.1:1/shop.git');
  const { Git: unreachable } = (await look(place)).findings;
  expect(unreachable).toMatchObject({ level: 'warning', message: expect.stringContaining('http://127.0.0.1:1/shop.git can\'t be read from here') });
  rmSync(path.join(place.dist, '.git'), { recursive: true });
  rmSync(path.join(place.dist, 'RUNBOOK.md'));
  const { code, findings } = await look(place);
  expect([code, findings.Git!.level, findings.runbook!.level]).toEqual([0, 'unchecked', 'warning']);
});

test.each(['--identity', '--proofs'])('%s without --break-glass is refused, and not passed over', async option => {
  const { dist } = await aPlace();
  expect(await run(['doctor', '--manifest', path.join(dist, 'shop.k8s.yaml'), '--job', 'db-backup', option, 'file'], {})).toMatchObject({ code: 2, message: expect.stringContaining('--break-glass') });
});

test('a file that has no dates of proofs in it is left as it is, and a table has a column for them', async () => {
  const place = await aPlace();
  const proofs = path.join(place.dist, '..', 'notes.txt');
  writeFileSync(proofs, 'my notes');
  const config = ['--manifest', path.join(place.dist, 'shop.k8s.yaml'), '--job', 'db-backup'];
  expect(await run(['doctor', '--break-glass', ...config, '--proofs', proofs], {})).toMatchObject({ code: 10, message: expect.stringContaining('--proofs FILE') });
  expect(readFileSync(proofs, 'utf8')).toBe('my notes');
  writeFileSync(proofs, JSON.stringify({ other: { Git: LATER } }));
  const { stdout } = await run(['doctor', '--break-glass', ...config, '--proofs', proofs], {});
  expect(stdout).toMatch(/^RESULT +WHAT +LAST PROVED +FINDING$/m);
  expect(stdout).toMatch(/^not checked +store volume +never +can't be read from here/m);
  expect(JSON.parse(readFileSync(proofs, 'utf8'))).toMatchObject({ other: { Git: LATER } });
  expect(existsSync(`${proofs}.new`)).toBe(false);
});
