import { Readable } from 'node:stream';
import { CompressionConfig, EngineName, SourceConfig } from '../../contract/config';
import { WallTime } from '../core/wall-time';

/** What a file of another program says of itself. */
export interface ForeignFile {
  readonly database: string;
  readonly serverVersion: string;
  /** Versions of the programs that made it, by program. */
  readonly tools: { readonly [program: string]: string };
  readonly compression: CompressionConfig;
  /** When it was begun, by the clock on the wall where it was made. */
  readonly begunAt: WallTime;
  /** Whether there are no data in it. */
  readonly empty: boolean;
}

/** Files that other programs make of a database, and that can be restored as if they were ours. */
export interface ForeignFormat<Name extends EngineName> {
  /** At the end of their names, and of the artifact's; without the dot. */
  readonly extension: string;
  /** Endings of files that such programs make as well, and why these can't be taken over. */
  readonly others: readonly (readonly [ending: RegExp, why: string])[];

  /** The database that a config backs up; `null`: all of its server. */
  databaseIn(config: SourceConfig<Name>): string | null;

  /**
   * Reads the beginning, and destroys the rest.
   *
   * @throws RunnerError if it is nothing of the kind
   */
  look(content: Readable, what: string): Promise<ForeignFile>;
}
