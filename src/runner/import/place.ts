import path from 'node:path';
import { BackupConfig, S3StoreConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { Context } from '../core/context';
import { RunnerError } from '../core/errors';
import { Store } from '../store-api/store';
import { bucketsAmong, openStore } from '../stores/open';

/** For messages of the store that is only read. */
const NAME = 'import';

/** Opens the directory, or the prefix of a bucket (`s3://BUCKET/PREFIX`), to be read. A bucket is reached as that of the config is. */
export function openPlace(from: string, { config, env }: Pick<Context<BackupConfig>, 'config' | 'env'>): Store {
  if (!from.startsWith('s3://')) return openStore({ type: 'folder', name: NAME, directory: path.resolve(from), folder: null }, env);
  const { hostname: bucketName, pathname } = new URL(from);
  const prefix = decodeURIComponent(pathname).replace(/^\/+|\/+$/g, '');
  return openStore({ ...bucketLike(bucketName, bucketsAmong(config.stores)), name: NAME, bucketName, prefix, objectLock: null }, env);
}

/** The store whose endpoint and credentials are used. */
function bucketLike(bucketName: string, buckets: readonly S3StoreConfig[]): S3StoreConfig {
  const found = buckets.find(bucket => bucket.bucketName === bucketName) ?? (buckets.length === 1 ? buckets[0] : undefined);
  if (found) return found;
  throw new RunnerError(
    `${buckets.length === 0 ? 'the backup has no S3 store' : `the backup has several S3 stores, and none with the bucket ${bucketName}`}, so nobody knows how that is reached: copy the files into a directory, and import that`,
    ExitCode.USAGE,
  );
}
