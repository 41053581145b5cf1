import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetObjectCommand, GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { S3Target } from './client';
import { explainS3Error } from './errors';
import { ExitCode } from '../../../contract/exit-code';
import { codeOf, messageOf, RunnerError } from '../../core/errors';

/** A body that breaks off this often in a row without one more byte is given up. */
const MAX_FRUITLESS_RESUMES = 5;
const RESUME_WAIT_MS = 500;

/**
 * Opens an object for reading.
 *
 * The SDK retries requests, not bodies. Here a body that breaks off is taken up again where it ended: otherwise one reset spoils
 * a download of hours, and a reader that pauses, as a restore does while it builds an index, loses its connection.
 */
export async function download(target: S3Target, key: string, signal: AbortSignal): Promise<Readable> {
  const { client, bucket, keyPrefix } = target;
  const doing = `read ${key}`;

  const request = async (from: number, etag?: string): Promise<GetObjectCommandOutput> => {
    try {
      return await client.send(new GetObjectCommand({
        Bucket: bucket,
        Key: keyPrefix + key,
        ...from > 0 && { Range: `bytes=${from}-`, IfMatch: etag },
      }), { abortSignal: signal });
    } catch (error) {
      signal.throwIfAborted();
      throw explainS3Error(error, target, doing);
    }
  };

  const first = await request(0);
  const total = first.ContentLength;
  let body = bodyOf(first);

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
      if (total !== undefined && bytes > total) throw new RunnerError(`${target.name}: ${key} is longer than announced`, ExitCode.CORRUPT);
      if (!isResumable(cause) || total === undefined) throw explainS3Error(cause, target, doing);
      if (++fruitless > MAX_FRUITLESS_RESUMES) {
        throw new RunnerError(
          `${target.name} (${target.location}): can't ${doing}: it breaks off after ${bytes} of ${total} bytes again and again` +
            `${cause === undefined ? '' : ` (${messageOf(cause)})`}: look at the service's health, and at proxies on the way`,
          ExitCode.UNAVAILABLE, { cause },
        );
      }
      await sleep(RESUME_WAIT_MS * (fruitless - 1), undefined, { signal }).catch(() => signal.throwIfAborted());
      // Everything is there, only the end was not clean.
      if (bytes === total) return;
      body = bodyOf(await request(bytes, first.ETag));
    }
  }
  // A reader that goes away early, even before it begins, must not leave the connection open.
  return Readable.from(chunks(), { objectMode: false }).once('close', () => body.destroy());
}

function bodyOf({ Body }: GetObjectCommandOutput): Readable {
  return (Body as Readable).on('error', () => {}); // the same error reaches whoever reads
}

function isResumable(cause: unknown): boolean {
  return cause === undefined
    || ['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ERR_STREAM_PREMATURE_CLOSE'].includes(codeOf(cause) ?? '')
    || (cause as Error).name === 'TimeoutError'
    || messageOf(cause) === 'aborted';
}
