import { Transform, TransformCallback } from 'node:stream';

/**
 * Passes bytes through, the last chunk only after the stream before it has ended well.
 *
 * A program that needs all of its input then can't have succeeded when a digest at the end turns out to be wrong.
 */
export function withholdEnd(): Transform {
  let held: Buffer | null = null;
  return new Transform({
    transform(chunk: Buffer, _encoding, callback: TransformCallback) {
      const before = held;
      held = chunk;
      callback(null, before ?? undefined);
    },
    flush(callback: TransformCallback) {
      callback(null, held ?? undefined);
    },
  });
}
