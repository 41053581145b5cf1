import { RedisConfig, RedisTargetConfig, RestoreConfig } from '../../../src/contract/config';
import { configOf, folder, redis } from '../_configs';
import { backup, RunOptions } from '../_runner';
import { restoreOf } from './_restore';
import { tempDir } from '../servers/_process';
import { RedisServer } from '../servers/redis';
import { fill } from '../sources/_redis';

export const PASSWORD_ENV = 'REDIS_PASSWORD';

/** A backup in a folder, and the options of runs that restore it. */
export interface BackedUp {
  readonly id: string;
  readonly directory: string;
  /** Of the keys, as they were. */
  readonly digest: string;
  /** For commands on the backup. */
  readonly options: RunOptions;
  /** For a restore, with what differs from the ordinary. */
  restoring(changes?: Partial<RedisTargetConfig>): RunOptions & { readonly config: RestoreConfig };
}

/** Fills a server, backs it up, and damages it: keys deleted, changed and added. */
export async function backUpAndDamage(server: RedisServer, source: Partial<RedisConfig> = {}, password?: string): Promise<BackedUp> {
  await fill(server);
  const digest = await digestOf(server);
  const directory = tempDir('volume');
  const env = { [PASSWORD_ENV]: password };
  const config = configOf({ source: redis(server, source), stores: [folder(directory)] });
  const { id } = await backup({ config, env });
  await damage(server);
  const target: RedisTargetConfig = {
    ...redis(server, source), mode: 'replication', replace: false, advertiseHostEnv: null, listenPort: 0, directory: null, safetyBackup: true, assertions: [],
  };
  return {
    id,
    directory,
    digest,
    options: { config, env },
    restoring: changes => ({
      env,
      config: restoreOf(config, { ...target, ...changes }),
    }),
  };
}

export async function damage(server: RedisServer): Promise<void> {
  await server.cli(['eval', `
    for i = 1, 1000 do redis.call('del', 'key:' .. i) end
    redis.call('persist', 'temporary')
    redis.call('lpop', 'list')
    redis.call('set', 'set', 'not a set any more')
    redis.call('set', 'new', 'written after the backup')
    redis.call('select', 3)
    redis.call('del', 'elsewhere')
    redis.call('select', 5)
    redis.call('set', 'five', 5)
    return 'OK'`, '0']);
}

export function digestOf(server: RedisServer): Promise<string> {
  return server.cli(['debug', 'digest']);
}

export async function roleOf(server: RedisServer): Promise<string | undefined> {
  return /role:(\w+)/.exec(await server.cli(['info', 'replication']))?.[1];
}
