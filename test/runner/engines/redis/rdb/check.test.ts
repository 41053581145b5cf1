import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { ExitCode } from '../../../../../src/contract/exit-code';
import { RdbCheck } from '../../../../../src/runner/engines/redis/rdb/check';
import { Crc64 } from '../../../../../src/runner/engines/redis/rdb/crc64';
import { checked } from '../../../../../src/runner/stream/check';
import { failureOf } from '../../_dump';

/** Header, an auxiliary field, database 0, the key "k" with the value "v". */
const BODY = Buffer.concat([
  Buffer.from('REDIS0010'),
  Buffer.from('\xfa\x09redis-ver\x067.0.15', 'latin1'),
  Buffer.from('\xfe\x00\x00\x01k\x01v\xff', 'latin1'),
]);
const SNAPSHOT = withChecksum(BODY);

test('lets a whole snapshot through unchanged, however it is cut', async () => {
  for (let size = 1; size <= SNAPSHOT.length; size++) expect(await pass(...cut(SNAPSHOT, size))).toEqual(SNAPSHOT);
});

test('accepts a snapshot of a server that writes no checksums', async () => {
  const snapshot = Buffer.concat([BODY, Buffer.alloc(8)]);
  expect(await pass(snapshot)).toEqual(snapshot);
});

test('refuses a snapshot that is cut short anywhere', async () => {
  for (let length = 0; length < SNAPSHOT.length; length++) {
    const error = await failureOf(pass(...cut(SNAPSHOT.subarray(0, length), 5)));
    expect(error.exitCode).toBe(ExitCode.CORRUPT);
  }
  expect((await failureOf(pass())).message).toContain('ends after 0 bytes');
});

test('refuses a snapshot with any byte changed', async () => {
  for (let at = 0; at < SNAPSHOT.length; at++) {
    const damaged = Buffer.from(SNAPSHOT);
    damaged[at] = damaged[at]! + 1;
    await expect(pass(damaged)).rejects.toMatchObject({ exitCode: ExitCode.CORRUPT });
  }
});

test('refuses stray bytes at the end, as redis-cli leaves them on a pipe', async () => {
  await expect(pass(SNAPSHOT, Buffer.from('0123456789abcdef0123456789abcdef01234567'))).rejects.toThrow('no end marker');
});

test('refuses what is no snapshot', async () => {
  await expect(pass(Buffer.from('-ERR something went wrong and this is the message\r\n'))).rejects.toThrow('does not begin as a snapshot does');
  await expect(pass(withChecksum(Buffer.from('REDIS0003\xff', 'latin1')))).rejects.toThrow('too old');
});

function pass(...chunks: readonly Buffer[]): Promise<Buffer> {
  return buffer(checked(Readable.from(chunks), RdbCheck.of('redis db:6379')));
}

function cut(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
}

function withChecksum(body: Buffer): Buffer {
  const crc = new Crc64();
  crc.update(body);
  return Buffer.concat([body, Buffer.from(crc.hex(), 'hex').reverse()]);
}
