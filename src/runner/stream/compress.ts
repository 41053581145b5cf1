import { PassThrough, Transform } from 'node:stream';
import { constants, createGunzip, createGzip, createZstdCompress, createZstdDecompress } from 'node:zlib';
import { CompressionConfig } from '../../contract/config';

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

/** Undoes {@link compress}; fails on a truncated or damaged stream. */
export function decompress(algorithm: CompressionConfig['algorithm']): Transform {
  switch (algorithm) {
    case 'gzip': return createGunzip({ chunkSize });
    case 'zstd': return createZstdDecompress({ chunkSize });
    case 'none': return new PassThrough();
  }
}
