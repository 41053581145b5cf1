import { pipeline, Readable, Transform, TransformCallback } from 'node:stream';

/** Looks at bytes on their way. Both methods throw when something is wrong. */
export interface Check {
  /** Sees every chunk, and must not change or keep it. */
  add(chunk: Buffer): void;
  /** The source has ended well: is what was seen whole? */
  end(): void;
}

/** `body` unchanged, except that it fails where `check` does. Destroying it destroys `body`. */
export function checked(body: Readable, check: Check): Readable {
  // Errors of either reach the reader through the stream that is returned.
  return pipeline(body, new CheckStream(check), () => {});
}

class CheckStream extends Transform {
  constructor(private readonly check: Check) {
    super();
  }

  public override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    try {
      this.check.add(chunk);
      callback(null, chunk);
    } catch (error) {
      callback(error as Error);
    }
  }

  public override _flush(callback: TransformCallback): void {
    try {
      this.check.end();
      callback();
    } catch (error) {
      callback(error as Error);
    }
  }
}
