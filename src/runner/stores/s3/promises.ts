import { ListMultipartUploadsCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { S3Target } from './client';
import { s3ErrorName, s3Status } from './errors';

/** Answers of a service that does not know a request, the bucket being there. */
const UNKNOWN_REQUEST = [404, 405, 501];
const NOTHING_MD5 = '1B2M2Y8AsgTpgAmY7PhCfg==';

/** Something that S3 does and this service does not. */
export interface BrokenPromise {
  readonly message: string;
  readonly advice: string;
}

/** Whether the answer says that the service can't list unfinished uploads. To `rclone serve s3` that is an upload that is not there. */
export function listsNoUploads(error: unknown): boolean {
  return UNKNOWN_REQUEST.includes(s3Status(error) ?? 0) && s3ErrorName(error) !== 'NoSuchBucket';
}

/**
 * Tries what backups rely on, and what some services take no notice of.
 *
 * @param key of an object that is there and may be replaced
 * @param md5Only whether the service is not sent the checksum that S3 is: CRC32
 */
export async function brokenPromises(
  { client, bucket, keyPrefix }: S3Target, key: string, md5Only: boolean, signal: AbortSignal,
): Promise<BrokenPromise[]> {
  const object = { Bucket: bucket, Key: keyPrefix + key };
  const taken = async (command: PutObjectCommand) => client.send(command, { abortSignal: signal }).then(() => true, (error: unknown) => {
    signal.throwIfAborted();
    return s3Status(error) === 501; // openly not supported is not better
  });
  const broken: BrokenPromise[] = [];
  if (await taken(new PutObjectCommand({ ...object, Body: 'replaced', IfNoneMatch: '*' }))) {
    broken.push({
      message: 'it ignores If-None-Match: two runs that begin in one second tell each other by files beside their claims which of them has the id',
      advice: 'nothing needs to be done, as long as its lists show at once what was written; where a cache stands before it, let only one job write under this name',
    });
  }
  if (await taken(new PutObjectCommand({ ...object, Body: 'damaged', ...md5Only ? { ContentMD5: NOTHING_MD5 } : { ChecksumCRC32: 'AAAAAA==' } }))) {
    broken.push({
      message: 'it takes what does not match its checksum: damage on the way there is not found when a backup is stored',
      advice: 'read each backup back: \'verify\' of the BackupCronJob, or cdk8s-backup verify',
    });
  }
  await client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: object.Key }), { abortSignal: signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    if (!listsNoUploads(error)) return;
    broken.push({
      message: 'it lists no unfinished uploads: parts of runs that were killed can\'t be found, and stay there',
      advice: 'let the service remove uploads that are older than a day by its own means',
    });
  });
  return broken;
}
