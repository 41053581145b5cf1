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
import { Part } from '../../store-api/send-parts';
import { uploadInParts, UploadSteps } from '../../store-api/upload';

/** Metadata of every object, new for each upload: shows that an object is ours where an answer was lost. */
export const UPLOAD_ID_METADATA = 'upload-id';

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
  return uploadInParts({ service: target, key: params.key, plan: params.plan, steps: new S3Upload(target, params) }, body, signal);
}

/** The requests of one upload. */
class S3Upload implements UploadSteps<Confirmation> {
  private readonly object: { readonly Bucket: string; readonly Key: string };
  private readonly token = randomUUID();
  private begun: Promise<string | undefined> | undefined;
  private uploadId: string | undefined;
  private readonly parts: CompletedPart[] = [];

  constructor(private readonly target: S3Target, private readonly params: UploadParams) {
    this.object = { Bucket: target.bucket, Key: target.keyPrefix + params.key };
  }

  public async whole(body: Buffer, abortSignal: AbortSignal): Promise<void> {
    const command = new PutObjectCommand({ ...this.object, ...this.params.settings, ...this.content(body), Metadata: this.metadata });
    await this.target.client.send(command, { abortSignal });
  }

  public async part({ number, body }: Part, abortSignal: AbortSignal, lateSignal: AbortSignal): Promise<void> {
    const UploadId = await (this.begun ??= this.begin(lateSignal));
    abortSignal.throwIfAborted();
    const command = new UploadPartCommand({ ...this.object, ...this.content(body), UploadId, PartNumber: number });
    const { ETag, ChecksumCRC32 } = await this.target.client.send(command, { abortSignal });
    this.parts.push({ PartNumber: number, ETag, ...ChecksumCRC32 !== undefined && { ChecksumCRC32 } });
  }

  public async complete(abortSignal: AbortSignal): Promise<void> {
    const Parts = this.parts.sort((a, b) => a.PartNumber! - b.PartNumber!);
    const command = new CompleteMultipartUploadCommand({ ...this.object, UploadId: this.uploadId, MultipartUpload: { Parts } });
    await this.target.client.send(command, { abortSignal }).catch(error => this.completedBefore(error, abortSignal));
  }

  /** Neither the answer to the upload nor its ETag tells on every service what it holds. */
  public async confirm(bytes: number, signal: AbortSignal): Promise<Confirmation> {
    const { client, name, location } = this.target;
    const held = await client.send(new HeadObjectCommand(this.object), { abortSignal: signal }).catch(error => {
      signal.throwIfAborted();
      throw explainS3Error(error, this.target, `look at ${this.params.key} after the upload`);
    });
    if (held.ContentLength !== bytes) {
      throw new RunnerError(`${name} (${location}): ${this.params.key} has ${held.ContentLength} bytes there, but ${bytes} were sent`, ExitCode.FAILED);
    }
    await this.lock(held.ObjectLockMode, signal);
    return { bytes, encryption: held.ServerSideEncryption };
  }

  public async discard(visible: boolean, signal: AbortSignal): Promise<void> {
    const { client } = this.target;
    await this.begun?.catch(() => {}); // known a moment after a stop at the latest
    if (this.uploadId !== undefined) await abortUpload(client, { ...this.object, UploadId: this.uploadId }, signal);
    if (visible && await this.isOurs(signal)) await client.send(new DeleteObjectCommand(this.object), { abortSignal: signal });
  }

  public explain(error: unknown): RunnerError {
    return explainS3Error(error, this.target, `store ${this.params.key}`);
  }

  /** @returns the id of the upload */
  private async begin(abortSignal: AbortSignal): Promise<string | undefined> {
    const { client } = this.target;
    const checked = await client.config.requestChecksumCalculation() === 'WHEN_SUPPORTED';
    const created = await client.send(new CreateMultipartUploadCommand({
      ...this.object, ...this.params.settings, ...checked && { ChecksumAlgorithm: 'CRC32' }, Metadata: this.metadata,
    }), { abortSignal });
    return this.uploadId = created.UploadId;
  }

  private content(body: Buffer): { readonly Body: Buffer; readonly ContentMD5?: string } {
    return { Body: body, ...this.params.md5 && { ContentMD5: digestOf(body) } };
  }

  private get metadata(): { [name: string]: string } {
    return { [UPLOAD_ID_METADATA]: this.token };
  }

  /** A completion whose answer was lost is repeated, and then the upload is not there any more because it was completed. */
  private async completedBefore(error: unknown, signal: AbortSignal): Promise<object> {
    if (s3ErrorName(error) === 'NoSuchUpload' && await this.isOurs(signal).catch(() => false)) return {};
    throw error;
  }

  private async isOurs(signal: AbortSignal): Promise<boolean> {
    return ownedBy(this.target, this.object.Key, this.token, signal);
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
