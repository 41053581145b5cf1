import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { BackupConfig, CONFIG_VERSION, DRILL_DATABASE, DrillConfig, PostgresTargetConfig, RedisTargetConfig } from '../../../src/contract/config';
import { DrillRecord } from '../../../src/contract/drill-record';
import { DRILL_SUFFIX } from '../../../src/contract/layout';
import { BackupRecord } from '../../../src/contract/record';
import { readDrills } from '../../../src/runner/catalog/history';
import { FolderStore } from '../../../src/runner/stores/folder/store';
import { Ended, run, RunOptions } from '../_runner';
import { databasesOf } from '../restore/_postgres';
import { artifactOf } from '../restore/_restore';
import { tempDir } from '../servers/_process';
import { PostgresServer } from '../servers/postgres';
import { RedisServer } from '../servers/redis';

/** A drill of a backup, with every value that the tests at hand do not care about. There is nothing of the production server in it. */
export function drillOf(backup: BackupConfig, target: DrillConfig['target'], changes: Partial<DrillConfig> = {}): DrillConfig {
  return {
    version: CONFIG_VERSION,
    kind: 'drill',
    namespace: 'shop',
    name: backup.name,
    member: null,
    target,
    stores: backup.stores,
    tablesThatMayBeEmpty: [],
    dataBytes: null,
    freshness: [],
    rtoSeconds: null,
    serverStartTimeoutSeconds: 20,
    keepDrills: 100,
    decryption: null,
    pushgatewayUrl: null,
    activeDeadlineSeconds: 120,
    scratch: { directory: tempDir('scratch'), limitBytes: null },
    ...changes,
  };
}

export function postgresTarget(
  server: Pick<PostgresServer, 'port'>, database: string, changes: Partial<PostgresTargetConfig> = {},
): PostgresTargetConfig {
  return {
    engine: 'postgres',
    host: '127.0.0.1',
    port: server.port,
    user: 'postgres',
    passwordEnv: 'SCRATCH_PASSWORD',
    tls: { mode: 'disable', caFile: null },
    databaseName: database,
    sourceDatabaseName: null,
    mode: 'new-database',
    newName: DRILL_DATABASE,
    parallelJobs: 1,
    globals: true,
    singleTransaction: false,
    targetFreeSpaceBytes: null,
    safetyBackup: false,
    assertions: [],
    ...changes,
  };
}

export function redisTarget(server: Pick<RedisServer, 'port'>, changes: Partial<RedisTargetConfig> = {}): RedisTargetConfig {
  return {
    engine: 'redis',
    host: '127.0.0.1',
    port: server.port,
    user: null,
    passwordEnv: null,
    tls: null,
    mode: 'replication',
    advertiseHostEnv: null,
    listenPort: 0,
    directory: null,
    safetyBackup: false,
    replace: false,
    assertions: [],
    ...changes,
  };
}

export interface Drilled extends Ended {
  /** What was written into the first store, as readers read it. */
  readonly record: DrillRecord;
}

/** Runs a drill, and reads the record that it has left: whatever happens, there is one more than before. */
export async function drill(config: DrillConfig, options: Omit<RunOptions, 'config'> = {}): Promise<Drilled> {
  const directory = directoryOf(config);
  const before = (await drillsIn(directory)).length;
  const ended = await run(['drill'], { config, ...options });
  const after = await drillsIn(directory);
  if (after.length !== before + 1) throw new Error(`there are ${after.length} drills after ${before}:\n${ended.stderr}`);
  return { ...ended, record: after.at(-1)! };
}

/** The history in a folder, oldest first. */
export async function drillsIn(directory: string): Promise<DrillRecord[]> {
  const keys = readdirSync(directory).filter(key => key.endsWith(DRILL_SUFFIX));
  const { found, unreadable } = await readDrills(keys, new FolderStore({ type: 'folder', name: 'volume', directory, folder: null }), AbortSignal.timeout(5000));
  expect(unreadable).toEqual([]);
  return found.map(({ document }) => document);
}

function directoryOf({ stores: [store] }: DrillConfig): string {
  if (store?.type !== 'folder') throw new Error('the first store is no folder');
  return store.directory;
}

/** Plants an artifact of which the record says that all is well: what was wrong when it was taken. */
export function plant(directory: string, id: string, content: Buffer): void {
  const file = artifactOf(directory, id);
  const sha256 = createHash('sha256').update(content).digest('hex');
  writeFileSync(file, content);
  const recordFile = path.join(directory, `${id}.json`);
  const record = JSON.parse(readFileSync(recordFile, 'utf8')) as BackupRecord;
  const bytes = content.length;
  const artifacts = record.artifacts.map(artifact => artifact.file !== path.basename(file) ? artifact
    : { ...artifact, bytes, sha256, plainBytes: artifact.plainBytes === artifact.bytes ? bytes : artifact.plainBytes });
  writeFileSync(recordFile, JSON.stringify({ ...record, artifacts }));
}

/** Of a drill, in its scratch server. */
export async function nothingIsLeft(server: PostgresServer): Promise<void> {
  expect(await databasesOf(server)).toEqual([]);
  expect(await server.psql('select rolname from pg_roles where rolname !~ \'^pg_\'')).toBe('postgres');
}
