/*
 * The engines: what can be backed up, and how a config describes it as a source and as a target.
 *
 * Whatever else there is one of for each engine is a table with these keys that does not compile unless it is complete.
 */
import { KubernetesConfig, KubernetesTargetConfig } from './kubernetes';
import { PostgresConfig, PostgresTargetConfig } from './postgres';
import { RedisConfig, RedisTargetConfig } from './redis';
import { SetOf } from './set';
import { SqliteConfig, SqliteTargetConfig } from './sqlite';

/** Those of one database, or of one server: a set can have them as members, and a drill can restore them. */
export interface Databases {
  readonly postgres: { readonly source: PostgresConfig; readonly target: PostgresTargetConfig };
  readonly redis: { readonly source: RedisConfig; readonly target: RedisTargetConfig };
  readonly sqlite: { readonly source: SqliteConfig; readonly target: SqliteTargetConfig };
}

export interface Engines extends Databases {
  readonly set: { readonly source: SetConfig; readonly target: SetTargetConfig };
  readonly kubernetes: { readonly source: KubernetesConfig; readonly target: KubernetesTargetConfig };
}

export type DatabaseName = keyof Databases;
export type EngineName = keyof Engines;

/** What is backed up: a part of the config of a backup. */
export type SourceConfig<Engine extends EngineName = EngineName> = Engines[Engine]['source'];
/** Where a backup is restored to: a part of the configs of a restore and of a drill. */
export type TargetConfig<Engine extends EngineName = EngineName> = Engines[Engine]['target'];

export type DatabaseConfig<Engine extends DatabaseName = DatabaseName> = Databases[Engine]['source'];
export type DatabaseTargetConfig<Engine extends DatabaseName = DatabaseName> = Databases[Engine]['target'];

export type SetConfig = SetOf<DatabaseConfig>;
export type SetTargetConfig = SetOf<DatabaseTargetConfig>;
