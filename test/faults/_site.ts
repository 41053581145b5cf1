import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { tempDir } from '../integration/servers/_process';
import { FaultProxy, startFaultProxy } from '../integration/servers/fault-proxy';
import { PostgresServer, startPostgres } from '../integration/servers/postgres';
import { RedisServer, startRedis } from '../integration/servers/redis';
import { startTcpFaultProxy, TcpFaultProxy } from '../integration/servers/tcp-fault-proxy';
import { startVersitygw, Versitygw } from '../integration/servers/versitygw';

export const REDIS_PASSWORD = 'redis-password-of-the-campaign';

/** The servers of one worker, each behind a proxy: nobody else uses them, so they can be killed. */
export interface Site {
  readonly s3: Versitygw;
  readonly s3Proxy: FaultProxy;
  readonly pg: PostgresServer;
  readonly pgProxy: TcpFaultProxy;
  readonly redis: RedisServer;
  readonly redisProxy: TcpFaultProxy;
  /** Files that are backed up. */
  readonly files: Files;
  /** Every secret that a run gets: none may be in what it says or stores. */
  readonly secrets: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Empty servers for drills, started when they are asked for. */
  scratchPostgres(): Promise<PostgresServer>;
  scratchRedis(): Promise<RedisServer>;
  killRedis(): Promise<void>;
  startRedisAgain(): Promise<void>;
  stop(): Promise<void>;
}

export interface Files {
  /** A small database, and one that is uploaded in parts. */
  readonly small: string;
  readonly large: string;
  /** What the application has made of the small one since the backup. */
  readonly later: string;
  readonly identity: string;
  readonly recipient: string;
  /** Of somebody who can write to the stores. */
  readonly attacker: string;
  readonly attackerRecipient: string;
}

/** Makes what all workers share. */
export async function makeFiles(): Promise<Files> {
  const directory = tempDir('files');
  const at = (name: string) => path.join(directory, name);
  const rows = (count: number, bytes: number) =>
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count}) INSERT INTO t SELECT i, randomblob(${bytes}) FROM n`;
  make(at('small.db'), ['CREATE TABLE t (id INTEGER PRIMARY KEY, x)', rows(300, 900)]);
  make(at('large.db'), ['CREATE TABLE t (id INTEGER PRIMARY KEY, x)', rows(36, 500_000)]);
  make(at('later.db'), ['CREATE TABLE t (id INTEGER PRIMARY KEY, x)', rows(200, 900), 'CREATE TABLE later (y)', 'INSERT INTO later VALUES (1)']);
  const makeIdentity = async (name: string) => {
    const identity = await generateIdentity();
    writeFileSync(at(name), `${identity}\n`, { mode: 0o600 });
    return identityToRecipient(identity);
  };
  return {
    small: at('small.db'),
    large: at('large.db'),
    later: at('later.db'),
    identity: at('identity'),
    recipient: await makeIdentity('identity'),
    attacker: at('attacker'),
    attackerRecipient: await makeIdentity('attacker'),
  };
}

function make(file: string, statements: readonly string[]): void {
  const database = new DatabaseSync(file);
  for (const statement of statements) database.exec(statement);
  database.close();
}

/** What the databases hold when they are backed up (`good`), and what the application has made of it since (`later`). */
const POSTGRES = {
  good: `create table orders as select i as id, md5(i::text) || md5((-i)::text) as note from generate_series(1, 2000) i;
    create index on orders (id); create sequence tickets start 5; create role clerk nologin; grant select on orders to clerk; analyze`,
  later: `create table orders as select i as id, 'LATER ' || i as note from generate_series(1, 1500) i;
    create index on orders (id); create table invoices (id int); create sequence tickets start 9`,
};

export async function startSite(files: Files): Promise<Site> {
  const [s3, pg, redis] = await Promise.all([
    startVersitygw(),
    // 15 is the version whose translations are installed.
    startPostgres({ major: 15, settings: ['autovacuum = off', 'max_connections = 30', 'shared_buffers = 16MB', 'lc_messages = \'C\''] }),
    startRedis({ aof: true, password: REDIS_PASSWORD }),
  ]);
  await pg.psql('create database shop');
  await pg.psql(POSTGRES.good, 'shop');
  await pg.psql('create database shop_later');
  await pg.psql(POSTGRES.later, 'shop_later');
  const s3Proxy = await startFaultProxy(s3.endpoint);
  const [pgProxy, redisProxy] = await Promise.all([startTcpFaultProxy(pg.port), startTcpFaultProxy(redis.port)]);
  let current = redis;
  let scratchPostgres: Promise<PostgresServer> | undefined;
  let scratchRedis: Promise<RedisServer> | undefined;
  return {
    s3,
    s3Proxy,
    pg,
    pgProxy,
    redisProxy,
    files,
    get redis() {
      return current;
    },
    secrets: [s3.secretAccessKey, pg.password, REDIS_PASSWORD, readFileSync(files.identity, 'utf8').trim()],
    env: {
      ACCESS_KEY_ID: s3.accessKeyId,
      SECRET_ACCESS_KEY: s3.secretAccessKey,
      POSTGRES_PASSWORD: pg.password,
      REDIS_PASSWORD,
      NODE_COMPILE_CACHE: path.join(path.dirname(files.identity), 'compiled'), // a third of a short run is compiling
    },
    scratchPostgres: () => scratchPostgres ??= startPostgres({ major: 17, settings: ['shared_buffers = 16MB'] }),
    scratchRedis: () => scratchRedis ??= startRedis(),
    killRedis: () => current.kill9(),
    startRedisAgain: async () => {
      current = await startRedis({ aof: true, password: REDIS_PASSWORD, directory: current.directory });
      redisProxy.retarget(current.port);
    },
    stop: async () => {
      await Promise.all([s3Proxy.stop(), pgProxy.stop(), redisProxy.stop()]);
      const scratch = await Promise.all([scratchPostgres, scratchRedis]);
      await Promise.all([s3, pg, current, ...scratch].map(server => server?.stop()));
    },
  };
}
