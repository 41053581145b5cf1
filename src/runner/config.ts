import { z } from 'zod';
import { RunnerError } from './errors';
import { BackupConfig, CONFIG_VERSION } from '../contract/config';
import { ExitCode } from '../contract/exit-code';
import { NAME_PATTERN } from '../contract/layout';

const text = z.string().min(1);
const envName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable');
const absolutePath = z.string().startsWith('/', 'must be an absolute path');
const port = z.int().min(1).max(65535);
const patterns = z.array(text).readonly();

const postgres = z.strictObject({
  engine: z.literal('postgres'),
  host: text,
  port,
  database: text.nullable(),
  user: text,
  passwordEnv: envName.nullable(),
  tls: z.strictObject({
    mode: z.enum(['disable', 'prefer', 'require', 'verify-ca', 'verify-full']),
    caFile: absolutePath.nullable(),
  }),
  includeSchemas: patterns,
  excludeSchemas: patterns,
  includeTables: patterns,
  excludeTables: patterns,
  globals: z.boolean(),
  lockTimeoutSeconds: z.int().min(1),
});

const redis = z.strictObject({
  engine: z.literal('redis'),
  host: text,
  port,
  user: text.nullable(),
  passwordEnv: envName.nullable(),
  tls: z.strictObject({ caFile: absolutePath.nullable() }).nullable(),
});

const sqlite = z.strictObject({
  engine: z.literal('sqlite'),
  path: absolutePath,
  lockTimeoutSeconds: z.int().min(1),
});

/** A bucket, as backups and lifecycles say it. */
export const s3 = z.strictObject({
  type: z.literal('s3'),
  name: text,
  bucket: text,
  prefix: z.string().regex(/^(?!\/)(?!.*\/$)/, 'must not begin or end with a slash'),
  region: text.nullable(),
  regionEnv: envName.nullable(),
  endpoint: z.url({ protocol: /^https?$/ }).nullable(),
  pathStyle: z.boolean(),
  credentials: z.strictObject({
    accessKeyIdEnv: envName,
    secretAccessKeyEnv: envName,
    sessionTokenEnv: envName.nullable(),
  }).nullable(),
  encryption: z.strictObject({ algorithm: z.enum(['AES256', 'aws:kms']), kmsKeyId: text.nullable() }).nullable(),
  storageClass: text.nullable(),
  checksums: z.enum(['auto', 'required-only']),
  maxParts: z.int().min(1).max(10_000),
});

const folder = z.strictObject({
  type: z.literal('folder'),
  name: text,
  directory: absolutePath,
});

const LEVELS = { zstd: [1, 19], gzip: [1, 9], none: [0, 0] } as const;

const compression = z.strictObject({ algorithm: z.enum(['zstd', 'gzip', 'none']), level: z.int() }).check(({ value, issues }) => {
  const [least, most] = LEVELS[value.algorithm];
  if (value.level < least || value.level > most) {
    issues.push({ code: 'custom', path: ['level'], input: value.level, message: `must be ${least} to ${most} for ${value.algorithm}` });
  }
});

const schema = z.strictObject({
  version: z.literal(CONFIG_VERSION),
  name: z.string().regex(NAME_PATTERN, 'must be 1 to 63 letters, digits, "_" or "-", the first a letter or digit'),
  source: z.discriminatedUnion('engine', [postgres, redis, sqlite]),
  stores: z.array(z.discriminatedUnion('type', [s3, folder])).min(1).readonly()
    .refine(stores => new Set(stores.map(store => store.name)).size === stores.length, 'must have different names'),
  compression,
  retention: z.strictObject({
    keepHours: z.number().positive().nullable(),
    keepLast: z.int().min(1).nullable(),
    keepAtLeast: z.int().min(1),
  }),
  suspectBelowPercent: z.number().min(0).max(100),
  deadlineSeconds: z.number().positive(),
  scratch: z.strictObject({ directory: absolutePath, limitBytes: z.int().min(1).nullable() }),
}) satisfies z.ZodType<BackupConfig>;

// With `satisfies` above this holds the schema equal to the contract's types: a field that only one of them has does not compile.
const _contractFitsSchema = (config: BackupConfig): z.input<typeof schema> => config;
void _contractFitsSchema;

/**
 * Reads the config from its JSON text.
 *
 * @throws RunnerError with exit code BAD_CONFIG that names every field that is wrong
 */
export function parseConfig(json: string): BackupConfig {
  let root: unknown;
  try {
    root = JSON.parse(json);
  } catch (error) {
    throw new RunnerError(`the config is not JSON: ${String(error)}`, ExitCode.BAD_CONFIG, { cause: error });
  }
  return checkConfig(root);
}

/** Checks a config that was read already. */
export function checkConfig(root: unknown): BackupConfig {
  const version = (root as { version?: unknown } | null)?.version;
  if (version !== CONFIG_VERSION) {
    throw new RunnerError(
      `the config has version ${JSON.stringify(version)}, this runner reads version ${CONFIG_VERSION}: use a runner image of the same release as the construct library`,
      ExitCode.BAD_CONFIG,
    );
  }
  const result = schema.safeParse(root);
  if (!result.success) {
    const faults = result.error.issues.map(issue => `${issue.path.join('.') || 'config'}: ${issue.message}`);
    throw new RunnerError(`the config can't be used: ${faults.join('; ')}`, ExitCode.BAD_CONFIG);
  }
  return result.data;
}
