import { tempDir } from './servers/_process';
import { BackupConfig, PostgresConfig, RedisConfig } from '../../src/contract/config';
import { aConfig, aPostgresSource } from '../runner/_fixtures';

/** Of this file of tests alone: a run that another file kills leaves its scratch to the next run, which says so. */
export const SCRATCH = { directory: tempDir('runs'), limitBytes: null };

/** A config with every value that the tests at hand do not care about. */
export function configOf(changes: Pick<BackupConfig, 'source' | 'stores'> & Partial<BackupConfig>): BackupConfig {
  return aConfig({ compression: { algorithm: 'zstd', level: 1 }, activeDeadlineSeconds: 600, scratch: SCRATCH, ...changes });
}

/** All that a test needs to know of a server. */
interface Server {
  readonly host: string;
  readonly port: number;
}

export function postgres(
  server: Server & { readonly superuser: string }, database: string | null, changes: Partial<PostgresConfig> = {},
): PostgresConfig {
  return aPostgresSource({ host: server.host, port: server.port, databaseName: database, user: server.superuser, passwordEnv: 'POSTGRES_PASSWORD', lockTimeoutSeconds: 10, ...changes });
}

export function redis(server: Server, changes: Partial<RedisConfig> = {}): RedisConfig {
  return { engine: 'redis', host: server.host, port: server.port, user: null, passwordEnv: null, tls: null, ...changes };
}

export function sqlite(file: string): BackupConfig['source'] {
  return { engine: 'sqlite', path: file, lockTimeoutSeconds: 10 };
}

export function folder(directory: string, name = 'volume'): BackupConfig['stores'][number] {
  return { type: 'folder', name, directory, folder: null };
}
