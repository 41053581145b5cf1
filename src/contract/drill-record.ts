/*
 * The history of restore drills: one document for every drill, passed or not, in every store that could be written, under
 * `NAME_YYYYMMDD_HHMMSS.drill.json` with the time at which the drill began. Never changed. It outlives the backup that it restored.
 */
import { DatabaseName } from './config';

/** Version of the document. Readers refuse every other one by name. */
export const DRILL_VERSION = 1;

export interface DrillRecord {
  /** Of this document's form. */
  readonly version: typeof DRILL_VERSION;
  /** `NAME_YYYYMMDD_HHMMSS`, with the time of the drill. */
  readonly id: string;
  /** Name of the backups that it rehearses. */
  readonly name: string;
  /** Which member of a set was restored; absent where the source is one database. */
  readonly member?: string;
  /** The backup that was restored; `null` if none could be chosen. */
  readonly backup: string | null;
  /** Name of the store that it was read from; `null` if it came to nothing before. */
  readonly store: string | null;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** ISO 8601, UTC. */
  readonly finishedAt: string;
  /** `failed` also where the drill could not run. */
  readonly outcome: 'passed' | 'failed';
  /** Why it failed; empty if it passed. */
  readonly faults: readonly string[];
  /** The server that it was restored into; `null` if it came to nothing before. */
  readonly server: { readonly engine: DatabaseName; readonly version: string } | null;
  /** Stored bytes that were read. */
  readonly bytes: number | null;
  /** Rows or keys that were there afterwards. */
  readonly items: number | null;
  /** How long each part took; `null` for what was not reached. */
  readonly seconds: {
    /** Reading the artifacts and comparing their digests. */
    readonly verify: number | null;
    /** Reading them again, and loading them. */
    readonly restore: number | null;
    /** Looking at the restored data. */
    readonly check: number | null;
    /** From beginning to end without the start of the scratch server: the measured RTO, if it passed. */
    readonly total: number;
  };
  /** How old the data in the backup were when the drill began. */
  readonly recoveryPointAgeSeconds: number | null;
  /** The declared RTO; `null` where none is declared. */
  readonly rtoTargetSeconds: number | null;
  /** Each look at the restored data. */
  readonly checks: readonly DrillCheck[];
  /** Versions of the programs that took part, by program. */
  readonly tools: { readonly [program: string]: string };
}

export interface DrillCheck {
  /** The question: the text of an assertion, `objects`, `row counts`, `freshness of orders.created_at`. */
  readonly name: string;
  /** Whether the answer is as it has to be. */
  readonly passed: boolean;
  /** The answer. */
  readonly detail: string;
}
