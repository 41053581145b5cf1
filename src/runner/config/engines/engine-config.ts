import * as z from 'zod';
import { DatabaseName, EngineName, SourceConfig, TargetConfig } from '../../../contract/config';

/** What is known of an engine without reaching anything: how its configs look, and what they mean for a restore. */
export interface EngineConfig<Engine extends EngineName> {
  readonly source: z.ZodType<SourceConfig<Engine>>;
  readonly target: z.ZodType<TargetConfig<Engine>>;

  /** How the names of its artifacts end, without a dot, and before what says how they are compressed and sealed: `dump`, `globals.sql`. */
  readonly extensions: readonly string[];

  /** What of it is never stored in the clear, as `Secrets`; `null` where everybody decides that for themselves. */
  readonly secrets: string | null;

  /** The target that is where the backup comes from, with defaults for the rest. */
  targetOf(source: SourceConfig<Engine>): TargetConfig<Engine>;

  /** Whether a restore stores what is there as a backup before it replaces it. */
  takesSafetyBackup(target: TargetConfig<Engine>): boolean;

  /** The target without its safety backup; or why it has none, or can't do without, for whoever has asked for that. */
  withoutSafetyBackup(target: TargetConfig<Engine>): TargetConfig<Engine> | string;

  /** Whether a restore can't do without the archive in a file, as where several programs read it at a time. */
  needsFile(target: TargetConfig<Engine>): boolean;

  /** Which servers and namespaces a restore writes to. Files are in neither: a pod has them from volumes of its own namespace. */
  reaches(target: TargetConfig<Engine>): { readonly hosts: readonly string[]; readonly namespaces: readonly string[] };
}

/** Those that a set can have as members, and that a drill can restore. */
export type DatabaseConfigs = { readonly [Engine in DatabaseName]: EngineConfig<Engine> };

/** That of the engine that a config names. */
export function configIn<Engine extends DatabaseName>(databases: DatabaseConfigs, { engine }: { readonly engine: Engine }): EngineConfig<Engine> {
  return databases[engine];
}

/** Begins why a target has no safety backup. */
export const NONE_TAKEN = 'no safety backup is taken here';
