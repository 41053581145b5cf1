/*
 * What both directions know of the payload of an age file (age-encryption.org/v1): a nonce of 16 bytes, and chunks of 64 KiB, each
 * sealed with ChaCha20-Poly1305 under its own number, the last one marked as the last. So nothing of it can be changed, swapped,
 * repeated or cut off unnoticed, and each chunk is proved before the next one is read.
 *
 * The header, and with it all that deals with keys, is the library's: see `keys.ts`.
 */
import { hkdfSync } from 'node:crypto';

/** Plain bytes of a chunk; only the last one may have fewer, and none at all only if it is the first. */
export const CHUNK_BYTES = 64 * 1024;
export const TAG_BYTES = 16;
export const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES;
/** Stands between header and chunks. */
export const NONCE_BYTES = 16;
export const CIPHER = 'chacha20-poly1305';

/** The key of the chunks. */
export function payloadKey(fileKey: Uint8Array, nonce: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', fileKey, nonce, 'payload', 32));
}

/** Nonces of the chunks, in their order. */
export class ChunkNonces {
  private readonly nonce = Buffer.alloc(12);
  private chunks = 0;

  /** How many there were. */
  public get count(): number {
    return this.chunks;
  }

  /** The next one. It is overwritten by the one after it. */
  public next(last: boolean): Buffer {
    this.nonce.writeUIntBE(this.chunks, 5, 6); // 2^48 chunks are 18 exabytes
    this.nonce[11] = last ? 1 : 0;
    this.chunks += 1;
    return this.nonce;
  }
}

/** Bytes that were not used yet, taken in pieces of a given size. */
export class Backlog {
  private chunks: Buffer[] = [];
  private bytes = 0;

  public get length(): number {
    return this.bytes;
  }

  public add(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.chunks.push(chunk);
    this.bytes += chunk.length;
  }

  /** The first `count` bytes, of which there are as many. Copies only where they come from several chunks. */
  public take(count: number): Buffer {
    this.bytes -= count;
    const first = this.chunks[0];
    if (first === undefined || count === 0) return Buffer.alloc(0);
    if (first.length > count) {
      this.chunks[0] = first.subarray(count);
      return first.subarray(0, count);
    }
    const parts: Buffer[] = [];
    let missing = count;
    while (missing > 0) {
      const head = this.chunks[0]!;
      const part = head.subarray(0, missing);
      if (part.length === head.length) this.chunks.shift(); else this.chunks[0] = head.subarray(part.length);
      parts.push(part);
      missing -= part.length;
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts, count);
  }
}
