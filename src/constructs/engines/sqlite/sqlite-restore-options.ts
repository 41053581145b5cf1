/** Options for `RestoreMode.sqliteReplaceFile()`. */
export interface SqliteRestoreOptions {
  /**
   * Keep the file that was there, beside the restored one, for a rollback.
   *
   * @default true
   */
  readonly keepPrevious?: boolean;

  /**
   * SQL that has to return true in the restored database before it goes live, such as `SELECT count(*) > 0 FROM users`.
   *
   * @default - none: integrity, foreign keys and the rows of the record are checked anyway
   */
  readonly assertions?: string[];
}
