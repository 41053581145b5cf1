import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parse } from 'yaml';
import { Ended, run } from '../_runner';
import { tempDir } from '../servers/_process';
import { PostgresServer, startPostgres } from '../servers/postgres';
import { RedisServer, startRedis } from '../servers/redis';
import { startVersitygw, Versitygw } from '../servers/versitygw';

/*
 * The services of examples/whispercache/compose.yaml, with the command line and the environment that stand there; what Compose's network
 * and volumes are is here in their place.
 */
const EXAMPLE = path.join(__dirname, '..', '..', '..', 'examples', 'whispercache');

interface Service {
  readonly command: readonly string[];
  readonly environment: { readonly [name: string]: string };
  readonly volumes: readonly string[];
}

const { services } = parse(readFileSync(path.join(EXAMPLE, 'compose.yaml'), 'utf8'), { merge: true }) as { services: { readonly [name: string]: Service } };
const manifests = tempDir('manifests');
const backups = tempDir('backups');
const appData = tempDir('app-data');
let s3: Versitygw;
let pg: PostgresServer;
let redis: RedisServer;

beforeAll(async () => {
  execFileSync(path.join(EXAMPLE, '..', '..', 'node_modules', '.bin', 'tsx'), ['main.ts'], { cwd: EXAMPLE, env: { ...process.env, CDK8S_OUTDIR: manifests } });
  [s3, pg, redis] = await Promise.all([startVersitygw(), startPostgres({ major: 17 }), startRedis({ aof: true })]);
  await s3.makeBucket('your-backup-bucket');
  // As the image makes it: POSTGRES_USER is a superuser.
  await pg.psql('CREATE ROLE whispercache SUPERUSER LOGIN PASSWORD \'of compose\'');
  await pg.psql('CREATE DATABASE whispercache OWNER whispercache');
});

afterAll(async () => {
  await Promise.all([s3?.stop(), pg?.stop(), redis?.stop()]);
});

test('db-backup and db-restore', async () => {
  const content = () => pg.psql('SELECT count(*), min(name) FROM users', 'whispercache');
  await pg.psql('CREATE TABLE users AS SELECT i AS id, \'user \' || i AS name FROM generate_series(1, 1000) i; ALTER TABLE users OWNER TO whispercache', 'whispercache');
  const before = await content();
  await succeed('db-backup');
  await pg.psql('DELETE FROM users WHERE id < 500', 'whispercache');
  expect((await succeed('db-restore')).stdout).toContain('restore.finished');
  expect(await content()).toBe(before);
});

test('redis-backup and redis-restore', async () => {
  const digest = () => redis.cli(['debug', 'digest']);
  await redis.cli(['debug', 'populate', '1000']);
  const before = await digest();
  await succeed('redis-backup');
  await redis.cli(['flushall']);
  await succeed('redis-restore', '--set=target.listenPort=0'); // other servers have Redis' own port here
  expect(await digest()).toBe(before);
});

test('sqlite-backup and sqlite-restore', async () => {
  const database = new DatabaseSync(path.join(appData, 'whispercache.db'));
  const content = () => execFileSync('sqlite3', [path.join(appData, 'whispercache.db'), 'SELECT count(*), sum(x) FROM t'], { encoding: 'utf8' });
  database.exec('CREATE TABLE t (x); INSERT INTO t VALUES (1), (2), (3)');
  const before = content();
  await succeed('sqlite-backup');
  database.exec('DELETE FROM t WHERE x = 2');
  database.close();
  await succeed('sqlite-restore');
  expect(content()).toBe(before);
});

test('what is restored from is mounted for reading, but where a safety backup goes there', () => {
  const mount = (service: string) => services[service]!.volumes.find(volume => volume.startsWith('backups:'));
  expect([mount('db-restore'), mount('sqlite-restore'), mount('redis-restore')]).toEqual(['backups:/backups:ro', 'backups:/backups:ro', 'backups:/backups']);
});

async function succeed(service: string, ...more: readonly string[]): Promise<Ended> {
  const { command, environment } = services[service]!;
  const args = [...command.map(inPlaceOfCompose), ...service.startsWith('sqlite') ? [] : [`--set=${end(service)}.port=${service.startsWith('db') ? pg.port : redis.port}`], ...more];
  const confirmed = service.endsWith('-restore') ? ['--yes'] : []; // "docker compose run" has a terminal, where one answers
  const env = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, interpolated(value)]));
  const ended = await run([...args, ...confirmed], { env });
  if (ended.code !== 0) throw new Error(`${service} ended with ${ended.code}:\n${ended.stderr}`);
  return ended;
}

function end(service: string): string {
  return service.endsWith('-restore') ? 'target' : 'source';
}

function inPlaceOfCompose(argument: string): string {
  return argument
    .replace('/manifests/', `${manifests}/`)
    .replace('=/backups', `=${backups}`)
    .replace('=/app/data/', `=${appData}/`)
    .replace('http://s3:9000', s3.endpoint)
    .replace(/\.host=(postgres|redis)$/, '.host=127.0.0.1');
}

/** `${NAME:-default}` and `${NAME:?message}`, with what would stand in `.env`. */
function interpolated(value: string): string {
  const dotEnv: { readonly [name: string]: string } = { POSTGRES_PASSWORD: 'of compose', AWS_ACCESS_KEY_ID: s3.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.secretAccessKey, AWS_DEFAULT_REGION: s3.region };
  return value.replace(/\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}/g, (_match, name: string, fallback?: string) => {
    const found = dotEnv[name] ?? fallback;
    if (found === undefined) throw new Error(`${name} is not in .env, and has no default`);
    return found;
  });
}
