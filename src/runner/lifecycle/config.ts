import { z } from 'zod';
import { ExitCode } from '../../contract/exit-code';
import { LIFECYCLE_ID_PREFIX, LIFECYCLE_VERSION, LifecycleConfig } from '../../contract/lifecycle';
import { s3 } from '../config';
import { RunnerError } from '../errors';
import { faultsOf } from '../schema';
import { otherVersion } from '../version';

const days = z.int().min(0);
const date = z.iso.datetime();
const tag = z.strictObject({ Key: z.string(), Value: z.string() });
const conditions = {
  Prefix: z.string().exactOptional(),
  ObjectSizeGreaterThan: z.int().exactOptional(),
  ObjectSizeLessThan: z.int().exactOptional(),
};

// The service has the last word on what makes sense; this is what the program can say to it.
const rule = z.strictObject({
  ID: z.string().startsWith(LIFECYCLE_ID_PREFIX, `must begin with "${LIFECYCLE_ID_PREFIX}", by which the runner knows its own rules`),
  Status: z.enum(['Enabled', 'Disabled']),
  Filter: z.strictObject({
    ...conditions,
    Tag: tag.exactOptional(),
    And: z.strictObject({ ...conditions, Tags: z.array(tag).readonly().exactOptional() }).exactOptional(),
  }),
  Transitions: z.array(
    z.strictObject({ Days: days.exactOptional(), Date: date.exactOptional(), StorageClass: z.string() }),
  ).readonly().exactOptional(),
  Expiration: z.strictObject({
    Days: days.exactOptional(), Date: date.exactOptional(), ExpiredObjectDeleteMarker: z.boolean().exactOptional(),
  }).exactOptional(),
  NoncurrentVersionTransitions: z.array(
    z.strictObject({ NoncurrentDays: days, NewerNoncurrentVersions: z.int().exactOptional(), StorageClass: z.string() }),
  ).readonly().exactOptional(),
  NoncurrentVersionExpiration: z.strictObject({ NoncurrentDays: days, NewerNoncurrentVersions: z.int().exactOptional() }).exactOptional(),
  AbortIncompleteMultipartUpload: z.strictObject({ DaysAfterInitiation: days }).exactOptional(),
});

const schema = z.strictObject({
  version: z.literal(LIFECYCLE_VERSION),
  store: s3,
  document: z.strictObject({ Rules: z.array(rule).min(1).readonly() }),
  transitionDefaultMinimumObjectSize: z.enum(['all_storage_classes_128K', 'varies_by_storage_class']).nullable(),
}) satisfies z.ZodType<LifecycleConfig>;

/** Checks a config that was read already. */
export function checkLifecycleConfig(root: unknown): LifecycleConfig {
  if ((root as { version?: unknown } | null)?.version !== LIFECYCLE_VERSION) throw new RunnerError(otherVersion('lifecycle', root, LIFECYCLE_VERSION), ExitCode.BAD_CONFIG);
  const result = schema.safeParse(root);
  if (result.success) return result.data;
  throw new RunnerError(`the lifecycle can't be used: ${faultsOf(result.error)}`, ExitCode.BAD_CONFIG);
}
