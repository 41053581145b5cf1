/*
 * Bech32 (BIP 173), as far as it takes to find a mistyped recipient of age at synth rather than in the first night. The runner leaves
 * this to the library, which the constructs do not depend on.
 */
const LETTERS = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const CHECKSUM_LETTERS = 6;
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

/** The bytes in a text such as `age1…`; `undefined` if its checksum is wrong, or it is none. */
export function decodeBech32(text: string): { readonly prefix: string; readonly bytes: readonly number[] } | undefined {
  const separator = text.lastIndexOf('1');
  const prefix = text.slice(0, separator);
  const values = [...text.slice(separator + 1)].map(letter => LETTERS.indexOf(letter));
  if (separator < 1 || values.length < CHECKSUM_LETTERS || values.includes(-1)) return undefined;
  const codes = [...prefix].map(letter => letter.charCodeAt(0));
  if (checksum([...codes.map(code => Math.floor(code / 32)), 0, ...codes.map(code => code % 32), ...values]) !== 1) return undefined;
  const bytes = toBytes(values.slice(0, -CHECKSUM_LETTERS));
  return bytes && { prefix, bytes };
}

/* eslint-disable no-bitwise */

function checksum(values: readonly number[]): number {
  let sum = 1;
  for (const value of values) {
    const top = sum >>> 25;
    sum = (sum & 0x1ffffff) << 5 ^ value;
    for (const [bit, generator] of GENERATOR.entries()) {
      if (top >>> bit & 1) sum ^= generator;
    }
  }
  return sum >>> 0;
}

/** From 5 to 8 bits; `undefined` if what is left over is not zero. */
function toBytes(values: readonly number[]): readonly number[] | undefined {
  const bytes: number[] = [];
  let bits = 0;
  let rest = 0;
  for (const value of values) {
    rest = (rest << 5 | value) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push(rest >>> bits & 0xff);
  }
  return bits < 5 && (rest & (1 << bits) - 1) === 0 ? bytes : undefined;
}
