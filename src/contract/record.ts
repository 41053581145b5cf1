/*
 * The record of a backup: the commit marker.
 *
 * Written last, after every program has ended well and every store has confirmed what it holds. A backup without its record
 * does not exist. A record is never changed.
 */
import { CompressionConfig, EngineName } from './config';

/** Version of the document. Readers refuse every other one by name. */
export const RECORD_VERSION = 1;

export interface BackupRecord {
  /** Of this document's form. */
  readonly version: typeof RECORD_VERSION;
  /** `NAME_YYYYMMDD_HHMMSS`. */
  readonly id: string;
  /** Name of the backups, the first part of the id. */
  readonly name: string;
  /** The source of the backup. */
  readonly source: RecordedSource;
  /** The members of a set, by name; absent where the source is one database. */
  readonly members?: { readonly [member: string]: RecordedSource };
  /** ISO 8601, UTC. Nothing that was written to the source after this time is sure to be in the backup. */
  readonly startedAt: string;
  /** ISO 8601, UTC. */
  readonly finishedAt: string;
  /** Versions of the programs that took part, by program. */
  readonly tools: { readonly [program: string]: string };
  /** At least one. */
  readonly artifacts: readonly RecordedArtifact[];
  /** Names of the stores that have all of the artifacts. */
  readonly stores: readonly string[];
  /** Why this backup is not to be trusted as the latest; `null` if nothing is wrong. */
  readonly suspect: string | null;
  /** Oddities of the source, and parts that were left out of the dump, a sentence each, without row data; absent if there are none. */
  readonly warnings?: readonly string[];
  /** That it is a safety backup; absent from all others, and from safety backups that were stored before this field was. */
  readonly safety?: RecordedSafety;
  /** That another program has taken it, and `import` has copied it; absent from all others. */
  readonly imported?: RecordedImport;
}

/** What a restore was about to replace, stored before it did. */
export interface RecordedSafety {
  /** Id of the backup that was restored. */
  readonly before: string;
  /** Whether that is a safety backup itself, so that its restore is a rollback. */
  readonly rollback: boolean;
}

/** A file of another program. Its name has the time of the backup, which is `startedAt` and `finishedAt`: nobody knows how long it took. */
export interface RecordedImport {
  /** The file that was copied, with its place. */
  readonly from: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** How the time was read: the form of the name, and the zone, or that the file tells it. */
  readonly timeFrom: string;
  /** Name of the file with the checksum that was compared; `null` where there was none. */
  readonly checksumFile: string | null;
  /** SHA-256 of the file that was copied, as it was found; absent from what was imported before this field was. */
  readonly sha256?: string;
}

export interface RecordedSource {
  /** `postgres`, `redis`, `sqlite`, `kubernetes`, or `set`. */
  readonly engine: EngineName;
  /** Empty for a set. */
  readonly serverVersion: string;
  /** Host and port, the path of the file, or the namespace; the members of a set, with commas between them; of an imported backup, the file that was copied. */
  readonly address: string;
  /** `null` where the backup has all databases of the server. */
  readonly database: string | null;
}

export interface RecordedArtifact {
  /** File name, beside the record. */
  readonly file: string;
  /** Which member of the set it is of; absent where the source is one database. */
  readonly member?: string;
  /** Its content: the data, or roles and tablespaces. */
  readonly role: 'data' | 'globals';
  /** Database that is in it; `null` where the engine has no such name. */
  readonly database: string | null;
  /** Of the file as it is stored. */
  readonly bytes: number;
  /** Of the file as it is stored, in lower-case hex. */
  readonly sha256: string;
  /** How it is compressed; in an imported archive that does not tell its level, that is 0. */
  readonly compression: RecordedCompression;
  /** Bytes before compression; `null` where the dump program compresses and does not tell. */
  readonly plainBytes: number | null;
  /** How much is in it; `null` where nothing is counted. */
  readonly counts: RecordedCounts | null;
  /** age recipients that it is sealed to, from outside of the compression; absent where it is not encrypted. */
  readonly recipients?: readonly string[];
}

export interface RecordedCompression extends CompressionConfig {
  /** Whether the dump program compressed inside its own format, or the file as a whole is compressed. */
  readonly where: 'inside' | 'outside';
}

/** How much was there when the dump began. */
export interface RecordedCounts {
  /** Whether the numbers are exact for what is in the artifact, or the server's own estimates. */
  readonly precision: 'exact' | 'estimate';
  /** The things that were counted. */
  readonly unit: 'rows' | 'keys';
  /** By table, by number of the Redis database, or by kind of the object: their names stay inside. */
  readonly items: { readonly [item: string]: number };
  /** Those beyond the largest ones, where a record can't name all: how many, and their numbers together. Absent where all are named. */
  readonly unlisted?: { readonly items: number; readonly total: number };
}
