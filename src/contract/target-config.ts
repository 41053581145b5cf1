/* Where a backup is restored to: a part of the configs of a restore and of a drill. */
import { PostgresTlsConfig, RedisTlsConfig } from './source-config';

export type TargetConfig = DatabaseTargetConfig | SetTargetConfig | KubernetesTargetConfig;

/** A target that is one database, or one server. */
export type DatabaseTargetConfig = PostgresTargetConfig | RedisTargetConfig | SqliteTargetConfig;

export interface SetTargetConfig {
  readonly engine: 'set';
  /** At least one, by name, in the order in which they are restored; members that are not named are left alone. */
  readonly members: { readonly [member: string]: DatabaseTargetConfig };
}

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
  /** Bytes that the server's disk has free for a restore beside, as declared; `null`: nobody has said. */
  readonly freeBytes: number | null;
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
  /** Where the runner listens for the server; 0: a port that is free, if it can be the same one each time for the same server. */
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

export interface KubernetesTargetConfig {
  readonly engine: 'kubernetes';
  readonly namespace: string;
  /** Whether objects that are there and differ are replaced. What they held is stored as an ordinary backup before. */
  readonly replace: boolean;
}
