import { PassThrough, Transform } from 'node:stream';
import { constants, createGunzip, createGzip, createZstdCompress, createZstdDecompress } from 'node:zlib';
import { CompressionConfig } from '../../contract/config';

/** Compresses what passes through into one gzip member or one zstd frame, with its checksum. */
export function compress({ algorithm, level }: CompressionConfig): Transform {
  switch (algorithm) {
    case 'gzip': return createGzip({ level });
    // One frame, one thread: Node 24 fails on several threads, and its decompressor stops after the first frame.
    case 'zstd': return createZstdCompress({
      params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 },
    });
    case 'none': return new PassThrough();
  }
}

/** Undoes {@link compress}; fails on a truncated or damaged stream. */
export function decompress(algorithm: CompressionConfig['algorithm']): Transform {
  switch (algorithm) {
    case 'gzip': return createGunzip();
    case 'zstd': return createZstdDecompress();
    case 'none': return new PassThrough();
  }
}
