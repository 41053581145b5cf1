import { Readable } from 'node:stream';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { S3Target } from './client';
import { explainedS3, explainS3Error } from './errors';
import { Opened, resumed } from '../../store-api/resume';

/** Opens an object for reading. The SDK retries requests, not bodies. */
export async function download(target: S3Target, key: string, signal: AbortSignal): Promise<Readable> {
  const { client, bucket, keyPrefix } = target;
  const doing = `read ${key}`;
  const open = async (from: number, etag?: string): Promise<Opened> => {
    const { Body, ContentLength, ETag } = await explainedS3(target, doing, signal, () => client.send(new GetObjectCommand({
      Bucket: bucket,
      Key: keyPrefix + key,
      ...from > 0 && { Range: `bytes=${from}-`, IfMatch: etag },
    }), { abortSignal: signal }));
    return { body: Body as Readable, bytes: ContentLength, etag: ETag };
  };
  return resumed({ service: target, key, open, explain: error => explainS3Error(error, target, doing) }, signal);
}
