import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { AddressInfo } from 'node:net';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseAllDocuments } from 'yaml';
import { artifactOf } from './_restore';
import { REPLICAS_ANNOTATION } from '../../../src/runner/kubernetes/workload';
import { Ended, filesIn, killAllBelow, run, RunOptions, start } from '../_runner';
import { tempDir } from '../servers/_process';
import { startWorkloadControllers, WorkloadControllers } from '../servers/_workload-controllers';
import { KubeApiServer, startKubeApiServer } from '../servers/kube-apiserver';
import { PostgresServer, startPostgres } from '../servers/postgres';
import { RedisServer, startRedis } from '../servers/redis';
import { startVersitygw, Versitygw } from '../servers/versitygw';

/*
 * The guide's scenario 1, "database corruption", by the synthesized YAML of examples/whispercache: real servers, a real store, and a real
 * Kubernetes API with the Role that the YAML has. The runner runs here as on a laptop: through port-forwards and "kubectl proxy".
 */
const ROOT = path.join(__dirname, '..', '..', '..');
const NAMESPACE = 'whispercache';
const BACKEND = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/whispercache-backend`;

let s3: Versitygw;
let pg: PostgresServer;
let cache: RedisServer;
let kubernetes: KubeApiServer;
let controllers: WorkloadControllers;
let proxy: http.Server;
let health: http.Server;
/** What happened, in order: PATCHes of the backend by its replicas, and questions for its health. */
const happened: string[] = [];
const volume = tempDir('volume');
const sqliteFile = path.join(tempDir('app-data'), 'whispercache.db');
let manifest: string;
let options: RunOptions;

beforeAll(async () => {
  const dist = tempDir('dist');
  execFileSync(path.join(ROOT, 'node_modules', '.bin', 'tsx'), ['main.ts'], {
    cwd: path.join(ROOT, 'examples', 'whispercache'), env: { ...process.env, PROFILE: 'development', CDK8S_OUTDIR: dist },
  });
  manifest = path.join(dist, 'whispercache.k8s.yaml');
  [s3, pg, cache, kubernetes] = await Promise.all([startVersitygw(), startPostgres({ major: 17, settings: ['max_prepared_transactions = 2'] }), startRedis({ aof: true }), startKubeApiServer()]);
  await s3.makeBucket('your-backup-bucket');
  await pg.psql('CREATE ROLE whispercache LOGIN CREATEDB PASSWORD \'wh-secret\'');
  await pg.psql('CREATE DATABASE whispercache OWNER whispercache');
  await kubernetes.create([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } }]);
  // All that the YAML has, but for what needs the Prometheus operator; the API server accepts it.
  const objects = parseAllDocuments(readFileSync(manifest, 'utf8')).map(document => document.toJS());
  await kubernetes.create(objects.filter(({ apiVersion }) => !apiVersion.startsWith('monitoring.coreos.com/')));
  await kubernetes.create([{
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'whispercache-backend', namespace: NAMESPACE },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'backend' } },
      template: { metadata: { labels: { app: 'backend' } }, spec: { containers: [{ name: 'main', image: 'app' }] } },
    },
  }]);
  controllers = startWorkloadControllers(kubernetes, NAMESPACE);
  proxy = await startProxy(await kubernetes.serviceAccountDirectory(NAMESPACE, 'db-restore'));
  health = await listening(http.createServer((_request, response) => {
    happened.push('health');
    response.end('ok');
  }));
  options = {
    env: {
      POSTGRES_PASSWORD: 'wh-secret',
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
      AWS_DEFAULT_REGION: s3.region,
      CDK8S_BACKUP_KUBERNETES_URL: urlOf(proxy),
    },
  };
});

afterAll(async () => {
  proxy?.close();
  health?.close();
  await controllers?.stop();
  await Promise.all([s3?.stop(), pg?.stop(), cache?.stop(), kubernetes?.stop()]);
});

/** What "kubectl proxy" does, with the rights of the restore's service account. */
function startProxy(account: string): Promise<http.Server> {
  const [token, ca] = ['token', 'ca.crt'].map(file => readFileSync(path.join(account, file), 'utf8'));
  return listening(http.createServer(async (request, response) => {
    const body = await text(request);
    if (request.method === 'PATCH' && !request.url!.includes('dryRun')) happened.push(`replicas ${JSON.parse(body).spec.replicas}`);
    https.request({
      host: kubernetes.host, port: kubernetes.port, path: request.url, method: request.method, ca, headers: { ...request.headers, authorization: `Bearer ${token}` },
    }, answer => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    }).on('error', () => response.destroy()).end(body);
  }));
}

async function listening(server: http.Server): Promise<http.Server> {
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return server;
}

function urlOf(server: http.Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The settings that a laptop needs; everything else is as in the cluster. */
function settingsFor(job: string): string[] {
  const end = job.endsWith('-restore') ? 'target' : 'source';
  const own: { readonly [engine: string]: string[] } = {
    db: [`${end}.host=127.0.0.1`, `${end}.port=${pg.port}`],
    redis: [`${end}.host=127.0.0.1`, `${end}.port=${cache.port}`, ...end === 'target' ? ['target.advertiseHostEnv=null', 'target.listenPort=0'] : []],
    sqlite: [`${end}.path=${sqliteFile}`],
  };
  return [
    ...own[job.split('-')[0]!]!,
    ...job === 'db-restore' ? [`healthUrl=${urlOf(health)}/api/health`] : [],
    `stores.volume.directory=${volume}`, `stores.s3.endpoint=${s3.endpoint}`, 'stores.s3.pathStyle=true', 'scratch.limitBytes=null',
  ].flatMap(setting => ['--set', setting]);
}

function commandLine(verb: string, job: string, ...more: string[]): string[] {
  return [verb, '--manifest', manifest, '--job', job, ...settingsFor(job), ...more];
}

async function succeed(verb: string, job: string, ...more: string[]): Promise<Ended> {
  const ended = await run(commandLine(verb, job, ...more), options);
  if (ended.code !== 0) throw new Error(`${verb} ${job} ended with ${ended.code}:\n${ended.stderr}`);
  return ended;
}

async function backend() {
  const { metadata, spec } = await kubernetes.request('GET', BACKEND);
  return { replicas: spec.replicas, written: metadata.annotations?.[REPLICAS_ANNOTATION] };
}

const users = () => pg.psql('SELECT count(*), count(*) FILTER (WHERE name = \'CORRUPTED\'), max(id) FROM users', 'whispercache');

test('database corruption: the application is stopped, the latest backup restored, the application started, its health asked', async () => {
  await pg.psql('CREATE TABLE users AS SELECT i AS id, md5(i::text) AS name FROM generate_series(1, 1000) i; ALTER TABLE users ADD PRIMARY KEY (id); ALTER TABLE users OWNER TO whispercache', 'whispercache');
  const before = await pg.psql('SELECT * FROM users ORDER BY id', 'whispercache');
  await succeed('backup', 'db-backup');
  // The guide's flaw 3: a migration after the backup, which "pg_restore --clean" can't get past, then the corruption.
  await pg.psql('CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users); ALTER TABLE orders OWNER TO whispercache; UPDATE users SET name = \'CORRUPTED\' WHERE id <= 500', 'whispercache');
  expect(await users()).toBe('1000|500|1000');

  const plan = await succeed('restore', 'db-restore', '--dry-run');
  expect(plan.stdout).toContain('stop Deployment whispercache-backend');
  expect(await users()).toBe('1000|500|1000');
  expect(happened).toEqual([]);

  const restored = await succeed('restore', 'db-restore', '--yes');
  expect(await pg.psql('SELECT * FROM users ORDER BY id', 'whispercache')).toBe(before);
  expect(await pg.psql('SELECT to_regclass(\'orders\') IS NULL', 'whispercache')).toBe('t');
  expect(happened).toEqual(['replicas 0', 'replicas 2', 'health']);
  expect(await backend()).toEqual({ replicas: 2, written: undefined });
  const events = restored.events.map(({ event }) => event);
  expect(events.filter(event => ['workload.stopping', 'restore.live', 'workload.starting'].includes(event))).toEqual(['workload.stopping', 'restore.live', 'workload.starting']);
});

test('a runner that is killed with the application stopped: the next run brings back the data and as many pods as there were', async () => {
  happened.length = 0;
  await pg.psql('UPDATE users SET name = \'CORRUPTED\'', 'whispercache');
  const first = start(commandLine('restore', 'db-restore', '--yes'), options);
  while (!happened.includes('replicas 0')) await sleep(5);
  killAllBelow(first.process.pid!);
  await first.ended;
  expect(await backend()).toEqual({ replicas: 0, written: '2' });

  await succeed('restore', 'db-restore', '--yes');
  expect(await users()).toBe('1000|0|1000');
  expect(await backend()).toEqual({ replicas: 2, written: undefined });
});

test('a restore that fails after the application was stopped starts it again', async () => {
  happened.length = 0;
  const ended = await run(commandLine('restore', 'db-restore', '--yes', '--set', 'target.assertions=["SELECT count(*) > 1000000 FROM users"]'), options);
  expect(ended.code).not.toBe(0);
  expect(happened).toEqual(['replicas 0', 'replicas 2']);
  expect(await backend()).toEqual({ replicas: 2, written: undefined });
  expect(await users()).toBe('1000|0|1000');
});

test('a rollback stops the application and starts it again, also where it fails', async () => {
  happened.length = 0;
  await pg.psql('UPDATE users SET name = \'LATER\' WHERE id = 1', 'whispercache');
  await succeed('restore', 'db-restore', '--yes');
  happened.length = 0;
  await succeed('rollback', 'db-restore', '--yes');
  expect(await pg.psql('SELECT count(*) FROM users WHERE name = \'LATER\'', 'whispercache')).toBe('1');
  expect(happened).toEqual(['replicas 0', 'replicas 2', 'health']);

  happened.length = 0;
  await pg.psql('BEGIN; CREATE TABLE in_the_way (); PREPARE TRANSACTION \'in the way\'', 'whispercache');
  const failed = await run(commandLine('rollback', 'db-restore', '--yes'), options);
  expect(failed).toMatchObject({ code: expect.any(Number), message: expect.stringMatching(/is as it was$/) });
  expect(failed.code).not.toBe(0);
  expect(happened).toEqual(['replicas 0', 'replicas 2']);
  expect(await backend()).toEqual({ replicas: 2, written: undefined });
  await pg.psql('ROLLBACK PREPARED \'in the way\'', 'whispercache');

  // Killed with the application stopped: what runs next starts it with as many pods as before.
  happened.length = 0;
  const killed = start(commandLine('rollback', 'db-restore', '--yes'), options);
  while (!happened.includes('replicas 0')) await sleep(5);
  killAllBelow(killed.process.pid!);
  await killed.ended;
  await succeed('restore', 'db-restore', '--yes');
  expect(await backend()).toEqual({ replicas: 2, written: undefined });
  expect(await users()).toBe('1000|0|1000');
});

test('a damaged backup stops nothing', async () => {
  happened.length = 0;
  const { result: { id } } = await succeed('backup', 'db-backup');
  const file = artifactOf(path.join(volume, 'whispercache'), id);
  const bytes = readFileSync(file);
  bytes[100] = bytes[100]! ^ 1; // eslint-disable-line no-bitwise
  writeFileSync(file, bytes);
  // From the volume only: the copy in S3 would do.
  const config = path.join(tempDir('config'), 'config.json');
  const job = parseAllDocuments(readFileSync(manifest, 'utf8')).map(document => document.toJS()).find(({ kind, metadata }) => kind === 'CronJob' && metadata.name === 'db-restore');
  const { stores, ...rest } = JSON.parse(job.spec.jobTemplate.spec.template.spec.containers[0].env[0].value);
  writeFileSync(config, JSON.stringify({ ...rest, stores: [{ ...stores[0], directory: volume }], target: { ...rest.target, host: '127.0.0.1', port: pg.port } }));
  const ended = await run(['restore', '--config', config, '--yes'], options);
  expect(ended).toMatchObject({ code: 11 });
  expect(happened).toEqual([]);
  expect(await users()).toBe('1000|0|1000');
});

test('Redis: keys that were deleted are there again', async () => {
  await cache.cli(['DEBUG', 'POPULATE', '2000']);
  const before = await cache.cli(['DEBUG', 'DIGEST']);
  await succeed('backup', 'redis-backup');
  await cache.cli(['FLUSHALL']);
  await cache.cli(['SET', 'later', '1']);

  await succeed('restore', 'redis-restore', '--yes');
  expect(await cache.cli(['DEBUG', 'DIGEST'])).toBe(before);
});

test('SQLite: rows are as they were, whatever a write-ahead log has left', async () => {
  const rows = () => execFileSync('sqlite3', [sqliteFile, 'SELECT count(*), sum(x) FROM t'], { encoding: 'utf8' }).trim();
  const database = new DatabaseSync(sqliteFile);
  database.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (x); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO t SELECT i FROM n');
  await succeed('backup', 'sqlite-backup');
  database.exec('UPDATE t SET x = 0');
  const log = readFileSync(`${sqliteFile}-wal`);
  database.close();
  writeFileSync(`${sqliteFile}-wal`, log); // as a container leaves it that was killed

  await succeed('restore', 'sqlite-restore', '--yes', '--set', 'workloads=[]');
  expect(rows()).toBe('500|125250');
  expect(filesIn(path.join(volume, 'whispercache-sqlite')).some(file => file.startsWith('whispercache-sqlite_'))).toBe(true);
});
