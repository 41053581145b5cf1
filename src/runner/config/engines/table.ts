import { EngineConfig } from './engine-config';
import { kubernetes } from './kubernetes';
import { postgres } from './postgres';
import { redis } from './redis';
import { setOf } from './set';
import { sqlite } from './sqlite';
import { DatabaseName, EngineName, SourceConfig, TargetConfig } from '../../../contract/config';

/* The engines, as far as configs and names of files tell of them. What reaches a database is in engines/table.ts. */

export const DATABASE_CONFIGS = {
  postgres,
  redis,
  sqlite,
} satisfies { [Engine in DatabaseName]: EngineConfig<Engine> };

export const ENGINE_CONFIGS = {
  ...DATABASE_CONFIGS,
  set: setOf(DATABASE_CONFIGS),
  kubernetes,
} satisfies { [Engine in EngineName]: EngineConfig<Engine> };

export const DATABASE_NAMES = Object.keys(DATABASE_CONFIGS) as readonly DatabaseName[];
export const ENGINE_NAMES = Object.keys(ENGINE_CONFIGS) as readonly EngineName[];

/** What is known of the engine that a config, or a record, names. */
export function engineConfigOf<Engine extends EngineName>({ engine }: { readonly engine: Engine }): EngineConfig<Engine> {
  const table: { readonly [Name in EngineName]: EngineConfig<Name> } = ENGINE_CONFIGS;
  return table[engine];
}

/** The target that is where the backup comes from, with defaults for the rest. */
export function targetOf(source: SourceConfig): TargetConfig {
  return engineConfigOf(source).targetOf(source);
}
