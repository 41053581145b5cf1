import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { discardBlocks, exists, uploadStart } from './blocks';
import { AzureTarget } from './client';
import { explainAzureError, explainedAzure, isMissing } from './errors';
import { listBlobs } from './list';
import { AzureUpload, putWhole } from './upload';
import { AzureStoreConfig } from '../../../contract/config';
import { messageOf, RunnerError } from '../../core/errors';
import { sideBySide } from '../../core/side-by-side';
import { clockWarning } from '../../store-api/clock';
import { checkKey, checkKeyPrefix, compareKeys, taken } from '../../store-api/keys';
import { PartLimits, planParts } from '../../store-api/parts';
import { otherPrefix } from '../../store-api/prefix';
import { Opened, resumed } from '../../store-api/resume';
import { Patience, PATIENCE } from '../../store-api/service';
import { OtherLayout, Store, StoredObject, UnfinishedUpload } from '../../store-api/store';
import { uploadInParts } from '../../store-api/upload';

/** The service's: 50,000 blocks, of which each may be larger than fits into memory. */
const LIMITS: PartLimits = { maxParts: 50_000, maxObjectBytes: 50_000 * 4000 * 1024 ** 2, moreParts: '' };
const REMOVALS_AT_ONCE = 8;
const DAY_MS = 86_400_000;
/** Of a SAS token. Whoever has to make another one may be away for a week. */
const EXPIRY_WARNING_MS = 14 * DAY_MS;

/** A container of Azure Blob Storage, by its own protocol. */
export class AzureStore implements Store {
  public readonly name: string;
  public readonly location: string;
  private readonly target: AzureTarget;
  private hidden = false;

  constructor(
    private readonly config: AzureStoreConfig,
    private readonly env: NodeJS.ProcessEnv,
    private readonly warn: (message: string) => void = () => {},
    private readonly patience: Patience = PATIENCE,
  ) {
    this.target = new AzureTarget(config, env, patience);
    this.name = config.name;
    this.location = this.target.location;
  }

  public async check(signal: AbortSignal, prefix = ''): Promise<void> {
    checkKeyPrefix(prefix);
    for await (const _first of listBlobs(this.target, { prefix, uncommitted: false, only: 1 }, signal)) break;
    const warning = clockWarning(this, this.clockOffsetMs ?? 0);
    if (warning !== undefined) this.warn(warning);
    const expiry = this.target.credentials.expiresAt();
    const leftMs = expiry === undefined ? Infinity : expiry.getTime() - Date.now();
    if (leftMs < EXPIRY_WARNING_MS) {
      this.warn(`${this.name} (${this.location}): the SAS token expires in ${Math.floor(leftMs / DAY_MS)} days, at ${expiry!.toISOString()}, and from then on there are no backups: put another one into the Secret`);
    }
  }

  public get clockOffsetMs(): number | undefined {
    return this.target.clock.offsetMs;
  }

  public get hidesRemoved(): boolean {
    return this.hidden;
  }

  public async put(key: string, body: Readable, expectedBytes: number | null, signal: AbortSignal): Promise<number> {
    try {
      checkKey(key);
      const plan = this.inStore(() => planParts(expectedBytes, LIMITS));
      // Known before a dump of hours, not after it.
      if (await this.explained(`look for ${key}`, signal, () => exists(this.target, key, signal))) throw taken(this, key);
      const steps = new AzureUpload(this.target, key, expectedBytes === null ? {} : this.accessTier());
      return await uploadInParts({ service: this.target, key, plan, steps }, body, signal);
    } finally {
      body.on('error', () => {}).destroy();
    }
  }

  public async create(key: string, content: string, signal: AbortSignal): Promise<boolean> {
    checkKey(key);
    return this.explained(`store ${key}`, signal, () => putWhole(this.target, key, Buffer.from(content), randomUUID(), {}, signal));
  }

  public async get(key: string, signal: AbortSignal): Promise<Readable> {
    signal.throwIfAborted();
    checkKey(key);
    const doing = `read ${key}`;
    const open = async (from: number, etag?: string): Promise<Opened> => {
      const headers = { ...from > 0 && { 'x-ms-range': `bytes=${from}-` }, ...etag !== undefined && { 'if-match': etag } };
      const body = await this.explained(doing, signal, () => this.target.open({ method: 'GET', key, headers }, signal));
      const length = body.headers['content-length'];
      return { body, bytes: length === undefined ? undefined : Number(length), etag: body.headers.etag };
    };
    return resumed({ service: this.target, key, open, explain: error => explainAzureError(error, this.target, doing) }, signal);
  }

  public async *list(prefix: string, signal: AbortSignal): AsyncIterable<StoredObject> {
    checkKeyPrefix(prefix);
    const found: StoredObject[] = [];
    for await (const object of listBlobs(this.target, { prefix, uncommitted: false }, signal)) found.push(object);
    yield* found.sort((a, b) => compareKeys(a.key, b.key)); // the service says "alphabetical", and not of which alphabet
  }

  public async remove(keys: readonly string[], signal: AbortSignal): Promise<void> {
    keys.forEach(checkKey);
    const failures: RunnerError[] = [];
    await sideBySide(keys, REMOVALS_AT_ONCE, async key => {
      await this.explained(`remove ${key}`, signal, () => this.removeOne(key, signal)).catch((error: unknown) => {
        signal.throwIfAborted();
        failures.push(error as RunnerError);
      });
    });
    const [first, ...others] = failures;
    if (first === undefined) return;
    throw new RunnerError(`${first.message}${others.length > 0 ? ` (and ${others.length} others of ${keys.length})` : ''}`, first.exitCode, { cause: first });
  }

  public async *unfinished(prefix: string, signal: AbortSignal): AsyncIterable<UnfinishedUpload> {
    checkKeyPrefix(prefix);
    for await (const { key, bytes } of listBlobs(this.target, { prefix, uncommitted: true }, signal)) {
      if (bytes !== 0) continue;
      const startedAt = await this.explained(`look at the unfinished upload of ${key}`, signal, () => uploadStart(this.target, key, signal));
      if (startedAt === undefined) continue; // an empty blob, or complete meanwhile
      yield {
        key,
        startedAt: startedAt ?? new Date(), // of another program, which does not say it: as if it had just begun
        discard: discardSignal => this.explained(`discard the unfinished upload of ${key}`, discardSignal, () => discardBlocks(this.target, key, discardSignal)),
      };
    }
  }

  public otherLayout(name: string): OtherLayout {
    const { layout, prefix } = otherPrefix(this.config.prefix, name);
    return { layout, store: new AzureStore({ ...this.config, prefix }, this.env, undefined, this.patience) };
  }

  private async removeOne(key: string, signal: AbortSignal): Promise<void> {
    try {
      const { headers } = await this.target.send({ method: 'DELETE', key }, signal);
      if (headers['x-ms-delete-type-permanent'] === 'false') this.hidden = true; // soft deletion, or versions
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }

  /** For artifacts only: records, checksums and claims are read by every run, and the cheap tiers bill each reading. */
  private accessTier(): { readonly [name: string]: string } {
    return this.config.accessTier === null ? {} : { 'x-ms-access-tier': this.config.accessTier };
  }

  private inStore<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw error instanceof RunnerError ? new RunnerError(`${this.name} (${this.location}): ${messageOf(error)}`, error.exitCode) : error;
    }
  }

  private explained<T>(doing: string, signal: AbortSignal, action: () => Promise<T>): Promise<T> {
    return explainedAzure(this.target, doing, signal, action);
  }
}
