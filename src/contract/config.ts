/*
 * The config of the runner: one JSON document in one environment variable of the container.
 *
 * It carries every value, defaults included: the constructs apply them, the runner has none. Units are in the names. Secrets
 * never are in it, only the name of the environment variable or the path of the file that holds them.
 */

/** Environment variable that holds the config. */
export const CONFIG_ENV = 'CDK8S_BACKUP_CONFIG';

/** Version of the document. A runner refuses every other one by name. */
export const CONFIG_VERSION = 1;

export type Config = BackupConfig | RestoreConfig;

/** What one backup run needs to know. */
export interface BackupConfig {
  readonly version: typeof CONFIG_VERSION;
  readonly kind: 'backup';
  /** First part of the name of everything this backup stores, see `layout.ts`. */
  readonly name: string;
  readonly source: SourceConfig;
  /** At least one; their names differ. */
  readonly stores: readonly StoreConfig[];
  readonly compression: CompressionConfig;
  readonly retention: RetentionConfig;
  /** A dump with less than this share of the previous one's bytes is marked suspect; 0 switches the check off, for empty dumps too. */
  readonly suspectBelowPercent: number;
  /** Within this time after its start a run has ended, one way or the other. */
  readonly deadlineSeconds: number;
  readonly scratch: ScratchConfig;
}

export type SourceConfig = PostgresConfig | RedisConfig | SqliteConfig;

export interface PostgresConfig {
  readonly engine: 'postgres';
  readonly host: string;
  readonly port: number;
  /** `null`: every database of the server that accepts connections, templates left out. */
  readonly database: string | null;
  readonly user: string;
  /** Environment variable that holds the password; `null` where the server asks for none. */
  readonly passwordEnv: string | null;
  readonly tls: PostgresTlsConfig;
  /** Patterns in the sense of `pg_dump --schema`; empty means all. */
  readonly includeSchemas: readonly string[];
  readonly excludeSchemas: readonly string[];
  /** Patterns in the sense of `pg_dump --table`; empty means all. */
  readonly includeTables: readonly string[];
  readonly excludeTables: readonly string[];
  /** Whether roles and tablespaces are dumped beside the database. */
  readonly globals: boolean;
  /** The dump fails rather than wait longer than this for a table lock. */
  readonly lockTimeoutSeconds: number;
}

export interface PostgresTlsConfig {
  /** libpq's `sslmode`. */
  readonly mode: 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';
  /** PEM file of the certificate authority; `null` means the roots of the system. */
  readonly caFile: string | null;
}

export interface RedisConfig {
  readonly engine: 'redis';
  readonly host: string;
  readonly port: number;
  /** ACL user; `null` means the default user. */
  readonly user: string | null;
  /** Environment variable that holds the password; `null` where the server asks for none. */
  readonly passwordEnv: string | null;
  /** `null`: no TLS. */
  readonly tls: RedisTlsConfig | null;
}

export interface RedisTlsConfig {
  /** PEM file of the certificate authority; `null` means the roots of the system. */
  readonly caFile: string | null;
}

export interface SqliteConfig {
  readonly engine: 'sqlite';
  /** Absolute path of the database file. */
  readonly path: string;
  /** The copy fails rather than wait longer than this for a lock. */
  readonly lockTimeoutSeconds: number;
}

/** What one restore needs to know. */
export interface RestoreConfig {
  readonly version: typeof CONFIG_VERSION;
  readonly kind: 'restore';
  /** First part of the name of what the backup has stored, see `layout.ts`. */
  readonly name: string;
  readonly target: TargetConfig;
  /** At least one; their names differ. Read in this order: the next one where a copy is missing or damaged. */
  readonly stores: readonly StoreConfig[];
  /** `latest` or an id. */
  readonly backup: string;
  /** ISO 8601: with `latest`, the newest backup that was started at this time or before; `null`: the newest of all. */
  readonly notAfter: string | null;
  /** Stopped before anything in the target changes, in this order, and started again afterwards, in reverse. */
  readonly workloads: readonly WorkloadConfig[];
  /** Asked after the workloads are ready again, until it answers with 2xx; `null`: nothing is asked. */
  readonly healthUrl: string | null;
  /** Within this time after its start a run has ended, one way or the other. */
  readonly deadlineSeconds: number;
  readonly scratch: ScratchConfig;
}

export interface WorkloadConfig {
  readonly kind: 'Deployment' | 'StatefulSet';
  readonly name: string;
  readonly namespace: string;
}

export type TargetConfig = PostgresTargetConfig | RedisTargetConfig | SqliteTargetConfig;

export interface PostgresTargetConfig {
  readonly engine: 'postgres';
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Environment variable that holds the password; `null` where the server asks for none. */
  readonly passwordEnv: string | null;
  readonly tls: PostgresTlsConfig;
  /** Name that the application connects to. */
  readonly database: string;
  /** Which database of the backup to restore; `null`: the only one in it, or the one that is called {@link database}. */
  readonly sourceDatabase: string | null;
  /**
   * `swap`: restored beside under another name, checked, then renamed; the previous database is kept.
   * `in-place`: objects dropped and made again in one transaction. `new-database`: restored as {@link newDatabase}, and no more.
   */
  readonly mode: 'swap' | 'in-place' | 'new-database';
  /** Name of the database that `new-database` makes; `null` with the other modes. */
  readonly newDatabase: string | null;
  /** More than 1 needs scratch space for the archive, and excludes `in-place` and a single transaction. */
  readonly parallelJobs: number;
  /** Whether what is restored beside is restored in one transaction, which takes a lock for each object; `in-place` always does. */
  readonly singleTransaction: boolean;
  /** `in-place`: whether the present database is stored as an ordinary backup before; with the other modes it is kept itself. */
  readonly safetyBackup: boolean;
  /** Whether roles that are in the backup and not on the server are made. */
  readonly globals: boolean;
  /** SQL that has to return true in the restored database before it goes live. */
  readonly assertions: readonly string[];
}

export interface RedisTargetConfig {
  readonly engine: 'redis';
  readonly host: string;
  readonly port: number;
  /** ACL user; `null` means the default user. */
  readonly user: string | null;
  /** Environment variable that holds the password; `null` where the server asks for none. */
  readonly passwordEnv: string | null;
  /** `null`: no TLS. */
  readonly tls: RedisTlsConfig | null;
  /**
   * `replication`: the server loads the snapshot from the runner. `keys`: each key is written for itself, for servers that are no
   * replica of anybody. `file`: `dump.rdb` of a stopped server.
   */
  readonly method: 'replication' | 'keys' | 'file';
  /** Whether `keys` may go over what the server holds, which is not one step; the others replace it in any case. */
  readonly replace: boolean;
  /** Environment variable that holds the address under which the server reaches the runner; `null`: that of its connection to the server. */
  readonly advertiseHostEnv: string | null;
  /** Where the runner listens for the server; 0: any free port. */
  readonly listenPort: number;
  /** Absolute path of the server's data directory, for `file`; `null` with the other methods. */
  readonly directory: string | null;
  /** Whether the present data set is stored as an ordinary backup before it is replaced. */
  readonly safetyBackup: boolean;
  /** What has to be there after loading. */
  readonly assertions: readonly RedisAssertionConfig[];
}

export interface RedisAssertionConfig {
  /** As `SCAN MATCH` takes it. */
  readonly pattern: string;
  readonly leastKeys: number;
}

export interface SqliteTargetConfig {
  readonly engine: 'sqlite';
  /** Absolute path of the database file. */
  readonly path: string;
  /** The restore fails rather than wait longer than this for the file to be free. */
  readonly lockTimeoutSeconds: number;
  /** Whether the file that was there is kept beside, for a rollback. */
  readonly keepPrevious: boolean;
  /** SQL that has to return true in the restored database before it goes live. */
  readonly assertions: readonly string[];
}

export type StoreConfig = S3StoreConfig | FolderStoreConfig;

export interface S3StoreConfig {
  readonly type: 's3';
  /** How messages and records name this store; unique within a config. */
  readonly name: string;
  readonly bucket: string;
  /** Without a slash at either end; empty means the top of the bucket. */
  readonly prefix: string;
  /** `null`: taken from {@link regionEnv}. */
  readonly region: string | null;
  /** Environment variable that holds the region where {@link region} is `null`. */
  readonly regionEnv: string | null;
  /** URL of an S3-compatible service; `null` means AWS. */
  readonly endpoint: string | null;
  /** Whether the bucket is addressed in the path rather than in the host name. */
  readonly pathStyle: boolean;
  /** `null`: the SDK's own chain, which finds a workload identity. */
  readonly credentials: S3CredentialsConfig | null;
  /** `null`: whatever the bucket's own default is. */
  readonly encryption: S3EncryptionConfig | null;
  /** `null`: the service's default class. */
  readonly storageClass: string | null;
  /** Whether the SDK may add checksums that some S3-compatible services refuse. */
  readonly checksums: 'auto' | 'required-only';
  /** Most parts that the service takes for one object: 10,000 on AWS, 1,000 on some others. */
  readonly maxParts: number;
}

export interface S3CredentialsConfig {
  readonly accessKeyIdEnv: string;
  readonly secretAccessKeyEnv: string;
  /** Environment variable of the session token of temporary credentials. */
  readonly sessionTokenEnv: string | null;
}

export interface S3EncryptionConfig {
  readonly algorithm: 'AES256' | 'aws:kms';
  /** Key for `aws:kms`; `null` means the bucket's default key. */
  readonly kmsKeyId: string | null;
}

export interface FolderStoreConfig {
  readonly type: 'folder';
  /** How messages and records name this store; unique within a config. */
  readonly name: string;
  /** Absolute path of an existing directory. */
  readonly directory: string;
}

export interface CompressionConfig {
  readonly algorithm: 'zstd' | 'gzip' | 'none';
  /** 1 to 19 for zstd, 1 to 9 for gzip, 0 for none. */
  readonly level: number;
}

/** A backup is kept if any of these keeps it. Where age and number are both `null`, every backup is. */
export interface RetentionConfig {
  /** Backups younger than this are kept; `null`: age keeps none. */
  readonly keepHours: number | null;
  /** This many newest backups are kept; `null`: their number keeps none. */
  readonly keepLast: number | null;
  /** Never fewer than this many backups are left, however old they are. */
  readonly keepAtLeast: number;
}

export interface ScratchConfig {
  /** Where temporary files go. */
  readonly directory: string;
  /** Size limit of the volume behind it; `null`: none but the disk's own. */
  readonly limitBytes: number | null;
}

/**
 * Renders `config` as the value of {@link CONFIG_ENV} in a pod spec.
 *
 * Kubernetes reads `$(NAME)` in env values as a reference and `$$` as a plain `$`, so every `$` is doubled.
 */
export function renderConfig(config: Config): string {
  return JSON.stringify(config).split('$').join('$$');
}

/** What the container sees of an env value that stands in a pod spec: undoes the doubling of {@link renderConfig}. */
export function unescapeEnvValue(value: string): string {
  return value.split('$$').join('$');
}
