/*
 * The program on Node.js 20, as a laptop may have it: it runs what needs nothing else, and says of the rest how to run it.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Yaml } from 'cdk8s';
import { configOf, folder, sqlite } from './_configs';
import { backup, programArgs } from './_runner';
import { restoreOf } from './restore/_restore';
import { makeAuthority } from './servers/_certificate';
import { tempDir } from './servers/_process';
import { s3Store } from './servers/_s3';
import { startVersitygw, Versitygw } from './servers/versitygw';
import { CONFIG_ENV, renderConfig } from '../../src/contract/config';

const node = (process.env.PATH ?? '').split(':').filter(directory => !directory.includes('node_modules')).map(directory => path.join(directory, 'node'))
  .find(file => existsSync(file) && execFileSync(file, ['--version'], { encoding: 'utf8' }).startsWith('v20.'));
if (node === undefined) console.log('Node.js 20 is not on the PATH of this machine: what runs on it is not tested');
const onNode20 = node === undefined ? describe.skip : describe;

let s3: Versitygw;
let env: NodeJS.ProcessEnv;
let manifest: string;
let id: string;

/** The bundle on Node.js 20. */
function typed(...args: readonly string[]) {
  const [, program] = programArgs();
  return spawnSync(node!, [program!, ...args], { encoding: 'utf8', env: { PATH: '/usr/bin:/bin', ...env }, cwd: path.dirname(manifest) });
}

onNode20('on Node.js 20', () => {
  beforeAll(async () => {
    s3 = await startVersitygw();
    await s3.makeBucket('backups');
    const file = path.join(tempDir('app'), 'app.db');
    const database = new DatabaseSync(file);
    database.exec('CREATE TABLE t (x); INSERT INTO t VALUES (1)');
    database.close();
    // The server speaks no TLS; what is trusted is read all the same.
    const store = s3Store(s3, 'backups', { caFile: makeAuthority(tempDir('ca')).caFile });
    env = store.env;
    const config = configOf({ source: sqlite(file), stores: [store.config, folder(tempDir('volume'))] });
    ({ id } = await backup({ config, env }));
    manifest = path.join(tempDir('manifest'), 'app.k8s.yaml');
    const target = { engine: 'sqlite', path: file, lockTimeoutSeconds: 1, keepPrevious: true, assertions: [] } as const;
    const job = (name: string, command: string, value: object) => Yaml.stringify({
      kind: 'CronJob',
      metadata: { name, namespace: 'shop' },
      spec: { jobTemplate: { spec: { template: { spec: { containers: [{ image: 'registry/runner:1', args: [command], env: [{ name: CONFIG_ENV, value: renderConfig(value as never) }] }] } } } } },
    });
    const exporter = {
      kind: 'Deployment', metadata: { name: 'page', namespace: 'shop' }, spec: { template: { spec: { containers: [{ env: [{ name: CONFIG_ENV, value: '{}' }] }] } } },
    };
    writeFileSync(manifest, [job('db-backup', 'backup', config), job('db-restore', 'restore', restoreOf(config, target)), Yaml.stringify(exporter)].join('---\n'));
  });
  afterAll(() => s3?.stop());

  const at = (job: string) => ['--manifest', 'app.k8s.yaml', '--job', job];

  test.each([
    [['--version'], /^\d+\.\d+\.\d+\n$/],
    [['--help'], /restore-manifest/],
    [['verify', '--help'], /--repair/],
    [['completion', 'bash'], /complete -o default/],
  ])('%j runs', (args, said) => {
    expect(typed(...args)).toMatchObject({ status: 0, stdout: expect.stringMatching(said), stderr: '' });
  });

  test.each([['list'], ['show'], ['usage'], ['drills'], ['metrics']])('%s reads S3 and a folder', command => {
    const ended = typed(command, ...at('db-backup'));
    expect({ status: ended.status, stderr: ended.stderr }).toEqual({ status: 0, stderr: '' });
    if (command !== 'drills') expect(ended.stdout).toContain(command === 'metrics' ? 'backup_repository_backups' : id);
  });

  test('a backup is fetched, pinned, and left to the retention again', () => {
    const to = tempDir('fetched');
    expect(typed('fetch', id, '--to', to, ...at('db-backup'))).toMatchObject({ status: 0 });
    expect(existsSync(path.join(to, `${id}.db.zst`))).toBe(true);
    for (const command of ['pin', 'unpin']) expect(typed(command, id, ...at('db-backup'))).toMatchObject({ status: 0 });
    expect(typed('hold', '--reason', 'an incident', ...at('db-backup'))).toMatchObject({ status: 0 });
    expect(typed('release', ...at('db-backup'))).toMatchObject({ status: 0 });
  });

  test('restore-manifest prints its Job', () => {
    expect(typed('restore-manifest', ...at('db-restore'), '--backup', id)).toMatchObject({ status: 0, stdout: expect.stringContaining('kind: Job') });
  });

  const image = (...args: string[]) => `docker run --rm -it --network=host --user="$(id -u):$(id -g)" --volume="$PWD:$PWD" --workdir="$PWD" --env=ACCESS_KEY_ID --env=SECRET_ACCESS_KEY registry/runner:1 ${args.join(' ')}`;
  const make = 'cdk8s-backup restore-manifest --manifest app.k8s.yaml --job db-restore';

  test.each<[string[], string]>([
    [['backup', ...at('db-backup')], 'kubectl create job -n shop --from=cronjob/db-backup db-backup-now'],
    [['verify', '--all', ...at('db-backup')], 'kubectl exec -n shop deploy/page -- cdk8s-backup verify --all'],
    [['restore', 'app_20261122_020000', ...at('db-restore')], `${make} --backup app_20261122_020000 | kubectl create -f -`],
    [['restore', '--at', '2026-11-22T02:00:00Z', '--dry-run', ...at('db-restore')], `${make} --at 2026-11-22T02:00:00Z --dry-run | kubectl create -f -`],
    [['rollback', ...at('db-restore')], `${make} --rollback NAME | kubectl create -f -`],
    [['rollback', '--dry-run', ...at('db-restore')], `${make} --rollback --dry-run | kubectl create -f -`],
  ])('%j says in one message what it needs, and how to run it in the image and in the cluster', (args, inCluster) => {
    const { status, stdout, stderr } = typed(...args, '--log-format', 'json');
    const { event, message } = JSON.parse(stderr);
    expect({ status, stdout, event }).toEqual({ status: 12, stdout: '', event: 'failed' });
    expect(message).toMatch(new RegExp(`^${args[0]} needs Node\\.js 24, which has zstd and SQLite built in, and this is v20\\.`));
    expect(message).toContain(image(...args, '--log-format', 'json'));
    expect(message.split('\nIn the cluster: ')[1].replace(' --log-format json', '')).toBe(inCluster);
  });
});
