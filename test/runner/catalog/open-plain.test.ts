import { Readable, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { openPlain } from '../../../src/runner/catalog/open-plain';
import { expectDigest } from '../../../src/runner/stream/expect-digest';
import { anArtifact } from '../_fixtures';

const ID = 'app_20261122_020000';
const MIB = 1024 * 1024;
const ZEROS = Buffer.alloc(64 * MIB);

/** Bytes that came out before it failed. */
async function bytesBefore(failing: Readable, message: RegExp): Promise<number> {
  let bytes = 0;
  const counter = new Writable({
    write: (chunk: Buffer, _encoding, callback) => {
      bytes += chunk.length;
      callback();
    },
  });
  await expect(pipeline(failing, counter)).rejects.toThrow(message);
  return bytes;
}

test.each([['zstd', zstdCompressSync], ['gzip', gzipSync], ['none', (plain: Buffer) => plain]] as const)(
  'of content that is longer than its record says nearly nothing is written: %s', async (algorithm, pack) => {
    const artifact = anArtifact(ID, { plainBytes: 1000, compression: { algorithm, level: 3, where: 'outside' } });
    const stored = Readable.from([pack(ZEROS)]);
    expect(await bytesBefore(openPlain(artifact, stored, null), /app_20261122_020000\.db\.zst holds more than the 1000 bytes.*restore another backup/)).toBeLessThanOrEqual(1000);
    expect(stored.destroyed).toBe(true);
  });

test('content that ends before its record says is refused', async () => {
  const opened = (plainBytes: number | null) => openPlain(anArtifact(ID, { plainBytes }), Readable.from([zstdCompressSync(Buffer.from('abc'))]), null);
  await expect(buffer(opened(4))).rejects.toThrow('holds only 3 of the 4 bytes');
  expect(String(await buffer(opened(3)))).toBe('abc');
  expect(String(await buffer(opened(null)))).toBe('abc'); // compressed inside: nobody has counted
});

test('of a file that is longer than its record says nearly nothing is written', async () => {
  const checked = Readable.from(Array.from({ length: 64 }, () => ZEROS.subarray(0, MIB))).compose(expectDigest({ bytes: 2 * MIB, sha256: '' }, 'the file', () => {})) as Readable;
  expect(await bytesBefore(checked, /the file is damaged: it has more than the 2097152 bytes/)).toBeLessThanOrEqual(2 * MIB);
});
