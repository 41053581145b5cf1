/* A PostgreSQL server, or one database of it: as a source, and as a target. */

/** Where the server is, and who asks. */
export interface PostgresConnectionConfig {
  readonly engine: 'postgres';
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Environment variable that holds the password; `null` where the server asks for none. */
  readonly passwordEnv: string | null;
  readonly tls: PostgresTlsConfig;
}

export interface PostgresTlsConfig {
  /** libpq's `sslmode`. */
  readonly mode: 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';
  /** PEM file of the certificate authority; `null` means the roots of the system. */
  readonly caFile: string | null;
}

/** The same server, asked by the same role. */
export function postgresConnectionOf({ engine, host, port, user, passwordEnv, tls }: PostgresConnectionConfig): PostgresConnectionConfig {
  return { engine, host, port, user, passwordEnv, tls };
}

export interface PostgresConfig extends PostgresConnectionConfig {
  /** `null`: every database of the server that accepts connections, templates left out. */
  readonly databaseName: string | null;
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

export interface PostgresTargetConfig extends PostgresConnectionConfig {
  /** Name that the application connects to. */
  readonly databaseName: string;
  /** Which database of the backup to restore; `null`: the only one in it, or the one that is called {@link databaseName}. */
  readonly sourceDatabaseName: string | null;
  /**
   * `swap`: restored beside under another name, checked, then renamed; the previous database is kept.
   * `in-place`: objects dropped and made again in one transaction. `new-database`: restored as {@link newName}, and no more.
   */
  readonly mode: 'swap' | 'in-place' | 'new-database';
  /** Name of the database that `new-database` makes; `null` with the other modes. */
  readonly newName: string | null;
  /** More than 1 needs scratch space for the archive, and excludes `in-place` and a single transaction. */
  readonly parallelJobs: number;
  /** Whether what is restored beside is restored in one transaction, which takes a lock for each object; `in-place` always does. */
  readonly singleTransaction: boolean;
  /** Bytes that the server's disk has free for a restore beside, as declared; `null`: nobody has said. */
  readonly targetFreeSpaceBytes: number | null;
  /** `in-place`: whether the present database is stored as an ordinary backup before; with the other modes it is kept itself. */
  readonly safetyBackup: boolean;
  /** Whether roles that are in the backup and not on the server are made. */
  readonly globals: boolean;
  /** SQL that has to return true in the restored database before it goes live. */
  readonly assertions: readonly string[];
}
