import { DeleteObjectCommand, DeleteObjectsCommand } from '@aws-sdk/client-s3';
import { S3Target } from './client';
import { explainedS3, explainS3Error, s3ErrorName, s3Status } from './errors';
import { RunnerError } from '../../core/errors';

/** S3's limit for one request. */
const MAX_KEYS_PER_REMOVAL = 1000;

/**
 * Removes as many of the objects as it can, and fails if one of them is still there.
 *
 * @param onHidden called where the bucket keeps versions, so that what was removed is there, below a marker that hides it
 */
export async function removeObjects(target: S3Target, keys: readonly string[], onHidden: () => void, signal: AbortSignal): Promise<void> {
  const failures: unknown[] = [];
  const note = (answer: Answer) => {
    if (hides(answer)) onHidden();
  };
  for (let i = 0; i < keys.length; i += MAX_KEYS_PER_REMOVAL) {
    for (const key of await removeMany(target, keys.slice(i, i + MAX_KEYS_PER_REMOVAL), note, signal)) {
      // One at a time: the request is retried, and its error says more.
      await removeOne(target, key, note, signal).catch(error => {
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

/** What S3 says of a deletion, with the name that it has in both answers, or with that of one of them. */
interface Answer {
  readonly DeleteMarker?: boolean | undefined;
  readonly DeleteMarkerVersionId?: string | undefined;
  readonly VersionId?: string | undefined;
}

/** Where versions are suspended, the marker takes the place of the object. */
function hides({ DeleteMarker, DeleteMarkerVersionId, VersionId }: Answer): boolean {
  return DeleteMarker === true && (DeleteMarkerVersionId ?? VersionId) !== 'null';
}

async function removeOne(target: S3Target, key: string, note: (answer: Answer) => void, signal: AbortSignal): Promise<void> {
  const { client, bucket, keyPrefix } = target;
  note(await explainedS3(target, `remove ${key}`, signal, () => client.send(new DeleteObjectCommand({ Bucket: bucket, Key: keyPrefix + key }), { abortSignal: signal })));
}

/** Removes up to 1,000 objects and returns the keys of those that are still there. */
async function removeMany(
  target: S3Target, keys: readonly string[], note: (answer: Answer) => void, signal: AbortSignal,
): Promise<readonly string[]> {
  const { client, bucket, keyPrefix } = target;
  try {
    signal.throwIfAborted();
    const { Errors = [], Deleted = [] } = await client.send(new DeleteObjectsCommand({
      Bucket: bucket,
      Delete: { Objects: keys.map(key => ({ Key: keyPrefix + key })) },
    }), { abortSignal: signal });
    Deleted.forEach(note);
    return Errors.filter(({ Code }) => Code !== 'NoSuchKey').map(({ Key = '' }) => Key.slice(keyPrefix.length));
  } catch (error) {
    signal.throwIfAborted();
    // Some ask for a right on the bucket where the single deletion asks for one on the object: if that is refused, all are.
    if (s3Status(error) === 403) {
      const [first = '', ...others] = keys;
      await removeOne(target, first, note, signal);
      return others;
    }
    // Older services want an MD5 here, or don't have it at all.
    if ([400, 405, 501].includes(s3Status(error) ?? 0) && s3ErrorName(error) !== 'ExpiredToken') return keys;
    throw explainS3Error(error, target, 'remove objects');
  }
}
