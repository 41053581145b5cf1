import { pipeline, Readable } from 'node:stream';
import { pipeline as piped } from 'node:stream/promises';
import { CompressionConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { messageOf, RunnerError } from '../core/errors';
import { decompress, isUndecompressible } from '../stream/compress';
import { DigestStream } from '../stream/digest';

/*
 * Files that were compressed as a whole, by gzip or zstd. The content decides, since names do not tell: an archive of postgres-backup-local
 * is called .sql.gz, and is neither.
 */

export type Wrapping = CompressionConfig['algorithm'];

const MAGIC: readonly (readonly [Wrapping, Buffer])[] = [['gzip', Buffer.from([0x1f, 0x8b])], ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd])]];
const MAGIC_BYTES = 4;
/** What such files end in; there may be such a file without it. */
export const WRAPPED = /\.(gz|zst)$/;

/** How many bytes there are, and their SHA-256. */
export interface Sum {
  readonly bytes: number;
  readonly sha256: string;
}

/** How a file is compressed, by its first bytes; destroys the rest. */
export async function wrappingOf(file: Readable): Promise<Wrapping> {
  let head = Buffer.alloc(0);
  for await (const chunk of file as AsyncIterable<Buffer>) {
    head = Buffer.concat([head, chunk.subarray(0, MAGIC_BYTES)]);
    if (head.length >= MAGIC_BYTES) break; // which destroys the stream
  }
  return MAGIC.find(([, magic]) => head.subarray(0, magic.length).equals(magic))?.[0] ?? 'none';
}

/** The content of a file. Destroying it destroys the file, whose errors go to it as well. */
export function unwrap(file: Readable, wrapping: Wrapping): Readable {
  return wrapping === 'none' ? file : pipeline(file, decompress(wrapping), () => {});
}

/**
 * Decompresses all of a file, and keeps nothing of it.
 *
 * @throws RunnerError if it is cut short or damaged, or if anything follows the compressed content: what is decompressed may then be a part only
 */
export async function measure(file: Readable, wrapping: Exclude<Wrapping, 'none'>, onBytes: (bytes: number) => void): Promise<{ readonly file: Sum; readonly content: Sum }> {
  const [stored, decompressor, content] = [new DigestStream(onBytes), decompress(wrapping), new DigestStream()] as const;
  content.resume();
  try {
    await piped(file, stored, decompressor, content);
  } catch (error) {
    throw undecompressible(error) ?? error;
  }
  if (decompressor.bytesWritten !== stored.bytes) {
    throw damaged(`something follows its ${wrapping} data, which end after ${decompressor.bytesWritten} bytes: if "${wrapping} --test" has nothing against it, decompress it, and import that`);
  }
  return { file: { bytes: stored.bytes, sha256: stored.sha256() }, content: { bytes: content.bytes, sha256: content.sha256() } };
}

/** The failure of a file that can't be decompressed; `undefined` if the error is of another kind. */
export function undecompressible(error: unknown): RunnerError | undefined {
  return isUndecompressible(error) ? damaged(`it can't be decompressed (${messageOf(error)}): it is cut short or damaged`) : undefined;
}

export function damaged(why: string): RunnerError {
  return new RunnerError(why, ExitCode.CORRUPT);
}
