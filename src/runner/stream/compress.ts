import { PassThrough, Transform } from 'node:stream';
import { constants, createGunzip, createGzip, createZstdCompress, createZstdDecompress } from 'node:zlib';
import { CompressionConfig } from '../../contract/config';
import { codeOf } from '../core/errors';

/** Node's 16 kB for a piece of output means a change of threads for each. */
const chunkSize = 1024 * 1024;

/** Compresses what passes through into one gzip member or one zstd frame, with its checksum. */
export function compress({ algorithm, level }: CompressionConfig): Transform {
  switch (algorithm) {
    case 'gzip': return createGzip({ level, chunkSize });
    // One frame, one thread: Node 24 fails on several threads, and its decompressor stops after the first frame.
    case 'zstd': return createZstdCompress({
      chunkSize,
      params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 },
    });
    case 'none': return new PassThrough();
  }
}

/** Undoes {@link compress}; fails on a truncated or damaged stream. Of what follows the end of the stream it makes no use, and counts none. */
export function decompress(algorithm: 'gzip' | 'zstd'): Transform & { readonly bytesWritten: number };
export function decompress(algorithm: CompressionConfig['algorithm']): Transform;
export function decompress(algorithm: CompressionConfig['algorithm']): Transform {
  switch (algorithm) {
    case 'gzip': return createGunzip({ chunkSize });
    case 'zstd': return createZstdDecompress({ chunkSize });
    case 'none': return new PassThrough();
  }
}

/** Whether an error is that of a decompressor whose input is damaged. */
export function isUndecompressible(error: unknown): boolean {
  return /^(Z_|ZSTD_|ERR_ZLIB|ERR_ZSTD)/.test(codeOf(error) ?? '');
}
