import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { zstdDecompressSync } from 'node:zlib';
import { filesIn, idsIn } from './_invariants';
import { fillRedis, Place, redisDigest } from './_place';
import { Site } from './_site';
import { DatabaseTargetConfig, PostgresTargetConfig, RedisTargetConfig, SqliteTargetConfig } from '../../src/contract/config';
import { targetOf } from '../integration/restore/_postgres';
import { artifactOf } from '../integration/restore/_restore';
import { until } from '../integration/servers/_process';
import { PostgresServer } from '../integration/servers/postgres';

/* Databases that an application uses, and that a restore replaces. */

/** A live database. */
export interface Live {
  readonly target: DatabaseTargetConfig;
  /** What it holds before the restore, and afterwards. */
  readonly before: string;
  readonly after: string;
  /** What it holds now; `null` for a mixture that the server itself says it is. */
  now(): Promise<string | null>;
  /** What a restore may not leave, once one has ended well. */
  left(): Promise<readonly string[]>;
  remove(): Promise<void>;
}

export async function sqliteLive({ target, site: { files } }: Place): Promise<Live> {
  const file = path.join(target, 'app.db');
  copyFileSync(files.later, file);
  const config: SqliteTargetConfig = { engine: 'sqlite', path: file, lockTimeoutSeconds: 5, keepPrevious: true, assertions: [] };
  return {
    target: config,
    before: rowsOf(files.later),
    after: rowsOf(files.small),
    now: async () => rowsOf(file),
    left: async () => filesIn(target).filter(name => !/^app\.db(\.before_\d{8}_\d{6})?$/.test(name)).map(name => `${name} is left beside the database`),
    remove: async () => {},
  };
}

/** A lock that stays for longer was left by the runner. */
const LOCK_MS = 2000;

function rowsOf(file: string): string {
  try {
    // As an application waits: the program that locks the file looks ten times a second whether its runner is still there.
    const database = new DatabaseSync(file, { readOnly: true, timeout: LOCK_MS });
    try {
      const hash = createHash('sha256');
      for (const { name } of database.prepare('SELECT name FROM sqlite_schema WHERE type = \'table\' ORDER BY name').all()) {
        for (const row of database.prepare(`SELECT * FROM "${String(name)}"`).iterate()) {
          for (const value of Object.values(row)) hash.update(value instanceof Uint8Array ? value : String(value));
        }
      }
      return hash.digest('hex');
    } finally {
      database.close();
    }
  } catch (error) {
    return `${path.basename(file)} can't be read: ${(error as Error).message}`;
  }
}

/** Digests do not depend on the worker. */
const redisDigests: { good?: string } = {};

export async function redisLive({ site }: Place, changes: Partial<RedisTargetConfig>): Promise<Live> {
  redisDigests.good ??= await fillRedis(site, 'good');
  const before = await fillRedis(site, 'later');
  const target: RedisTargetConfig = { ...redisTargetOf(site), ...changes };
  return {
    target,
    before,
    after: redisDigests.good,
    now: async () => {
      // A server whose runner died may be loading what it had.
      await until('redis has loaded', 20_000, async () => /loading:0[^]*async_loading:0/.test(await site.redis.cli(['info', 'persistence'])));
      return await site.redis.cli(['exists', 'cdk8s-backup:restoring']) === '1' ? null : redisDigest(site);
    },
    left: async () => /role:master/.test(await site.redis.cli(['info', 'replication'])) ? [] : ['redis is a replica still'],
    remove: async () => {
      await site.redis.cli(['replicaof', 'no', 'one']);
    },
  };
}

export async function postgresLive({ site }: Place, changes: Partial<PostgresTargetConfig>): Promise<Live> {
  const { pg, pgProxy } = site;
  await dropLive(site);
  await pg.psql('create database live template shop_later strategy file_copy');
  return {
    target: targetOf({ ...pg, port: pgProxy.port }, 'live', { tls: { mode: 'disable', caFile: null }, ...changes }),
    before: await postgresState(site, 'shop_later'),
    after: await postgresState(site, 'shop'),
    now: () => postgresState(site, 'live'),
    left: async () => [
      ...(await pg.psql('select datname from pg_database where datname like \'live_restore%\'')).split('\n').filter(Boolean).map(name => `the database ${name} is left`),
      ...(await pg.psql('select slot_name from pg_replication_slots')).split('\n').filter(Boolean).map(name => `the replication slot ${name} is left`),
      ...(await pg.psql('select rolname from pg_roles where rolname !~ \'^pg_\' and rolname not in (\'postgres\', \'clerk\')')).split('\n').filter(Boolean)
        .map(name => `the role ${name} is left`),
      ...await pg.psql('select count(*) from pg_database where datname = \'live\' and datallowconn') === '1' ? [] : ['the database accepts no connections'],
    ],
    remove: () => dropLive(site),
  };
}

async function postgresState({ pg }: Site, database: string): Promise<string> {
  // A swap that was killed may have left it closed until the next run; what it holds is asked all the same.
  const closed = await pg.psql(`select count(*) from pg_database where datname = '${database}' and not datallowconn`) === '1';
  if (closed) await pg.psql(`alter database ${database} allow_connections true`);
  try {
    return await pg.psql('select md5(string_agg(o::text, \',\' order by id)), (select last_value from tickets) from orders o', database);
  } catch (error) {
    return `${database} can't be read: ${(error as Error).message}`;
  } finally {
    if (closed) await pg.psql(`alter database ${database} allow_connections false`);
  }
}

async function dropLive({ pg }: Site): Promise<void> {
  const names = (await pg.psql('select datname from pg_database where datname like \'live%\'')).split('\n').filter(Boolean);
  for (const name of names) {
    await dropSubscriptions(pg, name);
    await pg.psql(`drop database "${name}" with (force)`);
  }
}

/** PostgreSQL drops no database that has one. */
async function dropSubscriptions(pg: PostgresServer, database: string): Promise<void> {
  const names = (await pg.psql(`select subname from pg_subscription join pg_database d on d.oid = subdbid where datname = '${database}'`)).split('\n').filter(Boolean);
  if (names.length === 0) return;
  await pg.psql(`alter database "${database}" allow_connections true`);
  for (const name of names) {
    for (const what of [`alter subscription "${name}" disable`, `alter subscription "${name}" set (slot_name = none)`, `drop subscription "${name}"`]) await pg.psql(what, database);
  }
}

/** The data directory of a Redis that is stopped. */
export async function redisFileLive({ site, stores, target }: Place): Promise<Live> {
  await fillRedis(site, 'later');
  await site.redis.cli(['save']);
  const file = path.join(target, 'dump.rdb');
  copyFileSync(path.join(site.redis.directory, 'dump.rdb'), file);
  const digest = (content: Buffer) => createHash('sha256').update(content).digest('hex');
  const artifact = artifactOf(stores.volume, idsIn(stores.volume)[0]!);
  return {
    target: { ...redisTargetOf(site), mode: 'rdb-file', directory: target },
    before: digest(readFileSync(file)),
    after: digest(zstdDecompressSync(readFileSync(artifact))),
    // There is no step that changes all files at once: a mark says that they are being changed, and the next run goes on.
    now: async () => existsSync(path.join(target, '.restoring')) ? null : existsSync(file) ? digest(readFileSync(file)) : 'nothing',
    left: async () => existsSync(path.join(target, '.restoring')) ? ['.restoring is left'] : [],
    remove: async () => {},
  };
}

function redisTargetOf({ redisProxy }: Site): RedisTargetConfig {
  return {
    engine: 'redis',
    host: '127.0.0.1',
    port: redisProxy.port,
    user: null,
    passwordEnv: 'REDIS_PASSWORD',
    tls: null,
    mode: 'replication',
    replace: false,
    advertiseHostEnv: null,
    listenPort: 0,
    directory: null,
    safetyBackup: true,
    assertions: [],
  };
}
