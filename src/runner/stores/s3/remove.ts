import { DeleteObjectCommand, DeleteObjectsCommand } from '@aws-sdk/client-s3';
import { S3Target } from './client';
import { explainedS3, explainS3Error, s3ErrorName, s3Status } from './errors';
import { RunnerError } from '../../core/errors';

/** S3's limit for one request. */
const MAX_KEYS_PER_REMOVAL = 1000;

/** Removes as many of the objects as it can, and fails if one of them is still there. */
export async function removeObjects(target: S3Target, keys: readonly string[], signal: AbortSignal): Promise<void> {
  const failures: unknown[] = [];
  for (let i = 0; i < keys.length; i += MAX_KEYS_PER_REMOVAL) {
    for (const key of await removeMany(target, keys.slice(i, i + MAX_KEYS_PER_REMOVAL), signal)) {
      // One at a time: the request is retried, and its error says more.
      await removeOne(target, key, signal).catch(error => {
        signal.throwIfAborted();
        failures.push(error);
      });
    }
  }
  if (failures.length === 0) return;
  const [first] = failures as [RunnerError];
  const others = failures.length > 1 ? ` (and ${failures.length - 1} others of ${keys.length})` : '';
  throw new RunnerError(`${first.message}${others}`, first.exitCode, { cause: first });
}

async function removeOne(target: S3Target, key: string, signal: AbortSignal): Promise<void> {
  const { client, bucket, keyPrefix } = target;
  await explainedS3(target, `remove ${key}`, signal, () => client.send(new DeleteObjectCommand({ Bucket: bucket, Key: keyPrefix + key }), { abortSignal: signal }));
}

/** Removes up to 1,000 objects and returns the keys of those that are still there. */
async function removeMany(target: S3Target, keys: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
  const { client, bucket, keyPrefix } = target;
  try {
    signal.throwIfAborted();
    const { Errors = [] } = await client.send(new DeleteObjectsCommand({
      Bucket: bucket,
      Delete: { Quiet: true, Objects: keys.map(key => ({ Key: keyPrefix + key })) },
    }), { abortSignal: signal });
    return Errors.filter(({ Code }) => Code !== 'NoSuchKey').map(({ Key = '' }) => Key.slice(keyPrefix.length));
  } catch (error) {
    signal.throwIfAborted();
    // Some ask for a right on the bucket where the single deletion asks for one on the object: if that is refused, all are.
    if (s3Status(error) === 403) {
      const [first = '', ...others] = keys;
      await removeOne(target, first, signal);
      return others;
    }
    // Older services want an MD5 here, or don't have it at all.
    if ([400, 405, 501].includes(s3Status(error) ?? 0) && s3ErrorName(error) !== 'ExpiredToken') return keys;
    throw explainS3Error(error, target, 'remove objects');
  }
}
