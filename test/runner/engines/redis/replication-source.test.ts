import { once } from 'node:events';
import { connect, Socket } from 'node:net';
import { Readable } from 'node:stream';
import { ReplicationSource } from '../../../../src/runner/engines/redis/replication-source';
import { renderCommand } from '../../../../src/runner/engines/redis/resp';

/* What is offered is decrypted, so nobody gets it but the server that was told to come. */

const ID = 'a1b2'.repeat(10);
const sources: ReplicationSource[] = [];

afterEach(() => sources.splice(0).forEach(source => source.close()));

test('the snapshot is given to who knows the id of the server\'s data, and to nobody else at its address', async () => {
  const source = await offer(ID);
  for (const id of ['?', 'f'.repeat(40), '']) {
    expect(await ask(source, id)).toBe('-ERR this snapshot is for another server\r\n');
    expect(source.state).toBe('waiting');
  }
  expect(source.oddity).toMatch(/^\S*127\.0\.0\.1 asked for the snapshot, and is not the server that was told to/);
  expect(await ask(source, ID)).toMatch(/^\+FULLRESYNC cdb0bac0[0-9a-f]{32} 0\r\n/);
  expect(await ask(source, ID)).toBe('-ERR this snapshot is sent once\r\n');
});

test('a server before 4.0, which has no such id, is known by its address', async () => {
  const source = await offer('');
  expect(await ask(source, '?')).toMatch(/^\+FULLRESYNC/);
});

test('nobody is listened to at another address of this machine than the one that the server is told', async () => {
  const source = await offer(ID);
  const [error] = await once(connect({ host: '127.0.0.2', port: source.port }), 'error') as [NodeJS.ErrnoException];
  expect(error.code).toBe('ECONNREFUSED');
});

test('where the server is told an address that is not of this machine, as behind a translation, all are listened to', async () => {
  const source = await offer(ID, '192.0.2.1');
  expect(await ask(source, ID)).toMatch(/^\+FULLRESYNC/);
});

async function offer(replicationId: string, host = '127.0.0.1'): Promise<ReplicationSource> {
  const source = await ReplicationSource.listen(host, [0], { replicationId, address: '127.0.0.1' }, () => Promise.resolve(Readable.from([Buffer.from('REDIS0010')])));
  sources.push(source);
  return source;
}

/** What comes first when somebody asks with this id. */
async function ask(source: ReplicationSource, id: string): Promise<string> {
  const socket: Socket = connect({ host: '127.0.0.1', port: source.port });
  socket.write(renderCommand(['PSYNC', id, '1']));
  const [chunk] = await once(socket, 'data') as [Buffer];
  socket.destroy();
  return chunk.toString('latin1');
}
