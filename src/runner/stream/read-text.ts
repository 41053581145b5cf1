import { Readable } from 'node:stream';
import { ExitCode } from '../../contract/exit-code';
import { RunnerError } from '../core/errors';
import { formatBytes } from '../core/format';

/** More than a server has of roles, or a cluster of Secrets. */
const MAX_TEXT_BYTES = 256 * 1024 * 1024;

/**
 * All of a stream as a text, for what is small: a few bytes of a compressed file can become as many as there is memory for.
 *
 * @param what names it, for the message
 */
export async function readText(body: Readable, what: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_TEXT_BYTES) {
      throw new RunnerError(`${what} holds more than ${formatBytes(MAX_TEXT_BYTES)}, which nothing of its kind has: it is damaged, or was changed. Restore another backup, see "cdk8s-backup list"`, ExitCode.CORRUPT);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
