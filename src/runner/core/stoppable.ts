import { Readable } from 'node:stream';

/**
 * A stream of what `chunks` yields; destroying it calls `stop`, which must end whatever the generator waits for.
 *
 * Without that a generator learns that nobody reads it any more when its next chunk comes: a program that waits for a lock, or a
 * server that went silent, would be waited for.
 */
export function stoppable(chunks: AsyncGenerator<Buffer>, stop: () => void): Readable {
  const stream = Readable.from(chunks, { objectMode: false });
  const destroy = stream._destroy.bind(stream);
  stream._destroy = (error, callback) => {
    stop();
    destroy(error, callback);
  };
  return stream;
}
