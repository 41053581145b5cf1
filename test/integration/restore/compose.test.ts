import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { startShell } from '../../getting-started/_shell';
import { blocks, isShell } from '../../pages';
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
  execFileSync(path.join(EXAMPLE, '..', '..', 'node_modules', '.bin', 'tsx'), ['main.ts'], { cwd: EXAMPLE, env: { ...process.env, PROFILE: 'development', CDK8S_OUTDIR: manifests } });
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

/*
 * The section of the runbook for a database under Compose: a shell types its commands as they stand there. `docker run` is the program of the image, with the
 * arguments, the environment and the folders that its options give; the network and the limits of the container are not there.
 */
describe('the runbook restores under Compose', () => {
  const ANSWERS: { readonly [variable: string]: () => string } = {
    NETWORK: () => 'whispercache_default',
    VOLUME: () => 'whispercache_app-data',
    OWNER: () => '1000:1000',
    POSTGRES_PASSWORD: () => 'of compose',
    AWS_ACCESS_KEY_ID: () => s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: () => s3.secretAccessKey,
    AWS_DEFAULT_REGION: () => s3.region,
  };
  const IMAGE = 'registry.example.com/cdk8s-backup-runner:0.1.0';

  test('PostgreSQL', async () => {
    const content = () => pg.psql('SELECT count(*), min(name) FROM users', 'whispercache');
    const before = await content();
    await succeed('db-backup');
    await pg.psql('DELETE FROM users', 'whispercache');
    const [plan, restored] = await play('whispercache', content);
    expect(plan).toEqual({ options: HARDENED({ network: 'whispercache_default' }), content: expect.stringMatching(/^0/) });
    expect(restored).toEqual({ options: plan!.options, content: before });
  });

  test('Redis', async () => {
    const content = () => redis.cli(['debug', 'digest']);
    const before = await content();
    await succeed('redis-backup');
    await redis.cli(['flushall']);
    const empty = await content();
    const [plan, restored] = await play('redis', content, '--set=target.listenPort=0');
    expect(plan).toEqual({ options: HARDENED({ network: 'whispercache_default' }), content: empty });
    expect(restored).toEqual({ options: plan!.options, content: before });
  });

  test('SQLite', async () => {
    const file = path.join(appData, 'whispercache.db');
    const content = async () => execFileSync('sqlite3', [file, 'SELECT count(*), sum(x) FROM t'], { encoding: 'utf8' });
    const before = await content();
    await succeed('sqlite-backup');
    execFileSync('sqlite3', [file, 'DELETE FROM t']);
    const [plan, restored] = await play('whispercache-sqlite', content);
    expect(plan).toEqual({ options: HARDENED({ user: '1000:1000' }), content: '0|\n' });
    expect(restored).toEqual({ options: plan!.options, content: before });
  });

  const HARDENED = (more: object) => ({ 'rm': true, 'read-only': true, 'tmpfs': '/tmp', 'cap-drop': 'ALL', 'security-opt': 'no-new-privileges', ...more });

  /** All commands below the heading, each of which has to succeed; what the database has after each of the containers. */
  async function play(name: string, content: () => Promise<string>, ...more: readonly string[]) {
    const record = tempDir('docker');
    const shell = startShell(manifests, { PATH: process.env.PATH!, HOME: record });
    const played: { readonly options: object; readonly content: string }[] = [];
    try {
      await shell.type(`docker() { printf '%s\\0' "$@" > ${record}/argv; env -0 > ${record}/env; }`);
      for (const code of commandsOf(`Under Compose: ${name}`)) {
        await shell.type(code, ...[...code.matchAll(/read -rs? (\w+)/g)].map(([, variable]) => ANSWERS[variable!]!()));
        if (!code.startsWith('docker ')) continue;
        const list = (file: string) => readFileSync(path.join(record, file), 'utf8').split('\0').slice(0, -1);
        played.push({ options: await runContainer(list('argv'), list('env'), more), content: await content() });
      }
    } finally {
      shell.end();
    }
    expect(played).toHaveLength(2);
    return played;
  }

  /** Returns the options that have nothing to do here. */
  async function runContainer([verb, ...words]: readonly string[], env: readonly string[], more: readonly string[]): Promise<object> {
    expect(verb).toBe('run');
    const { values, positionals: [image, ...args] } = parseArgs({
      args: optionsFirst(words),
      allowPositionals: true,
      options: {
        'rm': { type: 'boolean' },
        'read-only': { type: 'boolean' },
        'tmpfs': { type: 'string' },
        'cap-drop': { type: 'string' },
        'security-opt': { type: 'string' },
        'network': { type: 'string' },
        'user': { type: 'string' },
        'volume': { type: 'string', multiple: true },
        'env': { type: 'string', multiple: true },
      },
    });
    expect(image).toBe(IMAGE);
    const { volume = [], env: names = [], ...others } = values;
    const given = Object.fromEntries(env.map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]).filter(([name]) => names.includes(name!)));
    expect(Object.keys(given).sort()).toEqual([...names].sort());
    const places = volume.map(mount => mount.split(':')).map(([what, where]) => ({ where: where!, real: { [manifests]: manifests, 'whispercache_app-data': appData }[what!]! }));
    const settings = places.some(({ real }) => real === appData) ? [`--set=target.path=${appData}/whispercache.db`] : [];
    const real = args.map(arg => places.reduce((text, { where, real: folder }) => text.startsWith(`${where}/`) ? folder + text.slice(where.length) : text, inNetwork(arg)));
    const ended = await run([...real, ...settings, `--set=stores.s3.endpoint=${s3.endpoint}`, '--set=stores.s3.pathStyle=true', ...more], { env: given });
    if (ended.code !== 0) throw new Error(`${args.join(' ')} ended with ${ended.code}:\n${ended.stderr}`);
    return { ...others };
  }

  const inNetwork = (argument: string) => argument.replace(/\.host=(postgres|redis)$/, '.host=127.0.0.1').replace(/\.port=5432$/, `.port=${pg.port}`).replace(/\.port=6379$/, `.port=${redis.port}`);
  /** Whatever follows the image belongs to the program. */
  const optionsFirst = (words: readonly string[]) => words.flatMap(word => word === IMAGE ? ['--', word] : [word]);

  function commandsOf(heading: string): readonly string[] {
    const text = readFileSync(path.join(manifests, 'RUNBOOK.md'), 'utf8');
    const [, section] = new RegExp(`^### ${heading}\n([^]*?)^##`, 'm').exec(text)!;
    return blocks({ file: 'RUNBOOK.md', text: section! }).filter(isShell).map(({ code }) => code);
  }
});

test('what is restored from is mounted for reading, but where a safety backup goes there', () => {
  const mount = (service: string) => services[service]!.volumes.find(volume => volume.startsWith('backups:'));
  expect([mount('db-restore'), mount('sqlite-restore'), mount('redis-restore')]).toEqual(['backups:/backups:ro', 'backups:/backups:ro', 'backups:/backups']);
});

async function succeed(service: string, ...more: readonly string[]): Promise<Ended> {
  const { command, environment } = services[service]!;
  const args = [...command.map(argument => argument.replace('/manifests/', `${manifests}/`)), ...inPlaceOfCompose(service).map(setting => `--set=${setting}`), ...more];
  const confirmed = service.endsWith('-restore') ? ['--yes'] : []; // "docker compose run" has a terminal, where one answers
  const env = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, interpolated(value)]));
  const ended = await run([...args, ...confirmed], { env });
  if (ended.code !== 0) throw new Error(`${service} ended with ${ended.code}:\n${ended.stderr}`);
  return ended;
}

/** Where on this machine the names and the volumes of Compose are. */
function inPlaceOfCompose(service: string): string[] {
  const end = service.endsWith('-restore') ? 'target' : 'source';
  const database = service.startsWith('sqlite')
    ? [`${end}.path=${appData}/whispercache.db`]
    : [`${end}.host=127.0.0.1`, `${end}.port=${service.startsWith('db') ? pg.port : redis.port}`];
  return [...database, `stores.volume.directory=${backups}`, `stores.s3.endpoint=${s3.endpoint}`];
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
