import { BackupConfig, CONFIG_VERSION, PostgresConfig, RedisConfig } from '../../src/contract/config';

/** A config with every value that the tests at hand do not care about. */
export function configOf(changes: Pick<BackupConfig, 'source' | 'stores'> & Partial<BackupConfig>): BackupConfig {
  return {
    version: CONFIG_VERSION,
    kind: 'backup',
    namespace: 'shop',
    name: 'app',
    compression: { algorithm: 'zstd', level: 1 },
    retention: {
      keepHours: 168, keepLast: null, keepHourly: null, keepDaily: null, keepWeekly: null, keepMonthly: null, keepYearly: null, keepAtLeast: 3,
    },
    pruneAfterBackup: false,
    verification: { olderPercent: 0, repair: false },
    encryption: null,
    pushgatewayUrl: null,
    suspectBelowPercent: 50,
    deadlineSeconds: 600,
    scratch: { directory: '/tmp', limitBytes: null },
    ...changes,
  };
}

/** All that a test needs to know of a server. */
interface Server {
  readonly host: string;
  readonly port: number;
}

export function postgres(
  server: Server & { readonly superuser: string }, database: string | null, changes: Partial<PostgresConfig> = {},
): PostgresConfig {
  return {
    engine: 'postgres',
    host: server.host,
    port: server.port,
    database,
    user: server.superuser,
    passwordEnv: 'POSTGRES_PASSWORD',
    tls: { mode: 'prefer', caFile: null },
    includeSchemas: [],
    excludeSchemas: [],
    includeTables: [],
    excludeTables: [],
    globals: true,
    lockTimeoutSeconds: 10,
    ...changes,
  };
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
