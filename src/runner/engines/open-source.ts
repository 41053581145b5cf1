import { KubernetesSource } from './kubernetes/source';
import { PostgresSource } from './postgres/source';
import { RedisSource } from './redis/source';
import { SetSource } from './set/source';
import { SqliteSource } from './sqlite/source';
import { ScratchConfig, SourceConfig } from '../../contract/config';
import { Source } from '../engine-api/source';
import { openKubernetes } from '../kubernetes/api';

/** The source that `config` describes. Reads its password, touches nothing else. */
export function openSource(config: SourceConfig, env: NodeJS.ProcessEnv, scratch: ScratchConfig): Source {
  switch (config.engine) {
    case 'postgres': return new PostgresSource(config, env);
    case 'redis': return new RedisSource(config, env);
    case 'sqlite': return new SqliteSource(config, scratch);
    case 'set': return new SetSource(Object.entries(config.members).map(([name, member]) => [name, openSource(member, env, scratch)]));
    case 'kubernetes': return new KubernetesSource(config, openKubernetes(env));
  }
}
