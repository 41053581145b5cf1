import type * as Bucket from './bucket';
import { S3StoreConfig } from '../../contract/config';

/* The AWS SDK takes long to load, so it is where it is used first. `import()` in the tests is that of Node.js, which knows no TypeScript. */
// eslint-disable-next-line @typescript-eslint/no-require-imports
const load = (): typeof Bucket => require('./bucket') as typeof Bucket;

/** The lifecycle of a store's bucket. Nothing is reached yet. */
export function openBucket(store: S3StoreConfig, env: NodeJS.ProcessEnv): Bucket.LifecycleBucket {
  return new (load().LifecycleBucket)(store, env);
}
