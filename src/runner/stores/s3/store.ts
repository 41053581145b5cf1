import { Readable } from 'node:stream';
import { ListMultipartUploadsCommand, ListMultipartUploadsCommandOutput, ListObjectsV2Command, PutObjectCommandInput } from '@aws-sdk/client-s3';
import { openS3, S3Target } from './client';
import { keyOfIntent, S3Creator } from './create';
import { download } from './download';
import { explainedS3 } from './errors';
import { s3Limits } from './limits';
import { checkListing } from './listing';
import { digestOf, lockSettings, requireObjectLock } from './lock';
import { BrokenPromise, brokenPromises, listsNoUploads } from './promises';
import { removeObjects } from './remove';
import { abortUpload, upload } from './upload';
import { S3StoreConfig } from '../../../contract/config';
import { ExitCode } from '../../../contract/exit-code';
import { parseKey, RECORD_SUFFIX } from '../../../contract/layout';
import { isDenied, messageOf, RunnerError } from '../../core/errors';
import { clockWarning } from '../../store-api/clock';
import { checkKey, checkKeyPrefix, compareKeys, isKey, taken } from '../../store-api/keys';
import { Pages } from '../../store-api/pages';
import { planParts } from '../../store-api/parts';
import { otherPrefix } from '../../store-api/prefix';
import { Patience, PATIENCE } from '../../store-api/service';
import { OtherLayout, Store, StoredObject, UnfinishedUpload } from '../../store-api/store';

export class S3Store implements Store {
  public readonly name: string;
  public readonly location: string;
  private readonly target: S3Target;
  private readonly creator: S3Creator;
  private hidden = false;

  constructor(
    private readonly config: S3StoreConfig,
    private readonly env: NodeJS.ProcessEnv,
    private readonly warn: (message: string) => void = () => {},
    private readonly patience: Patience = PATIENCE,
  ) {
    this.target = openS3(config, env, patience);
    this.name = config.name;
    this.location = this.target.location;
    this.creator = new S3Creator(this.target, config.endpoint === null); // S3 itself refuses
  }

  public async check(signal: AbortSignal, prefix = ''): Promise<void> {
    // HeadBucket would be the obvious one, but its answer has no body and so no reason.
    const { client, bucket, keyPrefix } = this.target;
    const page = await this.explained('list it', signal, () => client.send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: keyPrefix + checkKeyPrefix(prefix), MaxKeys: 1 }), { abortSignal: signal },
    ));
    checkListing(page, this.target);
    if (this.config.objectLock !== null) await requireObjectLock(this.target, this.warn, signal); // known before a dump of hours, and not after it
    // The SDK signs with the server's time from its second request on, so a wrong clock would pass unseen.
    const warning = clockWarning(this, this.clockOffsetMs ?? client.config.systemClockOffset);
    if (warning !== undefined) this.warn(warning);
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
      const plan = this.inStore(() => planParts(expectedBytes, s3Limits(this.config.maxParts)));
      if (await this.exists(key, signal)) throw taken(this, key);
      const settings = { ...this.encryption(), ...expectedBytes !== null && this.storageClass(), ...lockSettings(this.config.objectLock) };
      const { bytes, encryption } = await upload(this.target, { key, settings, plan, md5: this.needsMd5 }, body, signal);
      this.checkEncryption(key, encryption);
      return bytes;
    } finally {
      body.on('error', () => {}).destroy();
    }
  }

  public async create(key: string, content: string, signal: AbortSignal): Promise<boolean> {
    checkKey(key);
    if (await this.exists(key, signal)) return false;
    const body = Buffer.from(content);
    // Records are a part of their backup; whatever else is created here is a note that comes and goes.
    const locked = parseKey(key)?.suffix === RECORD_SUFFIX;
    return this.explained(`store ${key}`, signal, () => this.creator.create({
      ...this.object(key),
      ...this.encryption(),
      ...locked && lockSettings(this.config.objectLock),
      ...locked && this.needsMd5 && { ContentMD5: digestOf(body) },
      Body: body,
    }, signal));
  }

  public async get(key: string, signal: AbortSignal): Promise<Readable> {
    signal.throwIfAborted();
    try {
      return await download(this.target, checkKey(key), signal);
    } catch (error) {
      // Whoever may list one backup only is told "denied" where nothing is there.
      if (!isDenied(error) || await this.exists(key, signal).catch(() => true)) throw error;
      throw new RunnerError(`${this.name} (${this.location}): can't read ${key}: there is no such object`, ExitCode.NOT_FOUND, { cause: error });
    }
  }

  public async *list(prefix: string, signal: AbortSignal): AsyncIterable<StoredObject> {
    const found: StoredObject[] = [];
    for await (const object of this.objects(prefix, signal)) {
      if (keyOfIntent(object.key) === undefined) found.push(object);
    }
    yield* found.sort((a, b) => compareKeys(a.key, b.key)); // `rclone serve s3` has no order
  }

  public async remove(keys: readonly string[], signal: AbortSignal): Promise<void> {
    keys.forEach(checkKey);
    await removeObjects(this.target, keys, () => {
      this.hidden = true;
    }, signal);
  }

  public async *unfinished(prefix: string, signal: AbortSignal): AsyncIterable<UnfinishedUpload> {
    const { client, bucket, keyPrefix } = this.target;
    checkKeyPrefix(prefix);
    yield* this.intents(prefix, signal);
    const pages = new Pages(this.target, 'unfinished uploads');
    let marker: { KeyMarker?: string; UploadIdMarker?: string } = {};
    for (;;) {
      const page: ListMultipartUploadsCommandOutput | undefined = await this.explained('list unfinished uploads', signal, () => client.send(
        new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: keyPrefix + prefix, ...marker }), { abortSignal: signal },
      ).catch((error: unknown) => {
        if (listsNoUploads(error)) return undefined; // nothing can be found there, and that must not keep prune from the rest
        throw error;
      }));
      if (page === undefined) return;
      const { Uploads = [], NextKeyMarker, NextUploadIdMarker } = page;
      for (const { Key = '', UploadId, Initiated } of Uploads) {
        const key = Key.slice(keyPrefix.length);
        if (!Key.startsWith(keyPrefix + prefix) || !isKey(key) || UploadId === undefined) continue;
        yield {
          key,
          startedAt: Initiated ?? new Date(), // a service that does not say it: as if it had just begun
          discard: discardSignal => this.explained(`discard the unfinished upload of ${key}`, discardSignal,
            () => abortUpload(client, { Bucket: bucket, Key, UploadId }, discardSignal)),
        };
      }
      const items = Uploads.map(({ Key, UploadId }) => `${Key} ${UploadId}`);
      if (!pages.hasNext({ truncated: page.IsTruncated, next: [NextKeyMarker, NextUploadIdMarker], items })) return;
      marker = { KeyMarker: NextKeyMarker, UploadIdMarker: NextUploadIdMarker };
    }
  }

  public async brokenPromises(key: string, signal: AbortSignal): Promise<readonly BrokenPromise[]> {
    return brokenPromises(this.target, checkKey(key), this.config.checksums === 'required-only', signal);
  }

  public otherLayout(name: string): OtherLayout {
    const { layout, prefix } = otherPrefix(this.config.prefix, name);
    return { layout, store: new S3Store({ ...this.config, prefix }, this.env, undefined, this.patience) };
  }

  /** All of them, also what says that somebody is about to create one. */
  private async *objects(prefix: string, signal: AbortSignal): AsyncIterable<StoredObject> {
    const { client, bucket, keyPrefix } = this.target;
    checkKeyPrefix(prefix);
    const pages = new Pages(this.target, 'it');
    let token: string | undefined;
    for (;;) {
      const page = await this.explained('list it', signal, () => client.send(new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: keyPrefix + prefix,
        Delimiter: '/', // what lies deeper is not ours
        ContinuationToken: token,
      }), { abortSignal: signal }));
      checkListing(page, this.target);
      const { Contents = [], CommonPrefixes = [] } = page;
      for (const { Key = '', Size = 0, LastModified } of Contents) {
        const key = Key.slice(keyPrefix.length);
        // Some consoles make an empty object for a "folder". What was not asked for is none of ours, and never becomes that.
        if (Key.startsWith(keyPrefix + prefix) && isKey(key)) yield { key, bytes: Size, modifiedAt: LastModified ?? new Date(0) };
      }
      const items = [...Contents.map(({ Key }) => Key), ...CommonPrefixes.map(({ Prefix }) => Prefix)];
      if (!pages.hasNext({ truncated: page.IsTruncated, next: [page.NextContinuationToken], items })) return;
      token = page.NextContinuationToken;
    }
  }

  /** What runs have left that were killed while they created something. */
  private async *intents(prefix: string, signal: AbortSignal): AsyncIterable<UnfinishedUpload> {
    for await (const { key, modifiedAt } of this.objects(prefix, signal)) {
      const created = keyOfIntent(key);
      if (created !== undefined) yield { key: created, startedAt: modifiedAt, discard: discardSignal => this.remove([key], discardSignal) };
    }
  }

  /** S3 locks nothing whose upload it can't check, and services that don't know its checksums know this one. */
  private get needsMd5(): boolean {
    return this.config.objectLock !== null && this.config.checksums === 'required-only';
  }

  /** By a list, for the answer to a HEAD has no body and so no reason when it fails. */
  private async exists(key: string, signal: AbortSignal): Promise<boolean> {
    const { Bucket, Key } = this.object(key);
    const { Contents = [] } = await this.explained(`look for ${key}`, signal, () => this.target.client.send(
      new ListObjectsV2Command({ Bucket, Prefix: Key }), { abortSignal: signal },
    ));
    return Contents.some(({ Key: found }) => found === Key);
  }

  private object(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.target.bucket, Key: this.target.keyPrefix + key };
  }

  private encryption(): Pick<PutObjectCommandInput, 'ServerSideEncryption' | 'SSEKMSKeyId'> {
    const { encryption } = this.config;
    return encryption === null ? {} : { ServerSideEncryption: encryption.algorithm, SSEKMSKeyId: encryption.kmsKeyId ?? undefined };
  }

  /**
   * For artifacts only. Records, checksums and claims are read by every run and must be readable at once, which objects in an
   * archive class are not; and the cheap classes bill at least 128 KB for each.
   */
  private storageClass(): Pick<PutObjectCommandInput, 'StorageClass'> {
    return { StorageClass: (this.config.storageClass ?? undefined) as PutObjectCommandInput['StorageClass'] };
  }

  /** Some services take the request for encryption and ignore it. */
  private checkEncryption(key: string, confirmed: string | undefined): void {
    const wanted = this.config.encryption?.algorithm;
    if (wanted === undefined || confirmed === wanted) return;
    this.warn(`${this.name} (${this.location}): ${key} was to be encrypted with ${wanted}, but the service ` +
      `${confirmed === undefined ? 'does not confirm any encryption' : `confirms ${confirmed}`}: check what it supports`);
  }

  private inStore<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw error instanceof RunnerError ? new RunnerError(`${this.name} (${this.location}): ${messageOf(error)}`, error.exitCode) : error;
    }
  }

  private explained<T>(doing: string, signal: AbortSignal, action: () => Promise<T>): Promise<T> {
    return explainedS3(this.target, doing, signal, action);
  }
}
