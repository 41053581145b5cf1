import { createHash } from 'node:crypto';
import { GetObjectLockConfigurationCommand, PutObjectCommandInput } from '@aws-sdk/client-s3';
import { S3Target } from './client';
import { explainS3Error, isUnsupported, noObjectLock, s3ErrorName } from './errors';
import { S3ObjectLockConfig } from '../../../contract/config';
import { isDenied } from '../../core/errors';

/** Settings that lock an object which is stored now; none without a lock. */
export function lockSettings(lock: S3ObjectLockConfig | null): Pick<PutObjectCommandInput, 'ObjectLockMode' | 'ObjectLockRetainUntilDate'> {
  return lock === null ? {} : { ObjectLockMode: lock.mode, ObjectLockRetainUntilDate: new Date(Date.now() + lock.durationSeconds * 1000) };
}

/** What S3 compares an upload with where no checksum is sent: it protects from the line, and from nobody's intent. */
export function digestOf(body: Uint8Array): string {
  return createHash('md5').update(body).digest('base64');
}

/** Fails if the bucket has no Object Lock; warns where nobody may ask whether it has. */
export async function requireObjectLock(target: S3Target, warn: (message: string) => void, signal: AbortSignal): Promise<void> {
  const { client, bucket } = target;
  try {
    const found = await client.send(new GetObjectLockConfigurationCommand({ Bucket: bucket }), { abortSignal: signal });
    if (found.ObjectLockConfiguration?.ObjectLockEnabled === 'Enabled') return;
  } catch (error) {
    signal.throwIfAborted();
    if (s3ErrorName(error) !== 'ObjectLockConfigurationNotFoundError' && !isUnsupported(error)) {
      const explained = explainS3Error(error, target, 'look for its Object Lock');
      if (!isDenied(explained)) throw explained;
      warn(`${explained.message}; allow s3:GetBucketObjectLockConfiguration, so that a bucket without Object Lock is found before the dump`);
      return;
    }
  }
  throw noObjectLock(target, 'lock what is stored there');
}
