import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Service } from './service';
import { ExitCode } from '../../contract/exit-code';
import { codeOf, messageOf, RunnerError } from '../core/errors';

/** A body that breaks off this often in a row without one more byte is given up. */
const MAX_FRUITLESS_RESUMES = 5;
const RESUME_WAIT_MS = 500;

/** The answer to a request for an object, or for what is left of it. */
export interface Opened {
  readonly body: Readable;
  /** Of the whole answer, where the service says it. */
  readonly bytes: number | undefined;
  readonly etag: string | undefined;
}

export interface Resumable {
  readonly service: Service;
  readonly key: string;
  /**
   * Asks for the object from this byte on; the rest has to be of the same version.
   *
   * @param etag of the version, where it is not the first request
   */
  open(from: number, etag?: string): Promise<Opened>;
  /** Says what a failure means that ends the download. */
  explain(error: unknown): Error;
}

/**
 * Reads an object, and takes up again a body that breaks off, where it ended: otherwise one reset spoils a download of hours, and a reader that
 * pauses, as a restore does while it builds an index, loses its connection.
 */
export async function resumed({ service, key, open, explain }: Resumable, signal: AbortSignal): Promise<Readable> {
  const first = await open(0);
  const total = first.bytes;
  const quiet = (stream: Readable) => stream.on('error', () => {}); // the same error reaches whoever reads
  let body = quiet(first.body);

  async function* chunks(): AsyncGenerator<Buffer> {
    let bytes = 0;
    let fruitless = 0;
    while (true) {
      let cause: unknown;
      const iterator = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
      const next = () => iterator.next().catch(error => {
        signal.throwIfAborted();
        cause = error;
        return { done: true, value: undefined } as const;
      });
      // Not for await: an error of the reader, which arrives at the yield, would pass for one of the body.
      for (let chunk = await next(); !chunk.done; chunk = await next()) {
        bytes += chunk.value.length;
        fruitless = 0;
        yield chunk.value;
      }
      if (cause === undefined && (total === undefined || bytes === total)) return;
      if (total !== undefined && bytes > total) throw new RunnerError(`${service.name}: ${key} is longer than announced`, ExitCode.CORRUPT);
      if (!isResumable(cause) || total === undefined) throw explain(cause);
      if (++fruitless > MAX_FRUITLESS_RESUMES) {
        throw new RunnerError(
          `${service.name} (${service.location}): can't read ${key}: it breaks off after ${bytes} of ${total} bytes again and again` +
            `${cause === undefined ? '' : ` (${messageOf(cause)})`}: look at the service's health, and at proxies on the way`,
          ExitCode.UNAVAILABLE, { cause },
        );
      }
      await sleep(RESUME_WAIT_MS * (fruitless - 1), undefined, { signal }).catch(() => signal.throwIfAborted());
      // Everything is there, only the end was not clean.
      if (bytes === total) return;
      body = quiet((await open(bytes, first.etag)).body);
    }
  }
  // A reader that goes away early, even before it begins, must not leave the connection open.
  return Readable.from(chunks(), { objectMode: false }).once('close', () => body.destroy());
}

function isResumable(cause: unknown): boolean {
  return cause === undefined
    || ['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ERR_STREAM_PREMATURE_CLOSE'].includes(codeOf(cause) ?? '')
    || (cause as Error).name === 'TimeoutError'
    || messageOf(cause) === 'aborted';
}
