import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';

/** Bytes that no compression or deduplication shortens, and their SHA-256 once they are read. */
export function randomBody(bytes: number): { readonly stream: Readable; digest(): string } {
  const hash = createHash('sha256');
  function* chunks(): Generator<Buffer> {
    for (let left = bytes; left > 0; left -= 65_536) {
      const chunk = randomBytes(Math.min(left, 65_536));
      hash.update(chunk);
      yield chunk;
    }
  }
  return { stream: Readable.from(chunks(), { objectMode: false }), digest: () => hash.digest('hex') };
}

/** Gives that many bytes, then nothing more until `end` is called. */
export function stalledBody(bytes: number): { readonly stream: Readable; end(): void } {
  let end = () => {};
  const ended = new Promise<void>(resolve => {
    end = resolve;
  });
  async function* chunks(): AsyncGenerator<Buffer> {
    yield* randomBody(bytes).stream;
    await ended;
  }
  const source = chunks();
  const stream = new Readable({
    read() {
      source.next().then(({ done, value }) => this.push(done ? null : value as Buffer), error => this.destroy(error));
    },
  });
  return { stream, end };
}

export async function sha256Of(stream: Readable): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of stream) hash.update(chunk);
  return hash.digest('hex');
}

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found = [];
  for await (const item of items) found.push(item);
  return found;
}

/** What a promise rejects with. */
export async function failureOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(() => {
    throw new Error('expected a failure');
  }, error => error);
}
