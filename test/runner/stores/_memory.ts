import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { ExitCode } from '../../../src/contract/exit-code';
import { RunnerError } from '../../../src/runner/core/errors';
import { checkKey, checkKeyPrefix, compareKeys } from '../../../src/runner/store-api/keys';
import { Store, StoredObject, UnfinishedUpload } from '../../../src/runner/store-api/store';

/** Keeps everything in memory: for tests. */
export class MemoryStore implements Store {
  public readonly location = 'memory';
  private readonly objects = new Map<string, { readonly content: Buffer; readonly modifiedAt: Date }>();
  private readonly uploads = new Set<{ readonly key: string }>();

  constructor(public readonly name: string = 'memory') {}

  public async check(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
  }

  public async put(key: string, body: Readable, _expectedBytes: number | null, signal: AbortSignal): Promise<number> {
    const upload = { key };
    const abort = () => body.destroy(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    body.on('error', () => {}); // the same error reaches whoever reads
    try {
      signal.throwIfAborted();
      checkKey(key);
      this.uploads.add(upload);
      const content = await buffer(body);
      signal.throwIfAborted();
      if (!this.uploads.has(upload)) throw new RunnerError(`the upload of ${key} to ${this.name} was discarded by somebody else`, ExitCode.FAILED);
      if (this.objects.has(key)) throw new RunnerError(`${key} is in ${this.name} already: a backup is never overwritten`, ExitCode.FAILED);
      this.objects.set(key, { content, modifiedAt: new Date() });
      return content.length;
    } catch (error) {
      body.destroy();
      throw error;
    } finally {
      this.uploads.delete(upload);
      signal.removeEventListener('abort', abort);
    }
  }

  public async create(key: string, content: string, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    checkKey(key);
    if (this.objects.has(key)) return false;
    this.objects.set(key, { content: Buffer.from(content), modifiedAt: new Date() });
    return true;
  }

  public async get(key: string, signal: AbortSignal): Promise<Readable> {
    signal.throwIfAborted();
    const object = this.objects.get(checkKey(key));
    if (!object) throw new RunnerError(`${key} is not in ${this.name}`, ExitCode.NOT_FOUND);
    return Readable.from([object.content], { objectMode: false });
  }

  public async *list(prefix: string, signal: AbortSignal): AsyncIterable<StoredObject> {
    signal.throwIfAborted();
    checkKeyPrefix(prefix);
    for (const key of [...this.objects.keys()].filter(k => k.startsWith(prefix)).sort(compareKeys)) {
      const { content, modifiedAt } = this.objects.get(key)!;
      yield { key, bytes: content.length, modifiedAt };
    }
  }

  public async remove(keys: readonly string[], signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    for (const key of keys.map(checkKey)) this.objects.delete(key);
  }

  public async *unfinished(prefix: string, signal: AbortSignal): AsyncIterable<UnfinishedUpload> {
    signal.throwIfAborted();
    for (const upload of [...this.uploads].filter(({ key }) => key.startsWith(prefix))) {
      yield { key: upload.key, startedAt: new Date(), discard: async () => void this.uploads.delete(upload) };
    }
  }
}
