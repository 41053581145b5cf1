import { createHash } from 'node:crypto';
import { Transform, TransformCallback } from 'node:stream';

/** Passes bytes through unchanged, counts and hashes them on the way. */
export class DigestStream extends Transform {
  private readonly hash = createHash('sha256');
  private count = 0;

  /** @param onBytes is told the length of every chunk */
  constructor(private readonly onBytes: (bytes: number) => void = () => {}) {
    super();
  }

  /** Bytes so far. */
  public get bytes(): number {
    return this.count;
  }

  /** Lower-case hex SHA-256 of what passed through. Call once, after the stream has ended. */
  public sha256(): string {
    return this.hash.digest('hex');
  }

  public override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.hash.update(chunk);
    this.count += chunk.length;
    this.onBytes(chunk.length);
    callback(null, chunk);
  }
}
