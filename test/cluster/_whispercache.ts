import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { synthesizeWhispercache, tablesOf } from './_application';
import { inNodeNetwork, kubectl, makeNamespace, Namespace, namespaceOf, newNamespace } from './_cluster';
import { BUCKET } from './_example';
import { ClusterS3, startClusterS3 } from './_s3';
import { ROOT } from '../image/_lab';

/** What the role of the database has as its password: with what a shell, and Kubernetes, would replace. */
export const PASSWORD = 'wh$(HOME)-secret';

/** The world of examples/whispercache in the cluster: its databases, its application, its bucket, and all that the example synthesizes. */
export interface Whispercache {
  readonly ns: Namespace;
  readonly s3: ClusterS3;
  /** The directory with what was synthesized, for `kubectl apply -f`. */
  readonly dist: string;
  readonly manifest: string;
  readonly objects: readonly any[];
  /** What a laptop has in its environment: keys of the bucket, and the password of the database. */
  readonly cliEnv: NodeJS.ProcessEnv;
  /** Runs SQL as the superuser, and returns the rows without decoration. */
  sql(text: string, database?: string): Promise<string>;
  redis(...command: string[]): Promise<string>;
  /** Asks the application, which has the SQLite file; `/?write=TEXT` adds a note, and every answer is all notes. */
  notes(query?: string): Promise<string[]>;
  /** The program on "a laptop": this machine, with the keys of the bucket. */
  cli(...args: string[]): Promise<string>;
  cliWith(env: NodeJS.ProcessEnv, ...args: string[]): Promise<string>;
  /** Everything in the three databases, row by row, to be compared. */
  rows(): Promise<{ readonly postgres: string; readonly redis: string; readonly sqlite: readonly string[] }>;
  /** Makes namespace, Secret and application, and applies what was synthesized: what is done after a complete loss, too. */
  rebuild(): Promise<void>;
  /** Deletes the namespace, and does not wait for that. */
  stop(): Promise<void>;
}

/** @param change of the example's text, for what a test needs besides the endpoint of the bucket */
export async function startWhispercache(prefix: string, change?: (source: string) => string): Promise<Whispercache> {
  return startIn(await newNamespace(prefix), change);
}

/** In the namespace that the README names, so that its commands are run as they stand there. Only one file of tests can have that. */
export async function startGuide(): Promise<Whispercache> {
  await makeNamespace('whispercache');
  return startIn(namespaceOf('whispercache'));
}

async function startIn(ns: Namespace, change?: (source: string) => string): Promise<Whispercache> {
  const s3 = await startClusterS3(BUCKET);
  const dist = await synthesizeWhispercache(ns.name, s3.endpoint, change);
  const manifest = path.join(dist, 'whispercache.k8s.yaml');
  const apply = async () => {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'backup-secrets' }, stringData: { POSTGRES_PASSWORD: PASSWORD, ...s3.keys } };
    await ns.apply([secret]);
    await ns.apply([dist]);
    await ns.ready('statefulset/postgres', 'statefulset/redis', 'deployment/whispercache-backend', 'deployment/db-backup');
  };
  const world: Whispercache = {
    ns,
    s3,
    dist,
    manifest,
    objects: parseAllDocuments(readFileSync(manifest, 'utf8')).map(document => document.toJS()),
    sql: async (text, database = 'whispercache') =>
      (await ns.kubectl('exec', 'postgres-0', '--', 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-U', 'postgres', '-d', database, '-c', text)).trim(),
    redis: async (...command) => (await ns.kubectl('exec', 'redis-0', '--', 'redis-cli', '-e', ...command)).trim(),
    notes: async (query = '') => {
      const script = `fetch('http://127.0.0.1:' + process.env.PORT + '/${query}').then(answer => answer.text()).then(console.log)`;
      return JSON.parse(await ns.kubectl('exec', 'deployment/whispercache-backend', '--', 'node', '-e', script));
    },
    cli: (...args) => world.cliWith({}, ...args),
    cliWith: (env, ...args) =>
      inNodeNetwork([process.execPath, path.join(ROOT, 'dist', 'runner', 'main.js'), ...args], { env: { ...world.cliEnv, ...env } }),
    get cliEnv() {
      return { ...s3.keys, POSTGRES_PASSWORD: PASSWORD };
    },
    rows: async () => ({
      postgres: await world.sql('SELECT * FROM users ORDER BY id; SELECT * FROM notes ORDER BY id'),
      redis: await world.redis('DEBUG', 'DIGEST'),
      sqlite: await world.notes(),
    }),
    rebuild: async () => {
      await makeNamespace(ns.name);
      await apply();
    },
    stop: async () => {
      await kubectl('delete', 'namespace', ns.name, '--wait=false');
      await s3.kill();
    },
  };
  await apply();
  await fill(world);
  return world;
}

/** Enough for a restore to have something to lose. */
async function fill({ sql, redis, notes }: Whispercache): Promise<void> {
  await sql(`${tablesOf('whispercache')}
    INSERT INTO users(name) SELECT md5(i::text) FROM generate_series(1, 2000) i;
    INSERT INTO notes(user_id, body) SELECT 1 + i % 2000, md5(i::text) FROM generate_series(1, 5000) i`);
  await redis('MSET', 'session:1', 'Ada', 'session:2', 'Grace');
  await notes('?write=kept');
}

/** Deletes the namespace with all claims, as somebody might by accident. */
export async function loseEverything({ ns }: Whispercache): Promise<void> {
  await kubectl('delete', 'namespace', ns.name, '--timeout=150s');
}
