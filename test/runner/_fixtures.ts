import { PassThrough } from 'node:stream';
import { BackupConfig, CONFIG_VERSION, PostgresConfig, S3StoreConfig } from '../../src/contract/config';
import { BackupRecord, RECORD_VERSION, RecordedArtifact } from '../../src/contract/record';

/** The smallest config that is right. */
export function aConfig(changes: Partial<BackupConfig> = {}): BackupConfig {
  return {
    version: CONFIG_VERSION,
    kind: 'backup',
    namespace: 'shop',
    name: 'app',
    source: { engine: 'sqlite', path: '/data/app.db', lockTimeoutSeconds: 10 },
    stores: [{ type: 'folder', name: 'volume', directory: '/backups', folder: null }],
    compression: { algorithm: 'zstd', level: 3 },
    retention: {
      keepHours: 168, keepLast: null, keepHourly: null, keepDaily: null, keepWeekly: null, keepMonthly: null, keepYearly: null, keepAtLeast: 3,
    },
    pruneAfterBackup: false,
    verify: { olderPercent: 0, repair: false },
    encryption: null,
    pushgatewayUrl: null,
    suspectBelowPercent: 50,
    activeDeadlineSeconds: 3600,
    scratch: { directory: '/tmp', limitBytes: null },
    ...changes,
  };
}

/** The smallest source that is a PostgreSQL server. */
export function aPostgresSource(changes: Partial<PostgresConfig> = {}): PostgresConfig {
  return {
    engine: 'postgres',
    host: 'db',
    port: 5432,
    databaseName: 'shop',
    user: 'backup',
    passwordEnv: null,
    tls: { mode: 'prefer', caFile: null },
    includeSchemas: [],
    excludeSchemas: [],
    includeTables: [],
    excludeTables: [],
    globals: true,
    lockTimeoutSeconds: 60,
    ...changes,
  };
}

export function anArtifact(id: string, changes: Partial<RecordedArtifact> = {}): RecordedArtifact {
  return {
    file: `${id}.db.zst`,
    role: 'data',
    database: null,
    bytes: 3,
    sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', // of "abc"
    compression: { algorithm: 'zstd', level: 3, where: 'outside' },
    plainBytes: 100,
    counts: { precision: 'exact', unit: 'rows', items: { t: 3 } },
    ...changes,
  };
}

/** A record of `app` unless the id says otherwise. */
export function aRecord(id: string, changes: Partial<BackupRecord> = {}): BackupRecord {
  return {
    version: RECORD_VERSION,
    id,
    name: id.slice(0, -16),
    source: { engine: 'sqlite', serverVersion: '3.53.4', address: '/data/app.db', database: null },
    startedAt: '2026-11-22T02:00:00.000Z',
    finishedAt: '2026-11-22T02:00:05.000Z',
    tools: { 'cdk8s-backup': '0.1.0' },
    artifacts: [anArtifact(id)],
    stores: ['volume'],
    suspect: null,
    ...changes,
  };
}

/** A stream that keeps what was written to it, as a text. */
export function capture(): PassThrough & { text(): string } {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return Object.assign(stream, { text: () => Buffer.concat(chunks).toString('utf8') });
}

/** A bucket on AWS, as the constructs write it by default. */
export function anS3Store(changes: Partial<S3StoreConfig> = {}): S3StoreConfig {
  return {
    type: 's3',
    name: 'offsite',
    bucketName: 'backups',
    prefix: '',
    region: 'us-east-1',
    regionEnv: null,
    endpoint: null,
    pathStyle: false,
    credentials: null,
    encryption: null,
    storageClass: null,
    checksums: 'auto',
    maxParts: 10_000,
    objectLock: null,
    ...changes,
  };
}
