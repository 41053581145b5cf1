import { tmpdir } from 'node:os';
import { BackupConfig, PostgresConfig, RedisConfig } from '../../src/contract/config';
import { aConfig, aPostgresSource } from '../runner/_fixtures';

/** A config with every value that the tests at hand do not care about. */
export function configOf(changes: Pick<BackupConfig, 'source' | 'stores'> & Partial<BackupConfig>): BackupConfig {
  // In the directory of the run: what a test kills leaves its scratch to the next one.
  const scratch = { directory: tmpdir(), limitBytes: null };
  return aConfig({ compression: { algorithm: 'zstd', level: 1 }, deadlineSeconds: 600, scratch, ...changes });
}

/** All that a test needs to know of a server. */
interface Server {
  readonly host: string;
  readonly port: number;
}

export function postgres(
  server: Server & { readonly superuser: string }, database: string | null, changes: Partial<PostgresConfig> = {},
): PostgresConfig {
  return aPostgresSource({ host: server.host, port: server.port, database, user: server.superuser, passwordEnv: 'POSTGRES_PASSWORD', lockTimeoutSeconds: 10, ...changes });
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
