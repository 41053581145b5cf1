import { KUBERNETES } from './kubernetes/engine';
import { POSTGRES } from './postgres/engine';
import { REDIS } from './redis/engine';
import { setEngine } from './set/engine';
import { SQLITE } from './sqlite/engine';
import { DatabaseConfig, EngineName, SourceConfig, TargetConfig } from '../../contract/config';
import { ConstructEngine, Contents, DatabaseEngine, EngineOf } from '../engine-api/engine';
import { RestoreDefinition } from '../engine-api/restore';
import { EngineRunbook } from '../engine-api/runbook';

/** Every engine, complete by the compiler: a line for each. */
const ENGINES = {
  postgres: POSTGRES,
  redis: REDIS,
  sqlite: SQLITE,
  kubernetes: KUBERNETES,
  set: setEngine(defaultMode, runbookOf),
} satisfies { readonly [Engine in EngineName]: EngineOf<Engine> };

/** How a source is restored where nobody says how. */
export function defaultMode(source: SourceConfig): RestoreDefinition {
  const engine: ConstructEngine = ENGINES[source.engine];
  return engine.defaultMode(source);
}

/** The databases in a source. */
export function contentsOf(source: SourceConfig): Contents {
  const engine: ConstructEngine = ENGINES[source.engine];
  return engine.contents(source);
}

/** What a runbook says of a source, or of a target. */
export function runbookOf({ engine }: SourceConfig | TargetConfig): EngineRunbook {
  const { runbook }: ConstructEngine = ENGINES[engine];
  return runbook;
}

export function databaseEngine({ engine }: DatabaseConfig): DatabaseEngine {
  return ENGINES[engine];
}

/** Those that drills restore, by name. */
export function databaseEngines(): readonly (readonly [name: string, engine: DatabaseEngine])[] {
  return Object.entries<ConstructEngine | DatabaseEngine>(ENGINES).flatMap(([name, engine]) => 'drill' in engine ? [[name, engine] as const] : []);
}
