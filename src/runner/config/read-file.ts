import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { badConfig } from './refusals';
import { messageOf } from '../core/errors';
import { formatBytes } from '../core/format';

/** Of a config or a manifest; the manifests of whole companies have a few. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;

/** The text of a config or a manifest. */
export function readConfigFile(file: string): Promise<string> {
  return readConfigStream(createReadStream(file), file);
}

/**
 * The same, of what comes from elsewhere.
 *
 * @param name for messages
 */
export async function readConfigStream(stream: Readable, name: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    // Not all of it at once: what a shell puts in the place of a file, or /dev/zero, has no size.
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_FILE_BYTES) break;
      chunks.push(Buffer.from(chunk));
    }
  } catch (error) {
    throw badConfig(`${name} can't be read: ${messageOf(error)}`);
  }
  if (bytes > MAX_FILE_BYTES) throw badConfig(`${name} is larger than ${formatBytes(MAX_FILE_BYTES)}, and so neither a config nor a manifest: name another file`);
  return Buffer.concat(chunks).toString('utf8');
}
