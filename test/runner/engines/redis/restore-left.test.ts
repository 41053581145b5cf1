import { once } from 'node:events';
import { AddressInfo, createServer, Server } from 'node:net';
import { ReplicationSource } from '../../../../src/runner/engines/redis/replication-source';
import { addressFor, followsRunner, portsFor, wasLeftByRestore } from '../../../../src/runner/engines/redis/restore-left';

/* A server that a killed run has left as its replica is known, and nobody else's replica ever is taken for one. */

const OWN = '127.0.0.1';
const TARGET = { host: 'cache', port: 6379, listenPort: 0 };
const PORT = portsFor(TARGET)[0]!;
const LEFT = { role: 'slave', master_link_status: 'down', master_host: OWN, master_port: String(PORT), master_replid: 'f'.repeat(40) };

test('where the runner may choose its port it is the same each time for the same server, and any that is free if all of them are in use', () => {
  const ports = portsFor(TARGET);
  expect(portsFor({ ...TARGET })).toEqual(ports);
  expect(portsFor({ ...TARGET, port: 6380 })).not.toEqual(ports);
  expect(ports).toHaveLength(5);
  expect(ports.at(-1)).toBe(0);
  for (const port of ports.slice(0, -1)) expect(port >= 61_000 && port <= 65_535).toBe(true);
  expect(portsFor({ ...TARGET, listenPort: 6379 })).toEqual([6379]);
});

test('a port that is in use is passed over', async () => {
  const taken = await listening(0);
  const { port } = taken.address() as AddressInfo;
  const replica = { replicationId: '', address: '' };
  const source = await ReplicationSource.listen(OWN, [port, 0], replica, () => Promise.reject(new Error('not asked for')));
  expect(source.port).not.toBe(port);
  await expect(ReplicationSource.listen(OWN, [port], replica, () => Promise.reject(new Error('not asked for')))).rejects.toThrow(`can't listen on port ${port}`);
  source.close();
  taken.close();
});

test('what a killed run has left is known by where the runner would listen now, and nobody does', async () => {
  expect(await wasLeftByRestore(LEFT, TARGET, OWN)).toBe(true);
});

test('and by the id of the data set that it gave out, wherever that was', async () => {
  expect(await wasLeftByRestore({ ...LEFT, master_host: '192.0.2.1', master_port: '6379', master_replid: 'cdb0bac0'.padEnd(40, '0') }, TARGET, OWN)).toBe(true);
});

test.each([
  ['one that is a primary', { role: 'master' }],
  ['one whose primary answers', { master_link_status: 'up' }],
  ['one of a primary elsewhere', { master_host: '192.0.2.1' }],
  ['one of a primary at another port', { master_port: '6379' }],
])('%s is not', async (_, changes) => {
  expect(await wasLeftByRestore({ ...LEFT, ...changes }, TARGET, OWN)).toBe(false);
  expect(followsRunner({ ...LEFT, ...changes }, TARGET, OWN)).toBe('master_link_status' in changes);
});

test('a replica of a primary at the port in the config, which is Redis\' own by default, is not said to be one of a runner', async () => {
  const genuine = { ...LEFT, master_host: 'redis-0.redis', master_port: '6379', master_link_status: 'up' };
  expect(followsRunner(genuine, { ...TARGET, listenPort: 6379 }, OWN)).toBe(false);
  expect(await wasLeftByRestore(genuine, { ...TARGET, listenPort: 6379 }, OWN)).toBe(false);
});

test('one whose primary listens there is not, though it has not sent anything yet: it may be a restore that goes on', async () => {
  const server = await listening(PORT);
  try {
    expect(await wasLeftByRestore(LEFT, TARGET, OWN)).toBe(false);
    expect(followsRunner(LEFT, TARGET, OWN)).toBe(true);
  } finally {
    server.close();
  }
});

test('the address is the one that is advertised, or that of the connection, as IPv4 where it is one', () => {
  expect(addressFor({ addresses: { local: '::ffff:10.0.0.7', remote: '' } }, null)).toBe('10.0.0.7');
  expect(addressFor({ addresses: { local: '10.0.0.7', remote: '' } }, 'runner.example')).toBe('runner.example');
});

async function listening(port: number): Promise<Server> {
  const server = createServer(socket => socket.destroy()).listen(port);
  await once(server, 'listening');
  return server;
}
