import { createHash } from 'node:crypto';
import { PutObjectCommandInput } from '@aws-sdk/client-s3';
import { S3ObjectLockConfig } from '../../../contract/config';

/** Settings that lock an object which is stored now; none without a lock. */
export function lockSettings(lock: S3ObjectLockConfig | null): Pick<PutObjectCommandInput, 'ObjectLockMode' | 'ObjectLockRetainUntilDate'> {
  return lock === null ? {} : { ObjectLockMode: lock.mode, ObjectLockRetainUntilDate: new Date(Date.now() + lock.seconds * 1000) };
}

/** What S3 compares an upload with where no checksum is sent: it protects from the line, and from nobody's intent. */
export function digestOf(body: Uint8Array): string {
  return createHash('md5').update(body).digest('base64');
}
