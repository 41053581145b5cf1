import { SourceConfig, TargetConfig } from '../../contract/config';

/** The target that is where the backup comes from, with defaults for the rest. */
export function targetOf(source: SourceConfig): TargetConfig {
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
        globals,
        assertions: [],
      };
    }
    case 'redis': return { ...source, method: 'replication', advertiseHostEnv: null, listenPort: 0, directory: null, safetyBackup: true, assertions: [] };
    case 'kubernetes': return { engine: source.engine, namespace: source.namespace, replace: false };
    case 'sqlite': return { ...source, keepPrevious: true, assertions: [] };
  }
}
