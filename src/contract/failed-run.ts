/*
 * What a backup run that failed leaves in the stores that it can still write, under `NAME_YYYYMMDD_HHMMSS.failed.json`: so that whoever
 * looks at the stores alone sees that there was a run, and why there is no backup of it. It has no secret in it.
 */

/** Version of the document. Readers ignore every other one: it is a hint, not a backup. */
export const FAILED_RUN_VERSION = 1;

export interface FailedRun {
  /** Of this document's form. */
  readonly version: typeof FAILED_RUN_VERSION;
  /** Name of the backups. */
  readonly name: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** ISO 8601, UTC. */
  readonly finishedAt: string;
  /** Of the runner. */
  readonly exitCode: number;
  /** It says what happened, to what, and what to do next. */
  readonly message: string;
}
