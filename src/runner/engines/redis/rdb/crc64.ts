/*
 * CRC-64/Jones as Redis uses it: reflected, no initial value, no final inversion.
 *
 * JavaScript has no 64-bit integers that are fast, so every value is kept as two halves of 32 bits; eight bytes at a time, with
 * one table for each of the eight positions.
 */
/* eslint-disable no-bitwise */

/** The polynomial 0xad93d23594c935a9, bits reversed. */
const POLYNOMIAL_LOW = 0xac4bc9b5 | 0;
const POLYNOMIAL_HIGH = 0x95ac9329 | 0;
const POSITIONS = 8;
let made: ReturnType<typeof tables> | undefined;

/** A checksum in the making. */
export class Crc64 {
  private low = 0;
  private high = 0;

  public update(bytes: Uint8Array): void {
    const [lows, highs] = made ??= tables(); // not before: most commands need none
    let low = this.low;
    let high = this.high;
    const length = bytes.length;
    let at = 0;
    for (const end = length - 7; at < end; at += 8) {
      const a = low ^ (bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24);
      const b = high ^ (bytes[at + 4]! | bytes[at + 5]! << 8 | bytes[at + 6]! << 16 | bytes[at + 7]! << 24);
      const i0 = 0x700 | a & 255;
      const i1 = 0x600 | a >>> 8 & 255;
      const i2 = 0x500 | a >>> 16 & 255;
      const i3 = 0x400 | a >>> 24;
      const i4 = 0x300 | b & 255;
      const i5 = 0x200 | b >>> 8 & 255;
      const i6 = 0x100 | b >>> 16 & 255;
      const i7 = b >>> 24;
      low = lows[i0]! ^ lows[i1]! ^ lows[i2]! ^ lows[i3]! ^ lows[i4]! ^ lows[i5]! ^ lows[i6]! ^ lows[i7]!;
      high = highs[i0]! ^ highs[i1]! ^ highs[i2]! ^ highs[i3]! ^ highs[i4]! ^ highs[i5]! ^ highs[i6]! ^ highs[i7]!;
    }
    for (; at < length; at++) {
      const index = (low ^ bytes[at]!) & 255;
      low = (low >>> 8 | high << 24) ^ lows[index]!;
      high = high >>> 8 ^ highs[index]!;
    }
    this.low = low;
    this.high = high;
  }

  /** Whether the bytes so far end with the checksum of those before, lowest byte first: the remainder then is zero. */
  public endsWithItself(): boolean {
    return this.low === 0 && this.high === 0;
  }

  /** The checksum of the bytes so far, lowest byte first, as Redis writes it. */
  public bytes(): Buffer {
    const bytes = Buffer.alloc(8);
    bytes.writeInt32LE(this.low, 0);
    bytes.writeInt32LE(this.high, 4);
    return bytes;
  }

  /** The checksum of the bytes so far, 16 digits of lower-case hex. */
  public hex(): string {
    return [this.high, this.low].map(half => (half >>> 0).toString(16).padStart(8, '0')).join('');
  }
}

/** Remainders of each byte at each of the eight positions: the first 256 for the last position, and so on. */
function tables(): [low: Int32Array, high: Int32Array] {
  const lows = new Int32Array(POSITIONS * 256);
  const highs = new Int32Array(POSITIONS * 256);
  for (let byte = 0; byte < 256; byte++) {
    let low = byte;
    let high = 0;
    for (let bit = 0; bit < 8; bit++) {
      const carry = low & 1;
      low = low >>> 1 | high << 31;
      high >>>= 1;
      if (carry) {
        low ^= POLYNOMIAL_LOW;
        high ^= POLYNOMIAL_HIGH;
      }
    }
    lows[byte] = low;
    highs[byte] = high;
  }
  for (let index = 256; index < lows.length; index++) {
    const low = lows[index - 256]!;
    const high = highs[index - 256]!;
    lows[index] = (low >>> 8 | high << 24) ^ lows[low & 255]!;
    highs[index] = high >>> 8 ^ highs[low & 255]!;
  }
  return [lows, highs];
}
