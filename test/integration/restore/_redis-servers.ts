import { RedisOptions, RedisServer, startRedis } from '../servers/redis';

export const servers: RedisServer[] = [];

/** To be called after the tests of a file. */
export async function stopServers(): Promise<void> {
  await Promise.all(servers.map(server => server.stop()));
}

export async function start(options: RedisOptions = {}): Promise<RedisServer> {
  const server = await startRedis(options);
  servers.push(server);
  return server;
}
