import { randomUUID } from 'node:crypto';
import { blockId, commitBlocks, digestOf, discardBlocks, exists, ownedBy, uploadIdHeader, uploadStart } from './blocks';
import { AzureTarget } from './client';
import { azureCode, explainAzureError, explainedAzure, isTaken } from './errors';
import { ExitCode } from '../../../contract/exit-code';
import { RunnerError } from '../../core/errors';
import { taken } from '../../store-api/keys';
import { Part } from '../../store-api/send-parts';
import { UploadSteps } from '../../store-api/upload';

const MAX_TRIES = 5;

/** Stores a blob by one request, unless there is one already: then the answer is `false`. */
export async function putWhole(
  target: AzureTarget, key: string, body: Buffer, token: string, headers: { readonly [name: string]: string }, signal: AbortSignal,
): Promise<boolean> {
  const all = { 'x-ms-blob-type': 'BlockBlob', 'if-none-match': '*', 'content-md5': digestOf(body), ...uploadIdHeader(token), ...headers };
  for (let n = 1; ; n++) {
    try {
      await target.send({ method: 'PUT', key, body, headers: all }, signal);
      return true;
    } catch (error) {
      if (!isTaken(error)) throw error;
      // Also the answer to a retry of our own request, if the first answer was lost.
      if (await ownedBy(target, key, token, signal) !== undefined) return true;
      if (await exists(target, key, signal)) return false;
      // Blocks of an upload that is not complete are in the way, or somebody has removed the blob meanwhile.
      if (n === MAX_TRIES || await uploadStart(target, key, signal) !== undefined) throw error;
    }
  }
}

/** The requests of one upload. */
export class AzureUpload implements UploadSteps<number> {
  private readonly token = randomUUID();
  private readonly startedMs: number;
  private readonly blocks: string[] = [];
  private hasBlocks = false;

  /** @param headers of the blob, such as its access tier */
  constructor(private readonly target: AzureTarget, private readonly key: string, private readonly headers: { readonly [name: string]: string }) {
    this.startedMs = Date.now() + Math.round(target.clock.offsetMs ?? 0);
  }

  public async whole(body: Buffer, signal: AbortSignal): Promise<void> {
    if (!await putWhole(this.target, this.key, body, this.token, this.headers, signal)) throw taken(this.target, this.key);
  }

  public async part({ number, body }: Part, signal: AbortSignal): Promise<void> {
    this.hasBlocks = true;
    const id = blockId(this.startedMs, this.token, number);
    await this.target.send({ method: 'PUT', key: this.key, query: { comp: 'block', blockid: id }, headers: { 'content-md5': digestOf(body) }, body }, signal);
    this.blocks[number - 1] = id;
  }

  public async complete(signal: AbortSignal): Promise<void> {
    try {
      await commitBlocks(this.target, this.key, this.blocks, { ...uploadIdHeader(this.token), ...this.headers }, signal);
    } catch (error) {
      if (!isTaken(error) && azureCode(error) !== 'InvalidBlockList') throw error;
      if (await this.ours(signal) !== undefined) return; // the answer was lost, and this is that to a retry
      throw isTaken(error) ? taken(this.target, this.key) : error;
    }
  }

  public async confirm(bytes: number, signal: AbortSignal): Promise<number> {
    const { name, location } = this.target;
    const { headers } = await explainedAzure(this.target, `look at ${this.key} after the upload`, signal, () =>
      this.target.send({ method: 'HEAD', key: this.key }, signal));
    if (Number(headers['content-length']) !== bytes) {
      throw new RunnerError(`${name} (${location}): ${this.key} has ${headers['content-length']} bytes there, but ${bytes} were sent`, ExitCode.FAILED);
    }
    return bytes;
  }

  public async discard(visible: boolean, signal: AbortSignal): Promise<void> {
    const version = visible ? await this.ours(signal) : undefined;
    if (version !== undefined) await this.target.send({ method: 'DELETE', key: this.key, headers: { 'if-match': version } }, signal);
    else if (this.hasBlocks) await discardBlocks(this.target, this.key, signal);
  }

  public explain(error: unknown): RunnerError {
    return explainAzureError(error, this.target, `store ${this.key}`);
  }

  private async ours(signal: AbortSignal): Promise<string | undefined> {
    return ownedBy(this.target, this.key, this.token, signal);
  }
}
