import { DatabaseConfig, DatabaseTargetConfig, SourceConfig, TargetConfig } from '../../contract/config';

/** The target that is where the backup comes from, with defaults for the rest. */
export function targetOf(source: SourceConfig): TargetConfig {
  if (source.engine === 'kubernetes') return { engine: source.engine, namespace: source.namespace, replace: false };
  if (source.engine !== 'set') return databaseTargetOf(source);
  return { engine: 'set', members: Object.fromEntries(Object.entries(source.members).map(([member, database]) => [member, databaseTargetOf(database)])) };
}

function databaseTargetOf(source: DatabaseConfig): DatabaseTargetConfig {
  switch (source.engine) {
    case 'postgres': {
      const { engine, host, port, user, passwordEnv, tls, database, globals } = source;
      return {
        engine,
        host,
        port,
        user,
        passwordEnv,
        tls,
        database: database ?? '', // a backup of all databases: the check of the config says that one has to be named
        sourceDatabase: null,
        mode: 'swap',
        newDatabase: null,
        parallelJobs: 1,
        singleTransaction: false,
        freeBytes: null,
        safetyBackup: true,
        globals,
        assertions: [],
      };
    }
    case 'redis': return { ...source, method: 'replication', replace: false, advertiseHostEnv: null, listenPort: 0, directory: null, safetyBackup: true, assertions: [] };
    case 'sqlite': return { ...source, keepPrevious: true, assertions: [] };
  }
}
