import { Readable } from 'node:stream';
import { ExitCode } from '../../../src/contract/exit-code';
import { createReporter } from '../../../src/runner/core/reporter';
import { RedisConnection } from '../../../src/runner/engines/redis/connection';
import { loadByReplication } from '../../../src/runner/engines/redis/restore-load';
import { RedisServer, startRedis } from '../servers/redis';

let server: RedisServer;

beforeAll(async () => {
  server = await startRedis({ program: 'redis-7' });
});
afterAll(() => server?.stop());

// Two restores at once, or a failover: the id of its data, by which the runner knows the server, is another one when it comes for the snapshot.
test('a server that gets other data just before it is told to load a backup gets nothing, and a retry may help', async () => {
  await server.cli(['set', 'key', 'value']);
  const config = { host: server.host, port: server.port, user: null, passwordEnv: null, tls: null } as never;
  const opened = jest.fn(() => Promise.resolve(Readable.from([])));
  const loading = loadByReplication({
    id: 'app_20260101_020000',
    description: 'redis',
    target: { listenPort: 0, assertions: [] } as never,
    advertisedHost: null,
    wayBack: '',
    reporter: createReporter(process.stderr),
    open: opened,
    connect: async signal => {
      const connection = await RedisConnection.open(config, null, signal, 'restore');
      const command = connection.command.bind(connection);
      connection.command = async (...args) => {
        if (args[0] === 'REPLICAOF' && args[1] !== 'NO') {
          await server.cli(['replicaof', '127.0.0.1', '1']);
          await server.cli(['replicaof', 'no', 'one']);
        }
        return command(...args);
      };
      return connection;
    },
  }, AbortSignal.timeout(60_000));
  await expect(loading).rejects.toMatchObject({ exitCode: ExitCode.FAILED, message: expect.stringContaining('redis has got other data since it was looked at') });
  expect(opened).not.toHaveBeenCalled();
  expect(await server.cli(['get', 'key'])).toContain('value');
  expect(await server.cli(['info', 'replication'])).toContain('role:master');
});
