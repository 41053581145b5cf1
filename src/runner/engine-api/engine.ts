import { Readable } from 'node:stream';
import { DrillTarget, DrillTargetContext } from './drill-target';
import { ForeignFormat } from './foreign';
import { Restorer, RestorerContext } from './restorer';
import { Source } from './source';
import { DatabaseName, DatabaseTargetConfig, EngineName, RestoreConfig, ScratchConfig, SourceConfig, TargetConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { RecordedArtifact } from '../../contract/record';
import { Backup } from '../catalog/catalog';
import { Context } from '../core/context';
import { Store } from '../store-api/store';

/** What a source may use beside its own config. */
export interface SourceContext {
  readonly env: NodeJS.ProcessEnv;
  readonly scratch: ScratchConfig;
}

/** What reading an artifact's content may use. */
export interface FormatContext {
  readonly scratch: ScratchConfig;
  readonly signal: AbortSignal;
}

/** An engine: all that there is one of for each, and that reaches something. What its configs mean is in `config/engines`. */
export interface Engine<Name extends EngineName> {
  /** As people call it: `PostgreSQL`. */
  readonly title: string;

  /**
   * Restores into a new file, which must not exist: `restore --to FILE`. `null` where a database is no file.
   *
   * @throws RunnerError if anything of it is not as recorded; then there is no file
   */
  readonly intoNewFile: ((context: Context<RestoreConfig>, backup: Backup, stores: readonly Store[], file: string) => Promise<ExitCode>) | null;

  /** How a backup is taken over that another program has made; `null` where none is. */
  readonly foreign: ForeignFormat<Name> | null;

  /** What is backed up. Reads its password, touches nothing else. */
  openSource(config: SourceConfig<Name>, context: SourceContext): Source;

  /** Where a backup is restored to. Reads its password, touches nothing else. */
  openRestorer(target: TargetConfig<Name>, context: RestorerContext): Restorer;

  /**
   * Reads an artifact's content to its last byte, as a restore would.
   *
   * @param content decrypted, and decompressed where the file as a whole was compressed; it is left half-read where there is no use in more
   * @returns why that could not be done here, which says nothing about the artifact; `null` if it was done, and all is well
   * @throws RunnerError with exit code CORRUPT if the content is not what it should be; with any other, it could not be done here
   */
  readFormat(artifact: RecordedArtifact, content: Readable, context: FormatContext): Promise<string | null>;

  /** Versions of the programs that {@link readFormat} uses, by program. Those that are not there are left out. */
  formatTools(signal: AbortSignal): Promise<{ readonly [program: string]: string }>;
}

/** An engine of one database, or of one server: a set can have it as a member, and a drill can restore it. */
export interface DatabaseEngine<Name extends DatabaseName> extends Engine<Name> {
  /** What a drill counts in what it has restored. */
  readonly counted: 'rows' | 'keys';

  /** Whether a drill restores into a server, which somebody has chosen an image for. */
  readonly hasDrillServer: boolean;

  /** Where a drill restores to. Refuses what is no place for one; touches nothing. */
  openDrillTarget(target: DatabaseTargetConfig<Name>, context: DrillTargetContext): DrillTarget;
}

export type DatabaseEngines = { readonly [Name in DatabaseName]: DatabaseEngine<Name> };

/** The engine that a config names. */
export function engineIn<Name extends DatabaseName>(databases: DatabaseEngines, { engine }: { readonly engine: Name }): DatabaseEngine<Name> {
  return databases[engine];
}
