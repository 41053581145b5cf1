import { execFile } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { Site } from './_site';
import { BackupConfig, FolderStoreConfig } from '../../src/contract/config';
import { configOf, postgres, redis, sqlite } from '../integration/_configs';
import { run, RunOptions } from '../integration/_runner';
import { policy } from '../integration/retention/_history';
import { tempDir } from '../integration/servers/_process';
import { s3Store } from '../integration/servers/_s3';

/** What is backed up. */
export type Kind = 'sqlite' | 'sealed' | 'large' | 'redis' | 'postgres' | 'set' | 'nights';

/** Backups that are there before a round: how many days ago each was taken. */
const DAYS: { readonly [kind in Kind]: readonly number[] } = {
  sqlite: [2, 1], sealed: [2, 1], large: [1], redis: [1], postgres: [1], set: [1], nights: [6, 5, 4, 3, 2, 1],
};
/** Of `nights`, a prune removes all but the last four. */
export const NIGHTS_KEPT = 4;
/** Name of the backup, and of its folder in both stores. */
const NAME = 'app';
export const S3_PREFIX = `db/nightly/${NAME}`;

/** Directories and a bucket of one round, with older backups in both stores. */
export interface Place {
  readonly kind: Kind;
  readonly site: Site;
  readonly bucket: string;
  /** Where the objects of the bucket are files. */
  readonly bucketDirectory: string;
  /** By name of the store, where its files are. */
  readonly stores: { readonly offsite: string; readonly volume: string };
  readonly scratch: string;
  /** For files that are restored, or fetched. */
  readonly target: string;
  readonly config: BackupConfig;
  readonly options: RunOptions;
  remove(): void;
}

interface Template {
  readonly bucketDirectory: string;
  readonly folder: string;
}

const templates = new Map<Kind, Promise<Template>>();
let count = 0;

/** A place with its older backups, the same for every round of its kind. */
export async function makePlace(kind: Kind, site: Site): Promise<Place> {
  let template = templates.get(kind);
  if (!template) templates.set(kind, template = makeTemplate(kind, site));
  const { bucketDirectory, folder: volume } = await template;
  const place = emptyPlace(kind, site);
  if (kind === 'redis' || kind === 'set') await fillRedis(site, 'good');
  mkdirSync(place.stores.volume);
  // With the attributes in which the server keeps what it knows of an object.
  await promisify(execFile)('cp', ['-a', `${bucketDirectory}/.`, place.bucketDirectory]);
  await promisify(execFile)('cp', ['-a', `${volume}/.`, place.stores.volume]);
  return place;
}

async function makeTemplate(kind: Kind, site: Site): Promise<Template> {
  const place = emptyPlace(kind, site);
  rmSync(place.bucketDirectory, { recursive: true });
  await site.s3.makeBucket(place.bucket);
  if (kind === 'redis' || kind === 'set') await fillRedis(site, 'good');
  for (const days of DAYS[kind]) {
    const ended = await run(['backup'], {
      ...place.options,
      through: ['faketime', '-f', `-${days}d`],
      env: { ...place.options.env, FAKETIME_DONT_FAKE_MONOTONIC: '1' },
    });
    if (ended.code !== 0) throw new Error(`no backup to begin with:\n${ended.stderr}`);
  }
  return { bucketDirectory: place.bucketDirectory, folder: place.stores.volume };
}

function emptyPlace(kind: Kind, site: Site): Place {
  const bucket = `${kind}-${++count}`;
  const bucketDirectory = path.join(site.s3.dataDirectory, bucket);
  mkdirSync(bucketDirectory);
  const directory = tempDir('place');
  const [root, scratch, target] = ['volume', 'scratch', 'target'].map(name => path.join(directory, name)) as [string, string, string];
  for (const each of [root, scratch, target]) mkdirSync(each);
  const volume: FolderStoreConfig = { type: 'folder', name: 'volume', directory: root, folder: NAME };
  const { config: store } = s3Store({ ...site.s3, endpoint: site.s3Proxy.endpoint }, bucket, { prefix: S3_PREFIX });
  const config = configOf({
    name: NAME,
    source: sourceOf(kind, site),
    stores: [store, volume],
    scratch: { directory: scratch, limitBytes: null },
    activeDeadlineSeconds: 60,
    ...kind === 'sealed' && { encryption: { recipients: [site.files.recipient] } },
    ...kind === 'large' && { compression: { algorithm: 'none', level: 0 } },
    ...kind === 'nights' && {
      retention: policy({ keepLast: NIGHTS_KEPT }),
    },
  });
  return {
    kind,
    site,
    bucket,
    bucketDirectory,
    stores: { offsite: path.join(bucketDirectory, S3_PREFIX), volume: path.join(root, NAME) },
    scratch,
    target,
    config,
    options: { config, env: site.env },
    remove: () => {
      rmSync(directory, { recursive: true, force: true });
      rmSync(bucketDirectory, { recursive: true, force: true });
    },
  };
}

function sourceOf(kind: Kind, site: Site): BackupConfig['source'] {
  const members = {
    files: sqlite(site.files.small),
    cache: redis({ host: '127.0.0.1', port: site.redisProxy.port }, { passwordEnv: 'REDIS_PASSWORD' }),
    db: postgres({ ...site.pg, port: site.pgProxy.port }, 'shop', { tls: { mode: 'disable', caFile: null } }),
  };
  switch (kind) {
    case 'large': return sqlite(site.files.large);
    case 'redis': return members.cache;
    case 'postgres': return members.db;
    case 'set': return { engine: 'set', members } as BackupConfig['source'];
    default: return members.files;
  }
}

/** What Redis holds when it is backed up, or what the application has made of it since. */
export async function fillRedis({ redis: server }: Site, state: 'good' | 'later'): Promise<string> {
  await server.cli(['replicaof', 'no', 'one']);
  await server.cli(['flushall']);
  await server.cli(['eval', `
    for i = 1, ${state === 'good' ? 400 : 350} do redis.call('set', 'key:' .. i, string.rep(i .. '${state}-', 20)) end
    for i = 1, 100 do
      redis.call('hset', 'hash', 'field' .. i, i .. '${state}')
      redis.call('rpush', 'list', i)
      redis.call('zadd', 'sorted', i, 'm' .. i)
    end
    redis.call('set', '${state}', 'x')
    redis.call('select', 3)
    redis.call('set', 'elsewhere', '${state}')
    return 'OK'`, '0']);
  return redisDigest({ redis: server });
}

export function redisDigest({ redis: server }: Pick<Site, 'redis'>): Promise<string> {
  return server.cli(['debug', 'digest']);
}
