/* A SQLite database: as a source, and as a target. */

export interface SqliteConfig {
  readonly engine: 'sqlite';
  /** Absolute path of the database file. */
  readonly path: string;
  /** The copy fails rather than wait longer than this for a lock. */
  readonly lockTimeoutSeconds: number;
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
