import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { BackedUp } from './_redis';
import { artifactOf } from './_restore';
import { Crc64 } from '../../../src/runner/engines/redis/rdb/crc64';

/** Replaces the snapshot of a backup by another, with a record and a checksum file that say so. */
export function editSnapshot({ directory, id }: BackedUp, edit: (snapshot: Buffer) => Buffer): void {
  const file = artifactOf(directory, id);
  const edited = edit(zstdDecompressSync(readFileSync(file)));
  const stored = zstdCompressSync(edited);
  writeFileSync(file, stored);
  const record = JSON.parse(readFileSync(path.join(directory, `${id}.json`), 'utf8'));
  const [artifact] = record.artifacts;
  Object.assign(artifact, { plainBytes: edited.length, bytes: stored.length, sha256: createHash('sha256').update(stored).digest('hex') });
  writeFileSync(path.join(directory, `${id}.json`), JSON.stringify(record));
}

/** Type 7, key, and what the module wrote for itself: a string, and the end. In database 0, where all servers have it. */
export function withModuleValue(snapshot: Buffer, type = 'MBbloom--'): Buffer {
  const id = Buffer.alloc(9, 0x81);
  id.writeBigUInt64BE([...type].reduce((sum, character) => sum * 64n + BigInt(MODULE_CHARACTERS.indexOf(character)), 0n) * 1024n, 1);
  return inDatabase0(snapshot, Buffer.concat([Buffer.from([7, 1]), Buffer.from('m'), id, Buffer.from([5, 1]), Buffer.from('x'), Buffer.from([0])]));
}

export const MODULE_CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

export function withOtherFunctions(snapshot: Buffer): Buffer {
  const code = '#!js name=other\n1';
  return inDatabase0(snapshot, Buffer.concat([Buffer.from([245, code.length]), Buffer.from(code)]));
}

export const END = Buffer.from([0xff]);

/** Without what is in database 20, which comes last. */
export function inDatabase0(snapshot: Buffer, more: Buffer): Buffer {
  const body = Buffer.concat([snapshot.subarray(0, snapshot.lastIndexOf(Buffer.from([0xfe, 20]))), Buffer.from([0xfe, 0]), more, END]);
  const crc = new Crc64();
  crc.update(body);
  return Buffer.concat([body, crc.bytes()]);
}

export function damageInside(snapshot: Buffer): Buffer {
  const changed = Buffer.from(snapshot);
  const middle = Math.floor(changed.length / 2);
  changed[middle] = changed[middle]! ^ 1; // eslint-disable-line no-bitwise
  return changed;
}

export function makeNewer(snapshot: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from('REDIS0099'), snapshot.subarray(9, -8)]);
  const crc = new Crc64();
  crc.update(body);
  return Buffer.concat([body, Buffer.from(crc.hex(), 'hex').reverse()]);
}
