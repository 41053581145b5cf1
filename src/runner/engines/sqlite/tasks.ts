/*
 * What the runner and the child process that works on SQLite files say to each other, as JSON.
 */

/** The only argument of the child process. */
export type SqliteTask = SqliteCopyTask | SqliteExamineTask | SqliteHoldTask | SqliteQueryTask;

export interface SqliteCopyTask {
  readonly kind: 'copy';
  readonly source: string;
  /** File to be made with the copy, and the bytes there is room for; `null` to look at the source only. */
  readonly copy: { readonly file: string; readonly roomBytes: number } | null;
  readonly lockTimeoutMs: number;
}

/** To look at a file that nobody else has open. Makes no files beside it. */
export interface SqliteExamineTask {
  readonly kind: 'examine';
  readonly file: string;
  /** SQL that has to return true. */
  readonly assertions: readonly string[];
}

/** To keep everybody else out of a file until the process is killed, its write-ahead log put into it. */
export interface SqliteHoldTask {
  readonly kind: 'hold';
  readonly file: string;
  readonly lockTimeoutMs: number;
}

/** To ask a file that nobody else has open. Makes no files beside it. */
export interface SqliteQueryTask {
  readonly kind: 'query';
  readonly file: string;
  readonly queries: readonly string[];
}

/** What comes out, but for a task that goes on until it is stopped: that says a word once it has the file. */
export interface SqliteOutputs {
  readonly copy: SqliteCopy;
  readonly examine: SqliteExamination;
  /** One for each query. */
  readonly query: readonly SqliteAnswer[];
}

export interface SqliteCopy {
  readonly sqliteVersion: string;
  readonly copied: SqliteExamination | null;
}

export interface SqliteExamination {
  /** What `integrity_check` said; `ok` alone is good. */
  readonly integrity: readonly string[];
  /** Rows by table, as far as they can be counted here. */
  readonly rows: { readonly [table: string]: number };
  readonly warnings: readonly string[];
  /** Assertions that did not return true, with what they returned instead, which may be of a row. */
  readonly failed: readonly { readonly sql: string; readonly value?: string | number | null; readonly error?: string }[];
}

export interface SqliteAnswer {
  /** First column of the first row; `null` if there is none. */
  readonly value?: string | number | null;
  /** Why it could not be run; SQLite quotes no rows in that, but the query. */
  readonly error?: string;
}

/** The last line of its stderr if it failed. */
export type SqliteFailure =
  | { readonly sqliteCode: number; readonly message: string }
  | { readonly neededBytes: number; readonly availableBytes: number };
