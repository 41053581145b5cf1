import { Crc64 } from './crc64';
import { headerOf } from './format';

/* eslint-disable no-bitwise */

const AUX = 250;
const EXPIRY_MS = 252;
const SELECT = 254;
const END = 255;

/** Makes the pieces of a snapshot, in the order in which they are asked for. */
export class RdbWriter {
  private readonly crc = new Crc64();

  public header(version: number, fields: { readonly [name: string]: string }): Buffer {
    const pieces = Object.entries(fields).flatMap(field => [Buffer.from([AUX]), ...field.flatMap(text => stringOf(Buffer.from(text)))]);
    return this.passed([Buffer.from(headerOf(version)), ...pieces]);
  }

  /** What stands for itself: functions, as FUNCTION DUMP has them. */
  public raw(bytes: Buffer): Buffer {
    return this.passed([bytes]);
  }

  public database(number: number): Buffer {
    return this.passed([Buffer.from([SELECT]), lengthOf(number)]);
  }

  /** @param value type and value, as DUMP has them */
  public key(key: Buffer, value: Buffer, expiresAt: number | null): Buffer {
    const expiry = Buffer.alloc(expiresAt === null ? 0 : 9, EXPIRY_MS);
    if (expiresAt !== null) expiry.writeBigInt64LE(BigInt(expiresAt), 1);
    return this.passed([expiry, value.subarray(0, 1), ...stringOf(key), value.subarray(1)]);
  }

  public end(): Buffer {
    const end = this.passed([Buffer.from([END])]);
    return Buffer.concat([end, this.crc.bytes()]);
  }

  private passed(pieces: readonly Buffer[]): Buffer {
    const bytes = Buffer.concat(pieces);
    this.crc.update(bytes);
    return bytes;
  }
}

function stringOf(bytes: Buffer): Buffer[] {
  return [lengthOf(bytes.length), bytes];
}

function lengthOf(length: number): Buffer {
  if (length < 0x40) return Buffer.from([length]);
  if (length < 0x4000) return Buffer.from([0x40 | length >> 8, length & 0xff]);
  const bytes = Buffer.alloc(5, 0x80);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}
