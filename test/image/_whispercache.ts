import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, readFileSync } from 'node:fs';
import http from 'node:http';
import { AddressInfo } from 'node:net';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseAllDocuments } from 'yaml';
import { ROOT } from './_lab';
import { Outside } from './_outside';
import { claimsOf, Cluster } from './_pod';
import { claim } from './_volumes';
import { freePort, tempDir } from '../integration/servers/_process';
import { startWorkloadControllers } from '../integration/servers/_workload-controllers';
import { startKubeApiServer } from '../integration/servers/kube-apiserver';
import { PostgresServer, startPostgres } from '../integration/servers/postgres';
import { RedisServer, startRedis } from '../integration/servers/redis';
import { startVersitygw } from '../integration/servers/versitygw';

const NAMESPACE = 'whispercache';
const PASSWORD = 'wh$(HOME)-secret';
/** The application's user: that of the runner, which would otherwise be told in `user`, or refuses to give the file to another one. */
const APPLICATION = 10001;

/** The world of examples/whispercache: its databases with something in them, its bucket, its application, its API server. */
export interface Whispercache {
  readonly cluster: Cluster;
  readonly outside: Outside;
  readonly pg: PostgresServer;
  readonly redis: RedisServer;
  /** Hosts and paths that were asked of the application. */
  readonly asked: readonly string[];
  /** Runs SQL in the file of the application. */
  sqlite(sql: string): string;
  /** One of the objects that the example synthesizes. */
  object(name: string, kind?: string): any;
  backendReplicas(): Promise<number>;
  stop(): Promise<void>;
}

export async function startWhispercache(): Promise<Whispercache> {
  const dist = tempDir('dist');
  execFileSync(path.join(ROOT, 'node_modules', '.bin', 'tsx'), ['main.ts'], {
    cwd: path.join(ROOT, 'examples', 'whispercache'), env: { ...process.env, PROFILE: 'development', CDK8S_OUTDIR: dist }, stdio: 'pipe',
  });
  // There is no registry: the image is on this machine.
  const manifest = readFileSync(path.join(dist, 'whispercache.k8s.yaml'), 'utf8').replaceAll('registry.example.com/', '');
  const objects = parseAllDocuments(manifest).map(document => document.toJS());

  const servers = [startVersitygw(), startPostgres({ major: 17 }), startRedis({ aof: true }), startKubeApiServer()] as const;
  const [s3, pg, redis, kubernetes] = await Promise.all(servers);
  await s3.makeBucket('your-backup-bucket');
  await pg.psql(`CREATE ROLE whispercache LOGIN CREATEDB PASSWORD '${PASSWORD}'`);
  await pg.psql('CREATE DATABASE whispercache OWNER whispercache');
  await pg.psql(`SET ROLE whispercache;
    CREATE TABLE users AS SELECT i AS id, md5(i::text) AS name FROM generate_series(1, 1000) i;
    CREATE TABLE notes AS SELECT i AS id, now() AS created_at FROM generate_series(1, 1000) i`, 'whispercache');
  await redis.cli(['MSET', 'session:1', 'Ada', 'session:2', 'Grace']);

  await kubernetes.create([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } }]);
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
  const controllers = startWorkloadControllers(kubernetes, NAMESPACE);

  const asked: string[] = [];
  const health = http.createServer((request, response) => {
    asked.push(`${request.headers.host?.split(':')[0]}${request.url}`);
    response.end('ok');
  });
  await new Promise<void>(resolve => {
    health.listen(0, '127.0.0.1', resolve);
  });

  const cluster: Cluster = {
    directory: tempDir('node'),
    secrets: {
      'backup-secrets': {
        POSTGRES_PASSWORD: PASSWORD,
        AWS_ACCESS_KEY_ID: s3.accessKeyId,
        AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
        AWS_DEFAULT_REGION: s3.region,
      },
    },
    hosts: ['postgres', 'redis', 'whispercache-backend'],
    kubernetes,
  };
  const outside: Outside = {
    postgresPort: pg.port,
    redisPort: redis.port,
    s3Endpoint: s3.endpoint,
    healthPort: (health.address() as AddressInfo).port,
    exporterPort: await freePort(),
  };
  return {
    cluster,
    outside,
    pg,
    redis,
    asked,
    sqlite: sqliteOf(cluster),
    object: (name, kind = 'CronJob') => objects.find(object => object.kind === kind && object.metadata.name === name),
    backendReplicas: async () => (await kubernetes.request('GET', `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/whispercache-backend`)).spec.replicas,
    stop: async () => {
      health.close();
      await controllers.stop();
      await Promise.all([s3.stop(), pg.stop(), redis.stop(), kubernetes.stop()]);
    },
  };
}

/** The application's file in the application's claim, which it owns. */
function sqliteOf(cluster: Cluster): (sql: string) => string {
  const directory = claim(claimsOf(cluster), 'whispercache-data');
  const file = path.join(directory, 'whispercache.db');
  new DatabaseSync(file).exec('CREATE TABLE notes (note); INSERT INTO notes VALUES (\'kept\')');
  chownSync(file, APPLICATION, APPLICATION);
  chmodSync(file, 0o644);
  return sql => execFileSync('sqlite3', [file, sql], { encoding: 'utf8' }).trim();
}
