import { Readable } from 'node:stream';
import { CompressionConfig, EngineName, SourceConfig } from '../../contract/config';
import { WallTime } from '../core/wall-time';

/** What a file of another program says of itself. */
export interface ForeignFile {
  /** `null`: all of a server. */
  readonly database: string | null;
  readonly serverVersion: string;
  /** Versions of the programs that made it, by program. */
  readonly tools: { readonly [program: string]: string };
  /** Inside its own format; `null`: there is none, and it is compressed as a whole where the backup is. */
  readonly compression: CompressionConfig | null;
  /** When it was begun: the instant, where it tells that, or else the time on the wall where it was made. */
  readonly begunAt: WallTime | Date;
  /** Whether there are no data in it. */
  readonly empty: boolean;
  /** Why it must not be the latest; `null`: it can be. */
  readonly suspect: string | null;
}

/** Files that other programs make of a database, and that can be restored as if they were ours. */
export interface ForeignFormat<Name extends EngineName> {
  /** At the end of their names, and of the artifact's; without the dot. */
  readonly extension: string;
  /** Names that such files have anywhere, whose time is in the file; `null`: the time is in the name. */
  readonly commonNames: readonly string[] | null;
  /** Endings of files that such programs make as well, and why these can't be taken over. */
  readonly others: readonly (readonly [ending: RegExp, why: string])[];

  /** The database that a config backs up; `null`: all of its server. */
  databaseIn(config: SourceConfig<Name>): string | null;

  /**
   * Reads as much as it needs, and destroys the rest.
   *
   * @throws RunnerError if it is nothing of the kind
   */
  look(content: Readable, what: string): Promise<ForeignFile>;
}
