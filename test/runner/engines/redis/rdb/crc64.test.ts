import { randomBytes } from 'node:crypto';
import { Crc64 } from '../../../../../src/runner/engines/redis/rdb/crc64';

/* eslint-disable no-bitwise */
const POLYNOMIAL = 0x95ac9329ac4bc9b5n;

test('is the checksum of Redis', () => {
  expect(crcOf(Buffer.from('123456789'))).toBe('e9c6d914c4b8d9ca');
  expect(crcOf(Buffer.alloc(0))).toBe('0000000000000000');
});

test('agrees with the definition, bit by bit, for any length and any cut', () => {
  const bytes = randomBytes(300);
  for (let length = 0; length <= bytes.length; length += 7) {
    const part = bytes.subarray(0, length);
    for (const cut of [0, 1, 5, 8, 9]) expect(crcOf(part.subarray(0, cut), part.subarray(cut))).toBe(byDefinition(part));
  }
});

test('knows bytes that end with their own checksum', () => {
  const bytes = randomBytes(1000);
  const checksum = Buffer.from(crcOf(bytes), 'hex').reverse();
  const crc = new Crc64();
  crc.update(bytes);
  expect(crc.endsWithItself()).toBe(false);
  crc.update(checksum);
  expect(crc.endsWithItself()).toBe(true);

  bytes[500]! += 1;
  const damaged = new Crc64();
  damaged.update(Buffer.concat([bytes, checksum]));
  expect(damaged.endsWithItself()).toBe(false);
});

function crcOf(...chunks: readonly Buffer[]): string {
  const crc = new Crc64();
  for (const chunk of chunks) crc.update(chunk);
  return crc.hex();
}

function byDefinition(bytes: Buffer): string {
  let crc = 0n;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? crc >> 1n ^ POLYNOMIAL : crc >> 1n;
  }
  return crc.toString(16).padStart(16, '0');
}
