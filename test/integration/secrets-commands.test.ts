import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Chart, Cron, Testing } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { configOf, folder, postgres, redis } from './_configs';
import { Ended, run, RunOptions } from './_runner';
import { watched } from './_watched';
import { drillOf, postgresTarget, redisTarget } from './drill/_drill';
import { startExporter } from './exporter/_exporter';
import { exported } from './exporter/_stores';
import { restoreOf } from './restore/_restore';
import { freePort, RunningProcess, startProcess, tempDir } from './servers/_process';
import { s3Store } from './servers/_s3';
import { PostgresServer, startPostgres } from './servers/postgres';
import { RedisServer, startRedis } from './servers/redis';
import { startVersitygw, Versitygw } from './servers/versitygw';
import { BackupBucketLifecycle, BackupCronJob, BackupSource, BackupStore, Decryption, Encryption, LifecycleProvider, RecoveryRunbook, RestoreJob } from '../../src';
import { BackupConfig, Config, TargetConfig } from '../../src/contract/config';
import { aPair, Pair } from '../runner/age/_age';

/*
 * Every command of the program, as it should be and with wrong secrets: none of them, right or wrong, is in what is shown, written or pushed, in the
 * command line of any process, or in the environment of one that has no need for it. There is one level of logs; all of it is looked at.
 */
const PLANTED = { postgres: 'planted-postgres-word', redis: 'planted-redis-word', scratch: 'planted-scratch-word' };

let s3: Versitygw;
let pg: PostgresServer;
let scratch: PostgresServer;
let cache: RedisServer;
let empty: RedisServer;
let gateway: RunningProcess;
let gatewayUrl: string;
let key: Pair;
const directory = tempDir('volume');

/** All that a command has shown, and with what it was called. */
const shown: string[] = [];
const called = new Set<string>();
const tried = new Set<string>();

beforeAll(async () => {
  const port = await freePort();
  gatewayUrl = `http://127.0.0.1:${port}`;
  [s3, pg, scratch, cache, empty, key, gateway] = await Promise.all([
    startVersitygw(), startPostgres({ major: 17 }), startPostgres({ major: 17 }),
    startRedis({ password: PLANTED.redis }), startRedis({ password: PLANTED.scratch }), aPair(),
    startProcess({
      file: 'prometheus-pushgateway',
      args: [`--web.listen-address=127.0.0.1:${port}`],
      logFile: path.join(tempDir('pushgateway'), 'log'),
      readiness: () => fetch(`${gatewayUrl}/-/ready`).then(({ ok }) => ok, () => false),
      timeoutMs: 30_000,
    }),
  ]);
  await s3.makeBucket('secrets');
  await pg.psql(`CREATE ROLE backup LOGIN SUPERUSER PASSWORD '${PLANTED.postgres}'`);
  await pg.psql('CREATE DATABASE shop');
  await pg.psql('CREATE TABLE t AS SELECT i, md5(i::text) FROM generate_series(1, 20000) i', 'shop');
  await scratch.psql(`CREATE ROLE drill LOGIN SUPERUSER PASSWORD '${PLANTED.scratch}'`);
  await cache.cli(['DEBUG', 'POPULATE', '2000']);
});

afterAll(async () => {
  await Promise.all([s3?.stop(), pg?.stop(), scratch?.stop(), cache?.stop(), empty?.stop(), gateway?.stop()]);
});

const storesEnv = () => s3Store(s3, 'secrets').env;
const secrets = () => [...Object.values(PLANTED), s3.secretAccessKey, key.identity];

function aBackup(changes: Pick<BackupConfig, 'name' | 'source'>): BackupConfig {
  return configOf({
    stores: [s3Store(s3, 'secrets', { prefix: 'all' }).config, folder(directory)], encryption: { recipients: [key.recipient] }, pushgatewayUrl: gatewayUrl, ...changes,
  });
}

/** Runs a command with the secrets as they are, and when it is the first of its name on a source with all of them wrong as well. */
async function command(args: readonly string[], options: RunOptions): Promise<Ended> {
  const name = args[0] === 'lifecycle' ? args.slice(0, 2).join(' ') : args[0]!;
  called.add(name);
  const first = `${name} with ${Object.keys(options.env ?? {}).join()}`;
  const alsoWrong = !tried.has(first);
  tried.add(first);
  const own = Object.values(options.env ?? {});
  const { ended, commandLines, environments } = await watched(args, options);
  shown.push(ended.stdout, ended.stderr, ...commandLines);
  for (const [line, environment] of environments) {
    for (const foreign of [s3.secretAccessKey, key.identity, ...Object.values(PLANTED).filter(secret => !own.includes(secret))]) {
      if (environment.includes(foreign)) throw new Error(`${line} has a secret in its environment that is not for it`);
    }
  }
  if (alsoWrong && own.length > 0) {
    // Another one for each variable, so that what is found says where it is from.
    const env = Object.fromEntries(Object.keys(options.env!).map(each => [each, each === 'ACCESS_KEY_ID' ? s3.accessKeyId : `wrong-${each}-planted`]));
    const { stdout, stderr } = await run(args, { ...options, env });
    shown.push(stdout, stderr);
  }
  return ended;
}

/** Fails with what was logged if the command did not do what it is for: then there was nothing to see. */
function succeeded({ code, stderr }: Ended): void {
  if (code !== 0) throw new Error(`it ended with ${code}:\n${stderr}`);
}

async function restoreAndPutBack(backup: BackupConfig, target: TargetConfig, env: NodeJS.ProcessEnv): Promise<void> {
  const options: RunOptions = { config: { ...restoreOf(backup, target), decryption: { identityFile: key.file } } as Config, env };
  await command(['restore', '--dry-run'], options);
  succeeded(await command(['restore', '--yes'], options));
  for (const args of [['rollback', '--yes'], ['discard', '--yes']]) await command(args, options);
}

describe('PostgreSQL', () => {
  const env = () => ({ ...storesEnv(), POSTGRES_PASSWORD: PLANTED.postgres });
  const config = () => aBackup({ name: 'shop', source: postgres({ ...pg, superuser: 'backup' }, 'shop') });

  test('is backed up, looked at, changed and pruned', async () => {
    const options: RunOptions = { config: config(), env: env() };
    const identity = ['--identity', key.file];
    succeeded(await command(['backup'], options));
    const { id } = (await command(['backup'], options)).result;
    for (const args of [
      ['list'], ['list', '--json'], ['show'], ['show', '--json'], ['usage'], ['usage', '--json'], ['drills'], ['drills', '--json'], ['doctor', '--json'],
      ['verify', '--all'], ['verify', '--scheduled', '--repair', ...identity], ['fetch', '--to', tempDir('laptop'), '--decrypt', ...identity], ['metrics'],
      ['pin', id], ['unpin', id], ['hold', '--reason', 'an incident'], ['release'], ['prune', '--dry-run', '--json'], ['prune'],
    ]) succeeded(await command(args, options));
    const dumped = tempDir('dumped');
    succeeded(await command(['fetch', '--to', dumped, '--decrypt', ...identity], options));
    succeeded(await command(['import', '--from', dumped], { ...options, config: { ...config(), name: 'imported' } }));
    // These have something to say against it.
    await command(['doctor'], { ...options, config: { ...config(), source: postgres({ ...pg, superuser: 'backup', port: 1 }, 'shop') } });
    await command(['accept', id], options);
  });

  test('is restored in every mode, put back, and what was kept is discarded', async () => {
    const { superuser: _superuser, ...server } = pg;
    const target = (changes: object) => ({ ...postgresTarget(server, 'shop', { user: 'backup', passwordEnv: 'POSTGRES_PASSWORD', tls: { mode: 'prefer', caFile: null }, ...changes }) });
    await restoreAndPutBack(config(), target({ mode: 'swap', newName: null }), env());
    await restoreAndPutBack(config(), target({ mode: 'in-place', newName: null, safetyBackup: true }), env());
    await restoreAndPutBack(config(), target({ mode: 'new-database', newName: 'beside', assertions: ['SELECT count(*) > 0 FROM t'] }), env());
  });

  test('is drilled', async () => {
    const drill = drillOf(config(), postgresTarget(scratch, 'shop', { user: 'drill' }), { decryption: { identityFile: key.file }, pushgatewayUrl: gatewayUrl });
    succeeded(await command(['drill'], { config: drill, env: { ...storesEnv(), SCRATCH_PASSWORD: PLANTED.scratch } }));
  });
});

test('Redis is backed up, restored in both methods over the network, put back, discarded and drilled', async () => {
  const source = redis(cache, { passwordEnv: 'REDIS_PASSWORD' });
  const config = aBackup({ name: 'redis', source });
  const env = { ...storesEnv(), REDIS_PASSWORD: PLANTED.redis };
  succeeded(await command(['backup'], { config, env }));
  succeeded(await command(['doctor'], { config, env }));
  const target = redisTarget(cache, { ...source, safetyBackup: true });
  await restoreAndPutBack(config, target, env);
  await restoreAndPutBack(config, { ...target, mode: 'keys', replace: true }, env);
  const drill = drillOf(config, redisTarget(empty, { passwordEnv: 'SCRATCH_PASSWORD' }), { decryption: { identityFile: key.file } });
  succeeded(await command(['drill'], { config: drill, env: { ...storesEnv(), SCRATCH_PASSWORD: PLANTED.scratch } }));
});

test('the status page, the metrics and the JSON of the exporter have none, whether its keys are right or wrong', async () => {
  const config = aBackup({ name: 'shop', source: postgres({ ...pg, superuser: 'backup' }, 'shop') });
  for (const env of [storesEnv(), { ...storesEnv(), SECRET_ACCESS_KEY: 'wrong-SECRET_ACCESS_KEY-planted' }]) {
    called.add('serve');
    const exporter = await startExporter([exported('shop', config.stores), exported('redis', config.stores)], { env });
    for (const page of ['/', '/backups/shop', '/backups/redis', '/metrics', '/api/backups', '/no/such/page', '/healthz']) shown.push(await exporter.get(page));
    const { stdout, stderr } = await exporter.stop();
    shown.push(stdout, stderr);
  }
  expect(shown.join('\n')).toContain('shop');
});

test('manifests, and what is made of them, have none', async () => {
  const app = Testing.app({ outdir: tempDir('synth') });
  const chart = new Chart(app, 'shop', { namespace: 'shop' });
  const secret = kplus.Secret.fromSecretName(chart, 'Secret', 'secret');
  const backup = new BackupCronJob(chart, 'db-backup', {
    source: BackupSource.postgres({ host: '127.0.0.1', port: pg.port, databaseName: 'shop', user: 'backup', password: { secret, key: 'password' } }),
    stores: [BackupStore.s3({ bucketName: 'secrets', prefix: 'all', region: s3.region, endpoint: s3.endpoint })],
    encryption: Encryption.age({ recipients: [key.recipient] }),
    schedule: Cron.daily(),
  });
  new RestoreJob(chart, 'db-restore', { backup, decryption: Decryption.fromSecret(secret) });
  const { fileName } = BackupBucketLifecycle.forBackups(chart, 'lifecycle', [backup], { provider: LifecycleProvider.CEPH_RGW, applyJob: {} });
  new RecoveryRunbook(chart, 'runbook');
  app.synth();
  for (const file of readdirSync(app.outdir, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())) {
    shown.push(readFileSync(path.join(file.parentPath, file.name), 'utf8'));
  }
  const manifest = ['--manifest', path.join(app.outdir, 'shop.k8s.yaml')];
  const env = { AWS_ACCESS_KEY_ID: s3.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.secretAccessKey, POSTGRES_PASSWORD: PLANTED.postgres };
  const made = await command(['restore-manifest', ...manifest, '--job', 'db-restore'], { env });
  succeeded(await command(['completion', 'bash'], { env }));
  // Without a cluster it gets as far as asking for one, with the environment of the user's shell. test/runner/rehearsal plays commands that read a Secret.
  await command(['rehearse', path.join(app.outdir, 'RUNBOOK.md'), '--scenario', 'corruption'], { env: {} });
  expect(made.stdout).toContain('kind: Job');
  // This server has no lifecycles, and says so.
  for (const verb of ['diff', 'apply']) {
    await command(['lifecycle', verb, ...manifest], { env });
    await command(['lifecycle', verb, ...manifest, '--job', 'db-backup', '--lifecycle', path.join(app.outdir, fileName)], { env });
  }
});

test('every command of the program was called', async () => {
  const commandsOf = async (args: readonly string[]) => [...(await run([...args, '--help'], {})).stdout.split('Commands:')[1]!.matchAll(/^ {2}([a-z-]+)(?= )/gm)]
    .map(([, name]) => [...args, name].join(' ')).filter(name => !name.endsWith('help'));
  const all = await commandsOf([]);
  expect(all.length).toBeGreaterThan(20);
  const expected = [...all.filter(name => name !== 'lifecycle'), ...await commandsOf(['lifecycle'])];
  expect([...called].sort()).toEqual(expected.sort());
});

test('nothing that was shown, written or pushed has a secret in it', async () => {
  shown.push(await (await fetch(`${gatewayUrl}/metrics`)).text());
  const files = readdirSync(directory).filter(file => /\.(json|sha256)$/.test(file));
  expect(files.some(file => file.endsWith('.failed.json') || file.includes('fail'))).toBe(true);
  shown.push(...files, ...files.map(file => readFileSync(path.join(directory, file), 'utf8')));
  const text = shown.join('\n');
  expect(text).toContain('shop');
  const lines = (secret: string) => text.split('\n').filter(line => line.includes(secret)).map(line => line.slice(0, 500));
  for (const secret of [...secrets(), encodeURIComponent(key.identity), Buffer.from(PLANTED.postgres).toString('base64')]) expect(lines(secret)).toEqual([]);
  expect(lines('-planted')).toEqual([]);
});
