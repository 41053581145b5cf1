import { kubernetes } from './kubernetes/engine';
import { postgres } from './postgres/engine';
import { redis } from './redis/engine';
import { setOf } from './set/engine';
import { sqlite } from './sqlite/engine';
import { DatabaseName, EngineName } from '../../contract/config';
import { DatabaseEngine, DatabaseEngines, Engine, engineIn } from '../engine-api/engine';

const DATABASES = {
  postgres,
  redis,
  sqlite,
} satisfies DatabaseEngines;

/** The engines. No other code of the runner asks which one it is: it asks the engine. */
export const ENGINES = {
  ...DATABASES,
  set: setOf(DATABASES),
  kubernetes,
} satisfies { readonly [Name in EngineName]: Engine<Name> };

/** The engine that a config, or a record, names. */
export function engineOf<Name extends EngineName>({ engine }: { readonly engine: Name }): Engine<Name> {
  const table: { readonly [Each in EngineName]: Engine<Each> } = ENGINES;
  return table[engine];
}

export function databaseOf<Name extends DatabaseName>(named: { readonly engine: Name }): DatabaseEngine<Name> {
  return engineIn(DATABASES, named);
}
