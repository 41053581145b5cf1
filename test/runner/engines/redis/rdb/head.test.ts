import { Readable } from 'node:stream';
import { parseRdbHead, readRdbHead } from '../../../../../src/runner/engines/redis/rdb/head';

const HEAD = Buffer.from('REDIS0010\xfa\x09redis-ver\x067.0.15\xfa\x0aredis-bits\xc0\x40\xfa\x05ctime\xc2\x00\x00\x00\x65\xfa\x08used-mem\xc2\x40\x42\x0f\x00\xfe\x00', 'latin1');

test('tells format, version and memory, however it is cut', async () => {
  const expected = { format: { family: 'redis', version: 10 }, serverVersion: '7.0.15', begunAt: new Date(0x65000000 * 1000), usedMemory: 1_000_000 };
  expect(parseRdbHead(HEAD)).toEqual(expected);
  expect(await readRdbHead(Readable.from([...HEAD].map(byte => Buffer.from([byte]))))).toEqual(expected);
});

test('tells what it can of a head that is cut short or has no fields', () => {
  for (let length = 9; length < HEAD.length; length++) expect(parseRdbHead(HEAD.subarray(0, length))).toMatchObject({ format: { version: 10 } });
  expect(parseRdbHead(Buffer.from('REDIS0099\xff', 'latin1'))).toEqual({ format: { family: 'redis', version: 99 }, serverVersion: null, begunAt: null, usedMemory: null });
});

test('tells a snapshot of Valkey', () => {
  expect(parseRdbHead(Buffer.from('VALKEY080\xfa\x0avalkey-ver\x059.1.2\xff', 'latin1'))).toEqual({ format: { family: 'valkey', version: 80 }, serverVersion: '9.1.2', begunAt: null, usedMemory: null });
});

test.each(['', 'REDIS', 'REDISabcd', 'PGDMP0010', 'VALKEY08'])('%j is no snapshot', text => {
  expect(parseRdbHead(Buffer.from(text))).toBeUndefined();
});
