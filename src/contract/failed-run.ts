/*
 * What a backup run that failed leaves in the stores that it can still write, under `NAME_YYYYMMDD_HHMMSS.failed.json`: so that whoever
 * looks at the stores alone sees that there was a run, and why there is no backup of it. It has no secret in it.
 */

/** Version of the document. Readers ignore every other one: it is a hint, not a backup. */
export const FAILED_RUN_VERSION = 1;

export interface FailedRun {
  readonly version: typeof FAILED_RUN_VERSION;
  readonly name: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** ISO 8601, UTC. */
  readonly finishedAt: string;
  /** Of the runner, see `exit-code.ts`. */
  readonly exitCode: number;
  readonly message: string;
}
