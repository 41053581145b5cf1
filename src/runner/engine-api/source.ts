import { Readable } from 'node:stream';
import { CompressionConfig } from '../../contract/config';
import { RecordedCounts, RecordedSource } from '../../contract/record';

/** What a source said of itself before anything was dumped. */
export interface Inspection {
  readonly source: RecordedSource;
  /** Of a set, by name. */
  readonly members?: { readonly [member: string]: RecordedSource };
  /** Versions of the programs that will take part, by program. */
  readonly tools: { readonly [program: string]: string };
  /** What is odd, but no reason to do without a backup. */
  readonly warnings?: readonly string[];
  /** One for each artifact, in the order in which they are to be taken. */
  readonly dumps: readonly Dump[];
}

/** One artifact to be. */
export interface Dump {
  readonly role: 'data' | 'globals';
  /** Which member of a set it is of. */
  readonly member?: string;
  /** Tells artifacts of one kind apart in file names; `null` where there is only one. */
  readonly part: string | null;
  /** Without a dot: `dump`, `globals.sql`, `rdb`, `db`. */
  readonly extension: string;
  readonly database: string | null;
  /** How the dump program compresses inside its own format; `null` if its output is to be compressed as a whole. */
  readonly compressedInside: CompressionConfig | null;
  /** Generous estimate of the bytes to be stored: no less than it has in the end. */
  readonly expectedBytes: number;
  /** Bytes that it takes of the scratch directory while it is made; absent where that is next to nothing, whatever is dumped. */
  readonly scratchBytes?: number;

  /** Estimates the memory that the program needs which makes the dump, quickly. Absent where it is next to nothing, whatever is dumped. */
  readonly memory?: (signal: AbortSignal) => Promise<MemoryNeed>;

  /** Starts the dump. Called once. */
  open(signal: AbortSignal): Promise<OpenDump>;
}

/** An estimate of memory, and what it is for: `pg_dump of shop, for …`. */
export interface MemoryNeed {
  readonly bytes: number;
  readonly what: string;
}

export interface OpenDump {
  /**
   * Ends only after the dump program succeeded and what it wrote has the beginning and the end that its format asks for; fails
   * otherwise. Destroying it stops the program and removes its temporary files.
   */
  readonly stream: Readable;
  readonly counts: RecordedCounts | null;
  /** Whether there is nothing in it: no rows at all, no keys at all. */
  readonly empty: boolean;
  /** What is odd about the source, but no reason to do without a backup. */
  readonly warnings?: readonly string[];
  /** What the dump program warned of although it succeeded. To be asked when the stream has ended well. */
  readonly warned?: () => readonly string[];
  /** Why this must not be the latest backup, whatever its size; `null` if it may. To be asked when the stream has ended well. */
  readonly suspect?: () => string | null;
}

/**
 * What is backed up. Held by test/integration/engines/source-conformance.ts.
 *
 * Methods reject with a `RunnerError` that names the source and the way out, and with the signal's reason when that was aborted.
 */
export interface Source {
  /** For messages: `postgres database whispercache on db:5432`. */
  readonly description: string;

  /** Looks at the server, the rights and the programs, and refuses what can't work. Changes nothing. */
  inspect(compression: CompressionConfig, signal: AbortSignal): Promise<Inspection>;
}
