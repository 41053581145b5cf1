import { Size } from 'cdk8s';

/** What all ways to restore PostgreSQL have in common. */
export interface PostgresRestoreOptions {
  /**
   * The database that the application connects to.
   *
   * @default - that of the source; must be given where the source is all databases of a server
   */
  readonly databaseName?: string;

  /**
   * Which database of the backup is restored.
   *
   * @default - the only one in it, or the one that is called `databaseName`
   */
  readonly sourceDatabaseName?: string;

  /**
   * Make roles that are in the backup and not on the server. Roles that are there are left alone; differences are reported.
   *
   * @default - as the source has it
   */
  readonly globals?: boolean;

  /**
   * SQL that has to return true in the restored database before it goes live, such as `SELECT count(*) > 0 FROM users`.
   *
   * @default - none: what the record says about objects and rows is checked anyway
   */
  readonly assertions?: string[];
}

/** Options for `RestoreMode.postgresInPlace()`. */
export interface PostgresInPlaceRestoreOptions extends PostgresRestoreOptions {
  /**
   * Store the present database as an ordinary backup before anything in it changes: there is no other way back.
   *
   * @default true
   */
  readonly safetyBackup?: boolean;
}

/** Options for `RestoreMode.postgresSwap()` and `RestoreMode.postgresNewDatabase()`. */
export interface PostgresParallelRestoreOptions extends PostgresRestoreOptions {
  /**
   * How many tables and indexes are restored at a time, 1 to 64. More than one needs the whole archive in a file, so set `scratchSize` to
   * more than its size; one reads it as a stream.
   *
   * @default 1
   */
  readonly parallelJobs?: number;

  /**
   * Restore in one transaction. It holds a lock on every object until it ends: with many thousands of them the server's
   * `max_locks_per_transaction` has to be raised. Not together with several `parallelJobs`.
   *
   * @default false: a failure leaves a database beside that is dropped, and the live one as it was
   */
  readonly singleTransaction?: boolean;

  /**
   * How much the disk of the server's data has free for the restored database: all that is free, less the server's `max_wal_size` where
   * write-ahead log is on the same disk, which a disk that gets full would stop. A restore that needs more is refused before anything
   * happens, and one that grows beyond it is stopped, and what it has made is dropped. Sizes are asked for twice a second. Temporary files
   * of the server are not counted.
   *
   * @default - not declared: SQL can't ask how much is free, so a restore goes on until the disk is full
   */
  readonly targetFreeSpace?: Size;
}
