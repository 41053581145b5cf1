import { MAX_RECORD_BYTES } from './record';
import { ExitCode } from '../../contract/exit-code';
import { RunnerError } from '../core/errors';
import { Store } from '../store-api/store';

/** Reads a small text object, and refuses a large one. */
export async function readSmall(store: Store, key: string, signal: AbortSignal): Promise<string> {
  const body = await store.get(key, signal);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_RECORD_BYTES) {
      throw new RunnerError(`${key} in ${store.location} is larger than ${MAX_RECORD_BYTES} bytes: it is none of ours`, ExitCode.CORRUPT);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
