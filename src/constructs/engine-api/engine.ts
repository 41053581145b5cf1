import { EngineDrill } from './drill';
import { RestoreDefinition } from './restore';
import { EngineRunbook } from './runbook';
import { DatabaseConfig, DatabaseName, EngineName, SourceConfig } from '../../contract/config';

/**
 * What the constructs have to know of an engine, beside what a source and a target of it bring to a pod. Each engine answers all of it, in
 * its own folder, and nobody else asks which engine a source is of.
 */
export interface ConstructEngine<Engine extends EngineName = EngineName> {
  /** As people call it: `PostgreSQL`. */
  readonly title: string;

  /** What a runbook says of it. */
  readonly runbook: EngineRunbook<Engine>;

  /** How it is restored where nobody says how. */
  defaultMode(source: SourceConfig<Engine>): RestoreDefinition<Engine>;

  /** The databases in a source. */
  contents(source: SourceConfig<Engine>): Contents;
}

/** An engine whose sources are one database each, or one server: sets have them as members, and drills restore them. */
export interface DatabaseEngine<Engine extends DatabaseName = DatabaseName> extends ConstructEngine<Engine> {
  readonly drill: EngineDrill<Engine>;
}

export type EngineOf<Engine extends EngineName> = Engine extends DatabaseName ? DatabaseEngine<Engine> : ConstructEngine<Engine>;

/** One database, several by name, or none, with a message for each topic that is for databases only. */
export type Contents =
  | { readonly database: DatabaseConfig }
  | { readonly members: { readonly [member: string]: DatabaseConfig } }
  | { readonly noDatabase: { readonly inSet: string; readonly inDrill: string } };
