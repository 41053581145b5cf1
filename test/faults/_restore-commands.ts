import { createHash } from 'node:crypto';
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Command, Scene } from './_command';
import { filesIn } from './_invariants';
import { fillRedis, Kind, Place, redisDigest } from './_place';
import { Site } from './_site';
import { PostgresTargetConfig, RedisTargetConfig, RestoreConfig, SqliteTargetConfig, TargetConfig } from '../../src/contract/config';
import { Ended, run } from '../integration/_runner';
import { targetOf } from '../integration/restore/_postgres';
import { restoreOf } from '../integration/restore/_restore';
import { until } from '../integration/servers/_process';

/* Commands that change a live database: whatever dies, it is exactly what it was, or exactly the backup. */

/** A live database. */
interface Live {
  readonly target: TargetConfig;
  /** What it holds before the restore, and afterwards. */
  readonly before: string;
  readonly after: string;
  /** What it holds now; `null` for a mixture that the server itself says it is. */
  now(): Promise<string | null>;
  /** What a restore may not leave, once one has ended well. */
  left(): Promise<readonly string[]>;
  remove(): Promise<void>;
}

type MakeLive = (place: Place) => Promise<Live>;

const DETAILS: { readonly [kind in Kind]?: Pick<Command, 'links' | 'children' | 'writes'> } = {
  sealed: { links: ['s3'], children: true, writes: ['scratch', 'target'] },
  redis: { links: ['s3', 'redis'], children: false, writes: ['scratch', 'volume'] },
  postgres: { links: ['s3', 'postgres'], children: true, writes: ['scratch'] },
};

export const RESTORE_COMMANDS: readonly Command[] = [
  restoring('restore sqlite', 'sealed', sqliteLive),
  restoring('restore redis', 'redis', place => redisLive(place, {})),
  restoring('restore redis keys', 'redis', place => redisLive(place, { method: 'keys', replace: true })),
  restoring('restore postgres', 'postgres', place => postgresLive(place, {})),
  restoring('restore postgres in place', 'postgres', place => postgresLive(place, { mode: 'in-place' })),
  rollingBack('rollback sqlite', 'sealed', sqliteLive),
  rollingBack('rollback postgres', 'postgres', place => postgresLive(place, {})),
  discarding('discard sqlite', 'sealed', sqliteLive),
  discarding('discard postgres', 'postgres', place => postgresLive(place, {})),
];

function restoring(name: string, kind: Kind, makeLive: MakeLive): Command {
  return {
    name,
    kind,
    ...DETAILS[kind]!,
    deadline: true,
    prepare: async place => {
      const live = await makeLive(place);
      return scene(place, live, ['restore', '--yes'], (ended, last) => checkRestored(live, ended, last));
    },
  };
}

function scene(place: Place, live: Live, args: readonly string[], check: NonNullable<Scene['check']>): Scene {
  const { config, options, site } = place;
  const restore: RestoreConfig = { ...restoreOf(config, live.target), deadlineSeconds: 60, decryption: { identityFile: site.files.identity } };
  return { args, options: { ...options, config: restore }, check, remove: live.remove };
}

/** Exactly old, or exactly new; and what is said of it is true. */
async function checkRestored(live: Live, { code, message }: Ended, last: boolean): Promise<string[]> {
  const now = await live.now();
  if (last || code === 0) return [...now === live.after ? [] : ['the restore ended well, and what is live is not the backup'], ...last ? await live.left() : []];
  if (now === null) return [];
  if (now !== live.before && now !== live.after) return [`what is live is neither what it was nor the backup: ${now}`];
  return now !== live.before && /is as it was|Nothing was changed/.test(message) ? ['it says that what is live is as it was, and it is the backup'] : [];
}

/** A rollback after a restore. What it replaces is kept, so each that ends well changes sides once more. */
function rollingBack(name: string, kind: Kind, makeLive: MakeLive): Command {
  return {
    name,
    kind,
    ...DETAILS[kind]!,
    deadline: true,
    prepare: async place => {
      const live = await makeLive(place);
      const prepared = scene(place, live, ['rollback', '--yes'], check);
      await restoreBefore(prepared);
      let disturbed: string | null = null;
      async function check({ code }: Ended, last: boolean): Promise<string[]> {
        const now = await live.now();
        if (now !== live.before && now !== live.after) return [`what is live is neither what it was nor the backup: ${now}`];
        if (last) return [...now === disturbed ? ['a second rollback changes nothing'] : [], ...await live.left()];
        disturbed = now;
        return code === 0 && now !== live.before ? ['the rollback ended well, and what is live is not what was there before'] : [];
      }
      return prepared;
    },
  };
}

function discarding(name: string, kind: Kind, makeLive: MakeLive): Command {
  return {
    name,
    kind,
    ...DETAILS[kind]!,
    deadline: false,
    prepare: async place => {
      const live = await makeLive(place);
      const prepared = scene(place, live, ['discard', '--yes'], async (_ended, last) => [
        ...await live.now() === live.after ? [] : ['what is live has changed'], ...last ? await live.left() : [],
      ]);
      await restoreBefore(prepared);
      return { ...prepared, doneAlready: [15] };
    },
  };
}

async function restoreBefore({ options }: Scene): Promise<void> {
  const ended = await run(['restore', '--yes'], options);
  if (ended.code !== 0) throw new Error(`the restore to begin with ended with ${ended.code}:\n${ended.stderr}`);
}

async function sqliteLive({ target, site: { files } }: Place): Promise<Live> {
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

function rowsOf(file: string): string {
  try {
    const database = new DatabaseSync(file, { readOnly: true });
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

async function redisLive({ site }: Place, changes: Partial<RedisTargetConfig>): Promise<Live> {
  redisDigests.good ??= await fillRedis(site, 'good');
  const before = await fillRedis(site, 'later');
  const target: RedisTargetConfig = {
    engine: 'redis',
    host: '127.0.0.1',
    port: site.redisProxy.port,
    user: null,
    passwordEnv: 'REDIS_PASSWORD',
    tls: null,
    method: 'replication',
    replace: false,
    advertiseHostEnv: null,
    listenPort: 0,
    directory: null,
    safetyBackup: true,
    assertions: [],
    ...changes,
  };
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

async function postgresLive({ site }: Place, changes: Partial<PostgresTargetConfig>): Promise<Live> {
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
  for (const name of names) await pg.psql(`drop database "${name}" with (force)`);
}
