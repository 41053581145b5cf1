import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RedisConfig } from '../../../src/contract/config';
import { Source } from '../../../src/runner/engine-api/source';
import { openSource } from '../../../src/runner/engines/open';
import { tempDir } from '../servers/_process';
import { programFile, RedisProgram, RedisServer, startRedis } from '../servers/redis';

/** The source for a server of the tests. */
export function sourceFor(server: RedisServer, options: Partial<RedisConfig> = {}, password: string | null = null): Source {
  const config: RedisConfig = {
    engine: 'redis',
    host: server.host,
    port: server.port,
    user: null,
    passwordEnv: password === null ? null : 'PASSWORD',
    tls: null,
    ...options,
  };
  return openSource(config, { PASSWORD: password ?? undefined }, { directory: '/nowhere', limitBytes: null });
}

/** Keys of every type, in two databases. */
export async function fill(server: RedisServer): Promise<void> {
  await server.cli(['eval', `
    for i = 1, 5000 do redis.call('set', 'key:' .. i, string.rep(i .. '-', 20)) end
    for i = 1, 300 do
      redis.call('hset', 'hash', 'field' .. i, i)
      redis.call('rpush', 'list', i)
      redis.call('sadd', 'set', 'member' .. i)
      redis.call('zadd', 'sorted', i, 'member' .. i)
      redis.call('xadd', 'stream', '*', 'n', i)
    end
    redis.call('set', 'temporary', 'x', 'ex', 1000000)
    redis.call('select', 3)
    redis.call('set', 'elsewhere', '\\0\\r\\n')
    return 'OK'`, '0']);
}

/** What the stock program says of a snapshot; rejects if it does not accept it. */
export async function checkRdb(snapshot: Buffer, program: RedisProgram = 'redis-7'): Promise<string> {
  const directory = tempDir('redis-check');
  try {
    const file = join(directory, 'dump.rdb');
    writeFileSync(file, snapshot);
    return (await promisify(execFile)(programFile(program, 'check-rdb'), [file])).stdout;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** A digest of all keys of a second server that was started from a snapshot. */
export async function digestAfterLoading(snapshot: Buffer, program: RedisProgram = 'redis-7'): Promise<string> {
  const server = await startRedis({ program });
  try {
    const file = join(server.directory, 'dump.rdb');
    writeFileSync(file, snapshot);
    await server.cli(['debug', 'reload', 'nosave']);
    return await server.cli(['debug', 'digest']);
  } finally {
    await server.stop();
  }
}
