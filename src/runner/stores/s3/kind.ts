import * as z from 'zod';
import type * as S3 from './store';
import { absolutePath, envName, httpUrl, text } from '../../core/fields';
import { placeBelow, prefix } from '../../store-api/prefix';
import { StoreKind } from '../../store-api/store-kind';

/* The AWS SDK takes long to load, so it is where it is used first: what is stored in a folder starts a third sooner.
   `import()` in the tests is that of Node.js, which knows no TypeScript. */
// eslint-disable-next-line @typescript-eslint/no-require-imports
const load = (): typeof S3 => require('./store') as typeof S3;

/** A bucket, as backups and lifecycles say it. */
const schema = z.strictObject({
  type: z.literal('s3'),
  name: text,
  bucketName: text,
  prefix,
  region: text.nullable(),
  regionEnv: envName.nullable(),
  endpoint: httpUrl.nullable(),
  caFile: absolutePath.nullable().optional(),
  pathStyle: z.boolean(),
  credentials: z.strictObject({
    accessKeyIdEnv: envName,
    secretAccessKeyEnv: envName,
    sessionTokenEnv: envName.nullable(),
  }).nullable(),
  encryption: z.strictObject({ algorithm: z.enum(['AES256', 'aws:kms']), kmsKeyId: text.nullable() }).nullable(),
  storageClass: text.nullable(),
  objectLock: z.strictObject({ mode: z.enum(['GOVERNANCE', 'COMPLIANCE']), durationSeconds: z.int().min(1) }).nullable(),
  checksums: z.enum(['auto', 'required-only']),
  maxParts: z.int().min(1).max(10_000),
});

export const s3 = {
  schema,
  open: (config, env, warn) => new (load().S3Store)(config, env, warn),
  bucketOf: config => config,
  sharedPlaceOf: config => placeBelow(`s3://${config.bucketName}`, config.prefix),
} satisfies StoreKind<'s3'>;
