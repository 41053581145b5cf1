/*
 * What reading a copy of a backup back has shown. One document for every verification, in the store whose copy was read, under
 * `verificationKey`. Never changed; removed with the backup.
 */

/** Version of the document. Readers refuse every other one by name. */
export const VERIFICATION_VERSION = 1;

export interface VerificationRecord {
  /** Of this document's form. */
  readonly version: typeof VERIFICATION_VERSION;
  /** The backup that was read: `NAME_YYYYMMDD_HHMMSS`. */
  readonly id: string;
  /** Name of the store whose copy was read. */
  readonly store: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** ISO 8601, UTC. */
  readonly finishedAt: string;
  /** Whether the format of every artifact was read to its last byte, beside sizes and digests. */
  readonly formatRead: boolean;
  /** Everything that is wrong with the copy, one sentence each; empty: it is good. */
  readonly faults: readonly string[];
  /** Name of the store whose copy has replaced this one, after which it was read again; `null` if nothing was repaired. */
  readonly repairedFrom: string | null;
  /** Versions of the programs that took part, by program. */
  readonly tools: { readonly [program: string]: string };
}
