/*
 * Modules that take long to load, loaded where they are used first: what is stored in a folder, and not encrypted, starts a third sooner.
 *
 * `require`, because `import()` in the tests would be that of Node.js itself, which knows no TypeScript.
 */
/* eslint-disable @typescript-eslint/no-require-imports */
import type * as Age from 'age-encryption';
import type * as LifecycleBucket from './lifecycle/bucket';
import type * as S3Store from './stores/s3';

export const age = (): typeof Age => require('age-encryption') as typeof Age;

export const lifecycleBucket = (): typeof LifecycleBucket => require('./lifecycle/bucket') as typeof LifecycleBucket;

export const s3Store = (): typeof S3Store => require('./stores/s3') as typeof S3Store;
