import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AzureTarget } from './client';
import { isMissing, isTaken } from './errors';
import { childrenOf, childOf, encoded, parseXml } from './xml';

/** Metadata of every blob, new for each upload: shows that a blob is ours where an answer was lost. */
const UPLOAD_ID_METADATA = 'x-ms-meta-uploadid';

/** Blocks that were under way may arrive after the others were discarded, which then has to be repeated. */
const MAX_DISCARDS = 4;

const BLOCK_ID = /^(\d{13})\.[0-9a-f-]{36}\.\d{5}$/;

export function digestOf(body: Uint8Array): string {
  return createHash('md5').update(body).digest('base64');
}

export function uploadIdHeader(token: string): { readonly [name: string]: string } {
  return { [UPLOAD_ID_METADATA]: token };
}

/**
 * The service keeps no time of an upload that is not complete, so each of its blocks says when it was begun.
 *
 * @param startedMs by the service's clock
 */
export function blockId(startedMs: number, token: string, number: number): string {
  return Buffer.from(`${String(startedMs).padStart(13, '0')}.${token}.${String(number).padStart(5, '0')}`).toString('base64');
}

/** Makes blocks one blob, which must not be there. */
export async function commitBlocks(
  target: AzureTarget, key: string, ids: readonly string[], headers: { readonly [name: string]: string }, signal: AbortSignal,
): Promise<string> {
  const blocks = ids.map(id => `<Uncommitted>${encoded(id)}</Uncommitted>`).join('');
  const body = Buffer.from(`<?xml version="1.0" encoding="utf-8"?><BlockList>${blocks}</BlockList>`);
  const answer = await target.send({
    method: 'PUT', key, query: { comp: 'blocklist' }, headers: { 'if-none-match': '*', 'content-md5': digestOf(body), ...headers }, body,
  }, signal);
  return answer.headers.etag ?? '';
}

/** When the upload was begun whose blocks wait for this key, as they say it themselves; `null`: they don't; `undefined`: there are none. */
export async function uploadStart(target: AzureTarget, key: string, signal: AbortSignal): Promise<Date | null | undefined> {
  const query = { comp: 'blocklist', blocklisttype: 'uncommitted' };
  try {
    const { text } = await target.send({ method: 'GET', key, query }, signal);
    const blocks = childrenOf(childOf(parseXml(text), 'UncommittedBlocks'), 'Block');
    const [first] = blocks;
    if (first === undefined) return undefined;
    const started = BLOCK_ID.exec(Buffer.from(childOf(first, 'Name')?.text ?? '', 'base64').toString())?.[1];
    return started === undefined ? null : new Date(Number(started));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * Discards the blocks that wait for a key. The service knows no request for that: to commit none of them discards all, and leaves an empty blob,
 * which is deleted. To delete alone would hide them, and they could still be committed.
 */
export async function discardBlocks(target: AzureTarget, key: string, signal: AbortSignal): Promise<void> {
  // Blocks that nobody commits are removed by the service after a week, and an empty blob never is.
  if (!target.credentials.mayDelete()) return;
  for (let n = 1; n <= MAX_DISCARDS; n++) {
    try {
      const token = randomUUID();
      const made = await commitBlocks(target, key, [], uploadIdHeader(token), signal).catch(async (error: unknown) => {
        const owned = isTaken(error) ? await ownedBy(target, key, token, signal) : undefined; // an answer was lost
        if (owned === undefined) throw error;
        return owned;
      });
      await target.send({ method: 'DELETE', key, headers: { 'if-match': made } }, signal);
    } catch (error) {
      if (isTaken(error)) return; // it is complete
      if (!isMissing(error)) throw error; // somebody else has discarded it
    }
    if (await uploadStart(target, key, signal) === undefined) return;
    await sleep(100 * n, undefined, { signal });
  }
}

/** The version of the blob if it was written by the upload `token`; `undefined` if it is another one's, or is not there. */
export async function ownedBy(target: AzureTarget, key: string, token: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const { headers } = await target.send({ method: 'HEAD', key }, signal);
    return headers[UPLOAD_ID_METADATA] === token ? headers.etag : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

export async function exists(target: AzureTarget, key: string, signal: AbortSignal): Promise<boolean> {
  try {
    await target.send({ method: 'HEAD', key }, signal);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
