import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { measure, unwrap, wrappingOf } from '../../../src/runner/import/wrapping';

const CONTENT = Buffer.concat([Buffer.from('a beginning '.repeat(1000)), randomBytes(20_000)]);
const FORMS = [['gzip', gzipSync(CONTENT)], ['zstd', zstdCompressSync(CONTENT, { params: { [constants.ZSTD_c_checksumFlag]: 1 } })]] as const;
/** Pieces of a file, among them those that end where the compressed data end. */
const PIECES = [1, 1000, Infinity];

function inPieces(bytes: Buffer, size: number): Readable {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return Readable.from(pieces);
}

describe.each(FORMS)('a file that %s has compressed', (wrapping, whole) => {
  const measured = (bytes: Buffer, size = 65_536) => measure(inPieces(bytes, size), wrapping, () => {});

  test('is told by its first bytes, decompressed, and measured', async () => {
    expect(await wrappingOf(inPieces(whole, 1))).toBe(wrapping);
    expect((await buffer(unwrap(inPieces(whole, 1000), wrapping))).equals(CONTENT)).toBe(true);
    const sizes = { file: { bytes: whole.length }, content: { bytes: CONTENT.length } };
    for (const size of PIECES) expect(await measured(whole, size)).toMatchObject(sizes);
  });

  test('is refused where it is cut short, anywhere', async () => {
    for (const left of [0, 1, 4, 20, 10_000, whole.length - 9, whole.length - 1]) {
      await expect(measured(whole.subarray(0, left))).rejects.toThrow(/^it can't be decompressed \(.+\): it is cut short or damaged$/);
    }
  });

  test('is refused where a bit of its data was changed', async () => {
    for (const at of [30, 1000, 10_000, whole.length - 1]) {
      const changed = Buffer.from(whole);
      changed[at]! ^= 1; // eslint-disable-line no-bitwise
      await expect(measured(changed)).rejects.toThrow(/^it can't be decompressed/);
    }
  });

  test.each([['a byte', Buffer.from('x')], ['zeros', Buffer.alloc(512)], ['many zeros', Buffer.alloc(300_000)], ['anything', randomBytes(300_000)]])(
    'is refused where %s follow, however it is read', async (_, rest) => {
      for (const size of [1000, whole.length, Infinity]) {
        await expect(measured(Buffer.concat([whole, rest]), size)).rejects.toThrow(/^(it can't be decompressed|something follows its (gzip|zstd) data)/);
      }
    });
});

test('anything else is not compressed', async () => {
  for (const bytes of [CONTENT, Buffer.from([0x1f]), Buffer.alloc(0)]) expect(await wrappingOf(inPieces(bytes, 3))).toBe('none');
});
