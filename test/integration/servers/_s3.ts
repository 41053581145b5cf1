import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { S3StoreConfig } from '../../../src/contract/config';

/** A real S3 server that the tests started. */
export interface S3Server {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  makeBucket(name: string): Promise<void>;
  /** Ends the server and removes its data. */
  stop(): Promise<void>;
}

/** A client with the root account: for what the tests have to arrange. */
export function rootClient({ endpoint, accessKeyId, secretAccessKey, region }: Omit<S3Server, 'makeBucket' | 'stop'>): S3Client {
  return new S3Client({ endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } });
}

export async function makeBucket(server: Omit<S3Server, 'makeBucket' | 'stop'>, name: string): Promise<void> {
  const client = rootClient(server);
  await client.send(new CreateBucketCommand({ Bucket: name }));
  client.destroy();
}

/** Whether there is an HTTP server, whatever its answer. */
export async function answers(url: string): Promise<boolean> {
  return fetch(url).then(() => true, () => false);
}

/** A store in a bucket of the server, and the environment with its credentials. */
export function s3Store(server: Omit<S3Server, 'makeBucket' | 'stop'>, bucket: string, changes: Partial<S3StoreConfig> = {}) {
  const config: S3StoreConfig = {
    type: 's3',
    name: 'offsite',
    bucketName: bucket,
    prefix: 'db/nightly',
    region: server.region,
    regionEnv: null,
    endpoint: server.endpoint,
    pathStyle: true,
    credentials: { accessKeyIdEnv: 'ACCESS_KEY_ID', secretAccessKeyEnv: 'SECRET_ACCESS_KEY', sessionTokenEnv: null },
    encryption: null,
    storageClass: null,
    objectLock: null,
    checksums: 'auto',
    maxParts: 10_000,
    ...changes,
  };
  return { config, env: { ACCESS_KEY_ID: server.accessKeyId, SECRET_ACCESS_KEY: server.secretAccessKey } };
}
