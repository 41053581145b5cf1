import { Readable } from 'node:stream';
import { CompressionConfig, EngineName, SourceConfig } from '../../contract/config';
import { WallTime } from '../core/wall-time';

/** What a file of another program says of itself. */
export interface ForeignFile {
  /** `null`: all of a server, or the file does not tell. */
  readonly database: string | null;
  /** How long it is, decompressed; `null`: it does not tell. */
  readonly bytes: number | null;
  readonly serverVersion: string;
  /** Versions of the programs that made it, by program. */
  readonly tools: { readonly [program: string]: string };
  /** Inside its own format; `null`: there is none, and it is compressed as a whole where the backup is. */
  readonly compression: CompressionConfig | null;
  /** When it was begun: the instant, where it tells that, or else the time on the wall where it was made; `null`: it tells nothing. */
  readonly begunAt: WallTime | Date | null;
  /** Whether there are no data in it. */
  readonly empty: boolean;
  /** Why it must not be the latest; `null`: it can be. */
  readonly suspect: string | null;
}

/** Files that other programs make of a database, and that can be restored as if they were ours. */
export interface ForeignFormat<Name extends EngineName> {
  /** What their names end in, dot included. Where a file is compressed as a whole, the ending of that follows. */
  readonly endings: readonly string[];
  /** Of the artifact; without the dot. */
  readonly extension: string;
  /** Whether the time is in the file; else it has to be in the name. */
  readonly tellsTime: boolean;
  /** Endings of files that such programs make as well, and why these can't be taken over. */
  readonly others: readonly (readonly [ending: RegExp, why: string])[];
  /** What stands at the end of the name of a second file that holds a part of the content, unless that is empty; and what to do with both. */
  readonly parts: readonly (readonly [suffix: string, advice: string])[];

  /** The database that a config backs up, where its files tell theirs; `null`: they do not. */
  databaseIn(config: SourceConfig<Name>): string | null;

  /** Names that the files of such a database have, beside that of the backup, where they do not tell the database. */
  names(config: SourceConfig<Name>): readonly string[];

  /**
   * Reads as much as it needs, and destroys the rest.
   *
   * @param content decompressed, where the file is compressed as a whole
   * @returns in words why it is not taken over, where it is a whole file of another kind
   * @throws RunnerError if it is nothing of the kind
   */
  look(content: Readable, what: string): Promise<ForeignFile | string>;
}
