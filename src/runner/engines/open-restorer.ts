import { KubernetesRestorer } from './kubernetes/restorer';
import { openPostgresRestorer } from './postgres/restorer';
import { RedisFileRestorer } from './redis/restore-file';
import { RedisKeysRestorer } from './redis/restore-keys';
import { RedisRestorer } from './redis/restorer';
import { SetRestorer } from './set/restorer';
import { SqliteRestorer } from './sqlite/restorer';
import { DatabaseTargetConfig, RedisTargetConfig } from '../../contract/config';
import { Restorer, RestorerContext } from '../engine-api/restorer';
import { openKubernetes } from '../kubernetes/api';

/** The restorer for the target of the config. Reads its password, touches nothing else. */
export function openRestorer(context: RestorerContext): Restorer {
  const { config: { target }, env, reporter } = context;
  if (target.engine === 'kubernetes') return new KubernetesRestorer(target, context, openKubernetes(env));
  if (target.engine !== 'set') return openDatabase(target, context);
  const members = Object.entries(target.members).map(([name, member]) => ({ name, restorer: openDatabase(member, context) }));
  return new SetRestorer(members, reporter);
}

function openDatabase(target: DatabaseTargetConfig, context: RestorerContext): Restorer {
  switch (target.engine) {
    case 'postgres': return openPostgresRestorer(target, context);
    case 'redis': return openRedis(target, context);
    case 'sqlite': return new SqliteRestorer(target, context);
  }
}

function openRedis(target: RedisTargetConfig, context: RestorerContext): Restorer {
  switch (target.method) {
    case 'replication': return new RedisRestorer(target, context);
    case 'keys': return new RedisKeysRestorer(target, context);
    case 'file': return new RedisFileRestorer(target.directory!); // the check of the config says that it is there
  }
}
