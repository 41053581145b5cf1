import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { BackupConfig, RetentionConfig, StoreConfig } from '../../../src/contract/config';
import { backupId, CHECKSUM_SUFFIX, formatChecksums, RECORD_SUFFIX } from '../../../src/contract/layout';
import { BackupRecord, RECORD_VERSION } from '../../../src/contract/record';
import { renderRecord } from '../../../src/runner/catalog/record';
import { createReporter } from '../../../src/runner/core/reporter';
import { PATIENCE } from '../../../src/runner/store-api/service';
import { Store } from '../../../src/runner/store-api/store';
import { openStore } from '../../../src/runner/stores/open';
import { openS3 } from '../../../src/runner/stores/s3/client';
import { capture } from '../../runner/_fixtures';
import { all } from '../../runner/stores/_bodies';
import { configOf, redis } from '../_configs';

/* Backups as a run leaves them, at times of the test's choice: real records, real digests, and snapshots that can be read. */

export const DAY_MS = 86_400_000;
const never = new AbortController().signal;

/** A policy; what is not said keeps nothing. */
export function policy(changes: Partial<RetentionConfig>): RetentionConfig {
  return {
    keepHours: null,
    keepLast: null,
    keepHourly: null,
    keepDaily: null,
    keepWeekly: null,
    keepMonthly: null,
    keepYearly: null,
    keepAtLeast: 3,
    ...changes,
  };
}

/** The config of a Redis backup: what its snapshots look like is known to the byte. */
export function redisConfig(stores: BackupConfig['stores'], retention: Partial<RetentionConfig>, changes: Partial<BackupConfig> = {}): BackupConfig {
  return configOf({ source: redis({ host: 'localhost', port: 1 }), stores, retention: policy(retention), ...changes });
}

/** Opens the stores of a config, for looking into them and for {@link writeBackup}. */
export function open({ stores }: Pick<BackupConfig, 'stores'>, env: NodeJS.ProcessEnv): Store[] {
  return stores.map(config => {
    const store = openStore(config, env);
    writers.set(store, writerFor(config, env));
    return store;
  });
}

type Writer = (key: string, content: Buffer | string) => Promise<unknown>;

/**
 * What is only the background of a test is written by one request for each file, and not synced. The program asks before and after it whether
 * the file is there, which costs four times as much.
 */
const writers = new WeakMap<Store, Writer>();

function writerFor(config: StoreConfig, env: NodeJS.ProcessEnv): Writer {
  if (config.type === 's3') {
    const { client, bucket, keyPrefix } = openS3(config, env, PATIENCE);
    return (key, content) => client.send(new PutObjectCommand({ Bucket: bucket, Key: keyPrefix + key, Body: content }));
  }
  if (config.type === 'azure') throw new Error('no test writes a history there');
  return (key, content) => writeFile(path.join(config.directory, config.folder ?? '', key), content, { flag: 'wx' });
}

/** The smallest snapshot that is whole: a header, something in it, the end marker, and no checksum. */
export function snapshot(content: string): Buffer {
  return Buffer.concat([Buffer.from(`REDIS0011${content}`), Buffer.from([0xff, 0, 0, 0, 0, 0, 0, 0, 0])]);
}

export interface WriteOptions {
  readonly name?: string;
  readonly suspect?: string | null;
  /** What is in the artifact instead of a snapshot. */
  readonly content?: Buffer;
}

/** Writes the backup of this time into all stores; through them, record last, unless {@link open} has opened them. */
export async function writeBackup(at: Date, stores: readonly Store[], { name = 'app', suspect = null, content }: WriteOptions = {}): Promise<string> {
  const id = backupId(name, at);
  const bytes = content ?? snapshot(id);
  const artifact = {
    file: `${id}.rdb`,
    role: 'data',
    database: null,
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    compression: { algorithm: 'none', level: 0, where: 'outside' },
    plainBytes: bytes.length,
    counts: null,
  } as const;
  const record: BackupRecord = {
    version: RECORD_VERSION,
    id,
    name,
    source: { engine: 'redis', serverVersion: '7.0.15', address: 'localhost:1', database: null },
    startedAt: at.toISOString(),
    finishedAt: new Date(at.getTime() + 5000).toISOString(),
    tools: { 'cdk8s-backup': '0.1.0' },
    artifacts: [artifact],
    stores: stores.map(store => store.name),
    suspect,
  };
  const checksums = formatChecksums([artifact]);
  await Promise.all(stores.map(async store => {
    const write = writers.get(store);
    if (write !== undefined) {
      await Promise.all([write(artifact.file, bytes), write(id + CHECKSUM_SUFFIX, checksums), write(id + RECORD_SUFFIX, renderRecord(record))]);
      return;
    }
    await store.put(artifact.file, Readable.from([bytes]), null, never);
    await store.put(id + CHECKSUM_SUFFIX, Readable.from([Buffer.from(checksums)]), null, never);
    await store.create(id + RECORD_SUFFIX, renderRecord(record), never);
  }));
  return id;
}

/** Nightly backups at 02:00, `count` of them, the last one `daysAgo` days before today; oldest first. */
export async function writeNights(count: number, daysAgo: number, stores: readonly Store[], options: WriteOptions = {}): Promise<string[]> {
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  // Yesterday's counts as today's: the test may run before two.
  const times = Array.from({ length: count }, (_, i) => new Date(today - (daysAgo + count - i) * DAY_MS + 2 * 3_600_000));
  return Promise.all(times.map(at => writeBackup(at, stores, options)));
}

/** Keys of all objects in a store, or of those under a prefix. */
export async function keysIn(store: Store, prefix = ''): Promise<string[]> {
  return (await all(store.list(prefix, never))).map(({ key }) => key);
}

/** Ids of all records of a name in a store. */
export async function recordsIn(store: Store, name = 'app'): Promise<string[]> {
  const records = new RegExp(`^(${name}_\\d{8}_\\d{6})\\.json$`);
  return (await keysIn(store, `${name}_`)).flatMap(key => records.exec(key)?.[1] ?? []);
}

/** What a command gets, for calling it here rather than in a process: the clock is then an argument. */
export function contextOf(config: BackupConfig) {
  return { config, reporter: createReporter(capture()), signal: never };
}
