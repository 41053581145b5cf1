import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  AbortMultipartUploadCommand, CompleteMultipartUploadCommand, CreateMultipartUploadCommand, DeleteObjectCommand, HeadObjectCommand,
  ListObjectsV2Command, ListPartsCommand, CompletedPart, ObjectLockRetentionMode, PutObjectCommand, PutObjectCommandInput,
  PutObjectRetentionCommand, S3Client, UploadPartCommand,
} from '@aws-sdk/client-s3';
import { S3Target } from './client';
import { explainS3Error, s3ErrorName, s3Status } from './errors';
import { digestOf } from './lock';
import { ExitCode } from '../../../contract/exit-code';
import { RunnerError } from '../../core/errors';
import { PartPlan } from '../../store-api/parts';
import { Part, sendInParts } from '../../store-api/send-parts';

/** Metadata of every object, new for each upload: shows that an object is ours where an answer was lost. */
export const UPLOAD_ID_METADATA = 'upload-id';

/** An upload that was stopped has this long to be removed from the service: the whole run must be gone 5 s after SIGTERM. */
const CLEAN_UP_WHEN_STOPPED_MS = 3000;
/** After a failure nobody is in a hurry, and the service may be coming back. */
const CLEAN_UP_MS = 30_000;
/** An upload that is begun must be known before it can be removed: its answer gets this long after a stop. */
const GRACE_MS = 1000;
/** Parts that were under way may arrive after the abort, which then has to be repeated. */
const MAX_ABORTS = 4;

export interface UploadParams {
  readonly key: string;
  /** Storage class, encryption and lock. */
  readonly settings: Partial<PutObjectCommandInput>;
  /** Whether each request has the MD5 of its body. */
  readonly md5: boolean;
  readonly plan: PartPlan;
}

/** What the service says about an object it holds. */
export interface Confirmation {
  readonly bytes: number;
  /** How it is encrypted; `undefined` if the service does not say. */
  readonly encryption: string | undefined;
}

/** Uploads a body, in parts where it is large, and returns what the service confirms. See `Store.put`. */
export async function upload(target: S3Target, params: UploadParams, body: Readable, signal: AbortSignal): Promise<Confirmation> {
  return new S3Upload(target, params, body).run(signal);
}

/**
 * One upload, in parts of which several are sent at once.
 *
 * The one of lib-storage has up to four parts in memory for each that it sends. And left alone it does three things that a backup can't have:
 * after a failed part it reads the rest of the body before it says so, a stop leaves requests running, and its promise then rejects before the
 * parts are removed. Here each request passes through {@link send}, which stops everything at the first failure.
 */
class S3Upload {
  private readonly stopped = new AbortController();
  private readonly stoppedFully = new AbortController();
  private readonly object: { readonly Bucket: string; readonly Key: string };
  private readonly token = randomUUID();
  private failure: { readonly reason: unknown } | undefined;
  private begun: Promise<string | undefined> | undefined;
  private uploadId: string | undefined;
  private readonly parts: CompletedPart[] = [];
  /** Whether the object may be visible. */
  private committing = false;
  private bytes = 0;

  constructor(private readonly target: S3Target, private readonly params: UploadParams, private readonly body: Readable) {
    this.object = { Bucket: target.bucket, Key: target.keyPrefix + params.key };
  }

  public async run(signal: AbortSignal): Promise<Confirmation> {
    const stop = () => this.fail(signal.reason);
    const bodyFailed = (error: Error) => this.fail(error);
    signal.addEventListener('abort', stop, { once: true });
    this.body.on('error', bodyFailed);
    try {
      signal.throwIfAborted();
      const { partBytes, buffers } = this.params.plan;
      await sendInParts(this.body, partBytes, buffers, part => this.sendPart(part));
      if (this.parts.length > 0) await this.complete();
      signal.throwIfAborted();
      return await this.confirm(signal);
    } catch (error) {
      this.fail(error);
      await this.cleanUp(AbortSignal.timeout(signal.aborted ? CLEAN_UP_WHEN_STOPPED_MS : CLEAN_UP_MS));
      throw this.failure!.reason;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** The first failure counts: it stops all requests and the source of the body. */
  private fail(reason: unknown): void {
    if (this.failure) return;
    this.failure = { reason };
    this.stopped.abort();
    setTimeout(() => this.stoppedFully.abort(), GRACE_MS).unref();
    this.body.destroy(reason as Error);
  }

  private async sendPart({ number, body, last }: Part): Promise<void> {
    const { settings, md5 } = this.params;
    const content = { Body: body, ...md5 && { ContentMD5: digestOf(body) } };
    await this.send(async ({ client }, abortSignal) => {
      this.checkPart(number);
      if (number === 1 && last) {
        this.committing = true;
        await client.send(new PutObjectCommand({ ...this.object, ...settings, ...content, Metadata: this.metadata }), { abortSignal });
      } else {
        const UploadId = await (this.begun ??= this.begin());
        abortSignal.throwIfAborted();
        const command = new UploadPartCommand({ ...this.object, ...content, UploadId, PartNumber: number });
        const { ETag, ChecksumCRC32 } = await client.send(command, { abortSignal });
        this.parts.push({ PartNumber: number, ETag, ...ChecksumCRC32 !== undefined && { ChecksumCRC32 } });
      }
      this.bytes += body.length;
    });
  }

  /** @returns the id of the upload */
  private async begin(): Promise<string | undefined> {
    const { client } = this.target;
    const checked = await client.config.requestChecksumCalculation() === 'WHEN_SUPPORTED';
    const created = await client.send(new CreateMultipartUploadCommand({
      ...this.object, ...this.params.settings, ...checked && { ChecksumAlgorithm: 'CRC32' }, Metadata: this.metadata,
    }), { abortSignal: this.stoppedFully.signal });
    return this.uploadId = created.UploadId;
  }

  private async complete(): Promise<void> {
    const Parts = this.parts.sort((a, b) => a.PartNumber! - b.PartNumber!);
    await this.send(async ({ client }, abortSignal) => {
      this.committing = true;
      await client.send(new CompleteMultipartUploadCommand({ ...this.object, UploadId: this.uploadId, MultipartUpload: { Parts } }), { abortSignal })
        .catch(error => this.completedBefore(error));
    });
  }

  private async send(action: (target: S3Target, signal: AbortSignal) => Promise<void>): Promise<void> {
    try {
      this.stopped.signal.throwIfAborted();
      await action(this.target, this.stopped.signal);
    } catch (error) {
      this.fail(explainS3Error(error, this.target, `store ${this.params.key}`));
      throw error;
    }
  }

  private get metadata(): { [name: string]: string } {
    return { [UPLOAD_ID_METADATA]: this.token };
  }

  private checkPart(number: number): void {
    const { maxParts, partBytes } = this.params.plan;
    if (number <= maxParts) return;
    throw new RunnerError(
      `${this.target.name} (${this.target.location}): ${this.params.key} is larger than ${maxParts} parts of ${partBytes} bytes, and the estimate before ` +
        'the dump was less than half of that: start again once the estimate is right (for PostgreSQL after ANALYZE), or raise maxParts where the service allows',
      ExitCode.FAILED,
    );
  }

  /** A completion whose answer was lost is repeated, and then the upload is not there any more because it was completed. */
  private async completedBefore(error: unknown): Promise<object> {
    if (s3ErrorName(error) === 'NoSuchUpload' && await this.isOurs(this.stopped.signal).catch(() => false)) return {};
    throw error;
  }

  private async isOurs(signal: AbortSignal): Promise<boolean> {
    return ownedBy(this.target, this.object.Key, this.token, signal);
  }

  /** Asks the service what it holds: neither the answer to the upload nor its ETag tells on every service. */
  private async confirm(signal: AbortSignal): Promise<Confirmation> {
    const { client, name, location } = this.target;
    const held = await client.send(new HeadObjectCommand(this.object), { abortSignal: signal }).catch(error => {
      signal.throwIfAborted();
      throw explainS3Error(error, this.target, `look at ${this.params.key} after the upload`);
    });
    if (held.ContentLength !== this.bytes) {
      throw new RunnerError(`${name} (${location}): ${this.params.key} has ${held.ContentLength} bytes there, but ${this.bytes} were sent`, ExitCode.FAILED);
    }
    await this.lock(held.ObjectLockMode, signal);
    return { bytes: this.bytes, encryption: held.ServerSideEncryption };
  }

  /**
   * Some services take the lock of an upload in parts and forget it, and S3 shows it only to whoever may read it: what is not confirmed is
   * asked for once more, by a request of its own, which fails where it can't be done.
   */
  private async lock(confirmed: string | undefined, signal: AbortSignal): Promise<void> {
    const { ObjectLockMode: Mode, ObjectLockRetainUntilDate: RetainUntilDate } = this.params.settings;
    if (Mode === undefined || confirmed === Mode) return;
    const retention = new PutObjectRetentionCommand({ ...this.object, Retention: { Mode: Mode as ObjectLockRetentionMode, RetainUntilDate } });
    await this.target.client.send(retention, { abortSignal: signal }).catch(error => {
      signal.throwIfAborted();
      throw explainS3Error(error, this.target, `lock ${this.params.key} after the upload`);
    });
  }

  /** Does its best: what it can't remove, the next run finds by `Store.unfinished`, and without a record no object counts. */
  private async cleanUp(signal: AbortSignal): Promise<void> {
    const { client } = this.target;
    try {
      await this.begun?.catch(() => {}); // known a moment after a stop at the latest
      if (this.uploadId !== undefined) await abortUpload(client, { ...this.object, UploadId: this.uploadId }, signal);
      if (this.committing && await this.isOurs(signal)) await client.send(new DeleteObjectCommand(this.object), { abortSignal: signal });
    } catch {
      // the failure that led here is the one to report
    }
  }
}

/** Whether the object of this key was written by the upload `token`. */
export async function ownedBy({ client, bucket }: S3Target, key: string, token: string, signal: AbortSignal): Promise<boolean> {
  try {
    const { Metadata } = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: signal });
    return Metadata?.[UPLOAD_ID_METADATA] === token;
  } catch (error) {
    if (s3Status(error) === 404) return false;
    if (s3Status(error) !== 403) throw error;
    // To whoever may list one backup only S3 says "denied" where nothing is, and it names no reason in answer to a HEAD.
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: key }), { abortSignal: signal });
    if (Contents.some(({ Key }) => Key === key)) throw error;
    return false;
  }
}

/**
 * Removes an upload with all of its parts; one that is gone counts as removed. Credentials for one backup need no right to list parts, and
 * some services answer "denied" to them where nothing is: then the abort is repeated without a look.
 */
export async function abortUpload(client: S3Client, parts: { Bucket: string; Key: string; UploadId: string }, signal: AbortSignal): Promise<void> {
  for (let n = 1; n <= MAX_ABORTS; n++) {
    try {
      await client.send(new AbortMultipartUploadCommand(parts), { abortSignal: signal });
    } catch (error) {
      if (isGone(error) || (n > 1 && s3Status(error) === 403)) return;
      throw error;
    }
    try {
      await client.send(new ListPartsCommand({ ...parts, MaxParts: 1 }), { abortSignal: signal }); // fails once the upload is gone
    } catch (error) {
      if (isGone(error)) return;
      if (s3Status(error) !== 403) throw error;
    }
    await sleep(100 * n, undefined, { signal });
  }
}

function isGone(error: unknown): boolean {
  return s3ErrorName(error) === 'NoSuchUpload' || s3Status(error) === 404;
}
