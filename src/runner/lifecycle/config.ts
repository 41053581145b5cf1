import * as z from 'zod';
import { ExitCode } from '../../contract/exit-code';
import { LIFECYCLE_ID_PREFIX, LIFECYCLE_VERSION, LifecycleConfig, LifecycleDocument } from '../../contract/lifecycle';
import { lifecycleFaults } from '../../contract/lifecycle-schema';
import { RunnerError } from '../core/errors';
import { faultsOf } from '../core/schema';
import { otherVersion } from '../core/version';
import { STORES } from '../stores/table';

// The service has the last word on what makes sense; this is what the program can say to it.
const document = z.unknown().transform((value, context): LifecycleDocument => {
  const faults = lifecycleFaults(value);
  for (const { path, message } of faults) context.addIssue({ code: 'custom', path: [...path], message });
  if (faults.length > 0) return z.NEVER;
  const { Rules: rules } = value as LifecycleDocument;
  for (const [i, { ID: id }] of rules.entries()) {
    if (id?.startsWith(LIFECYCLE_ID_PREFIX)) continue;
    context.addIssue({ code: 'custom', path: ['Rules', i, 'ID'], message: `must begin with "${LIFECYCLE_ID_PREFIX}", by which the runner knows its own rules` });
  }
  return { Rules: rules };
});

const schema = z.strictObject({
  version: z.literal(LIFECYCLE_VERSION),
  store: STORES.s3.schema,
  document,
  transitionDefaultMinimumObjectSize: z.enum(['all_storage_classes_128K', 'varies_by_storage_class']).nullable(),
}) satisfies z.ZodType<LifecycleConfig>;

/** Checks a config that was read already. */
export function checkLifecycleConfig(root: unknown): LifecycleConfig {
  if ((root as { version?: unknown } | null)?.version !== LIFECYCLE_VERSION) throw new RunnerError(otherVersion('lifecycle', root, LIFECYCLE_VERSION), ExitCode.BAD_CONFIG);
  const result = schema.safeParse(root);
  if (result.success) return result.data;
  throw new RunnerError(`the lifecycle can't be used: ${faultsOf(result.error)}`, ExitCode.BAD_CONFIG);
}
