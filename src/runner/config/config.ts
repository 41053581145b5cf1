import { z } from 'zod';
import { BackupConfig, Config, CONFIG_VERSION, DrillConfig, ExporterConfig, RestoreConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { MEMBER_PATTERN, NAME_PATTERN } from '../../contract/layout';
import { RunnerError } from '../core/errors';
import { faultsOf } from '../core/schema';
import { otherVersion, VERSION } from '../core/version';

/** No program and no file can be told a text with a NUL in it. */
const NO_NUL = [/^[^\0]*$/, 'must not have a NUL in it'] as const;
const text = z.string().min(1).regex(...NO_NUL);
/** An IPv6 address may have the brackets that it has in a URL: no program takes them beside a port. */
const host = text.transform(value => value.replace(/^\[(.*:.*)\]$/, '$1'));
const envName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable');
const absolutePath = z.string().startsWith('/', 'must be an absolute path').regex(...NO_NUL);
const port = z.int().min(1).max(65535);
// Their text gets into logs and messages.
const httpUrl = z.url({ protocol: /^https?$/ }).refine(url => !/^https?:\/\/[^/?#]*@/.test(url), 'must not have credentials in it');
const patterns = z.array(text).readonly();

const postgres = z.strictObject({
  engine: z.literal('postgres'),
  host,
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
  host,
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

const kubernetes = z.strictObject({
  engine: z.literal('kubernetes'),
  namespace: text,
  secretNames: patterns,
  configMapNames: patterns,
  labelSelector: text.nullable(),
});

const database = z.discriminatedUnion('engine', [postgres, redis, sqlite]);
const member = z.string().regex(MEMBER_PATTERN, 'must be 1 to 20 lower-case letters, digits or "_", the first a letter');

const set = z.strictObject({
  engine: z.literal('set'),
  members: z.record(member, database).refine(members => Object.keys(members).length > 1, 'must have at least two members'),
});

const postgresTarget = z.strictObject({
  engine: z.literal('postgres'),
  host,
  port,
  user: text,
  passwordEnv: envName.nullable(),
  tls: postgres.shape.tls,
  database: z.string().min(1, 'must name one database: --set target.database=NAME').regex(...NO_NUL),
  sourceDatabase: text.nullable(),
  mode: z.enum(['swap', 'in-place', 'new-database']),
  newDatabase: text.nullable(),
  parallelJobs: z.int().min(1).max(64),
  singleTransaction: z.boolean(),
  freeBytes: z.int().min(1).nullable(),
  safetyBackup: z.boolean(),
  globals: z.boolean(),
  assertions: z.array(text).readonly(),
}).check(({ value, issues }) => {
  const fault = (path: string, message: string) => issues.push({ code: 'custom', path: [path], input: value, message });
  if ((value.mode === 'new-database') !== (value.newDatabase !== null)) fault('newDatabase', 'must be given with the mode new-database, and be null with every other');
  if (value.newDatabase === value.database) fault('newDatabase', 'must be another name than that of the database: the mode swap replaces it');
  if (value.singleTransaction && value.parallelJobs > 1) fault('parallelJobs', 'must be 1 in a single transaction');
  if (value.mode === 'in-place' && value.freeBytes !== null) fault('freeBytes', 'must be null with the mode in-place: what a transaction that is open takes can\'t be measured');
  if (value.mode === 'in-place' && value.parallelJobs > 1) fault('parallelJobs', 'must be 1 with the mode in-place, which works in one transaction');
});

const redisTarget = z.strictObject({
  engine: z.literal('redis'),
  host,
  port,
  user: text.nullable(),
  passwordEnv: envName.nullable(),
  tls: redis.shape.tls,
  method: z.enum(['replication', 'keys', 'file']),
  replace: z.boolean(),
  advertiseHostEnv: envName.nullable(),
  listenPort: z.int().min(0).max(65535),
  directory: absolutePath.nullable(),
  safetyBackup: z.boolean(),
  assertions: z.array(z.strictObject({ pattern: text, leastKeys: z.int().min(1) })).readonly(),
}).check(({ value, issues }) => {
  if ((value.method === 'file') !== (value.directory !== null)) {
    issues.push({ code: 'custom', path: ['directory'], input: value, message: 'must be given with the method file, and be null with every other' });
  }
});

const sqliteTarget = z.strictObject({
  engine: z.literal('sqlite'),
  path: absolutePath,
  lockTimeoutSeconds: z.int().min(1),
  keepPrevious: z.boolean(),
  assertions: z.array(text).readonly(),
});

const kubernetesTarget = z.strictObject({ engine: z.literal('kubernetes'), namespace: text, replace: z.boolean() });

const databaseTarget = z.discriminatedUnion('engine', [postgresTarget, redisTarget, sqliteTarget]);

const setTarget = z.strictObject({
  engine: z.literal('set'),
  members: z.record(member, databaseTarget).refine(members => Object.keys(members).length > 0, 'must have at least one member'),
});

const target = z.discriminatedUnion('engine', [postgresTarget, redisTarget, sqliteTarget, setTarget, kubernetesTarget]);

const workload = z.strictObject({ kind: z.enum(['Deployment', 'StatefulSet']), name: text, namespace: text });

/** A bucket, as backups and lifecycles say it. */
export const s3 = z.strictObject({
  type: z.literal('s3'),
  name: text,
  bucket: text,
  prefix: z.string().regex(/^(?!\/)(?!.*\/$)/, 'must not begin or end with a slash'),
  region: text.nullable(),
  regionEnv: envName.nullable(),
  endpoint: httpUrl.nullable(),
  pathStyle: z.boolean(),
  credentials: z.strictObject({
    accessKeyIdEnv: envName,
    secretAccessKeyEnv: envName,
    sessionTokenEnv: envName.nullable(),
  }).nullable(),
  encryption: z.strictObject({ algorithm: z.enum(['AES256', 'aws:kms']), kmsKeyId: text.nullable() }).nullable(),
  storageClass: text.nullable(),
  objectLock: z.strictObject({ mode: z.enum(['GOVERNANCE', 'COMPLIANCE']), seconds: z.int().min(1) }).nullable(),
  checksums: z.enum(['auto', 'required-only']),
  maxParts: z.int().min(1).max(10_000),
});

const LEVELS = { zstd: [1, 19], gzip: [1, 9], none: [0, 0] } as const;

const compression = z.strictObject({ algorithm: z.enum(['zstd', 'gzip', 'none']), level: z.int() }).check(({ value, issues }) => {
  const [least, most] = LEVELS[value.algorithm];
  if (value.level < least || value.level > most) {
    issues.push({ code: 'custom', path: ['level'], input: value.level, message: `must be ${least} to ${most} for ${value.algorithm}` });
  }
});

const name = z.string().regex(NAME_PATTERN, 'must be 1 to 63 letters, digits, "_" or "-", the first a letter or digit');

const folder = z.strictObject({
  type: z.literal('folder'),
  name: text,
  directory: absolutePath,
  folder: name.nullable(),
});

/** Thirty years: later than that there is no date for everybody to agree on when a run is dead. */
const MAX_DEADLINE_SECONDS = 1e9;
const stores = z.array(z.discriminatedUnion('type', [s3, folder])).min(1).readonly()
  .refine(all => new Set(all.map(store => store.name)).size === all.length, 'must have different names');
const deadlineSeconds = z.number().positive().max(MAX_DEADLINE_SECONDS);
const scratch = z.strictObject({ directory: absolutePath, limitBytes: z.int().min(1).nullable() });

const kept = z.int().min(1).nullable();
const pushgatewayUrl = httpUrl.nullable();
const decryption = z.strictObject({ identityFile: absolutePath }).nullable();
const encryption = z.strictObject({
  recipients: z.array(z.string().regex(/^age1[02-9ac-hj-np-z]{58}$/, 'must be an X25519 recipient as age-keygen prints it: age1…')).min(1).readonly(),
}).nullable();

const backup = z.strictObject({
  version: z.literal(CONFIG_VERSION),
  kind: z.literal('backup'),
  name,
  namespace: text.nullable(),
  source: z.discriminatedUnion('engine', [postgres, redis, sqlite, set, kubernetes]),
  stores,
  compression,
  retention: z.strictObject({
    keepHours: z.number().positive().nullable(),
    keepLast: kept,
    keepHourly: kept,
    keepDaily: kept,
    keepWeekly: kept,
    keepMonthly: kept,
    keepYearly: kept,
    keepAtLeast: z.int().min(1),
  }),
  pruneAfterBackup: z.boolean(),
  verification: z.strictObject({ olderPercent: z.number().min(0).max(100), repair: z.boolean() }),
  encryption,
  pushgatewayUrl,
  suspectBelowPercent: z.number().min(0).max(100),
  deadlineSeconds,
  scratch,
}).check(({ value, issues }) => {
  if (value.source.engine === 'kubernetes' && value.encryption === null) {
    issues.push({ code: 'custom', path: ['encryption'], input: null, message: 'must be given for Secrets, which are not stored in the clear' });
  }
}) satisfies z.ZodType<BackupConfig>;

const restore = z.strictObject({
  version: z.literal(CONFIG_VERSION),
  kind: z.literal('restore'),
  name,
  target,
  stores,
  backup: text,
  notAfter: z.iso.datetime({ offset: true }).nullable(),
  store: text.nullable(),
  workloads: z.array(workload).readonly(),
  healthUrl: httpUrl.nullable(),
  decryption,
  encryption,
  deadlineSeconds,
  scratch,
}) satisfies z.ZodType<RestoreConfig>;

const drill = z.strictObject({
  version: z.literal(CONFIG_VERSION),
  kind: z.literal('drill'),
  name,
  namespace: text.nullable(),
  member: member.nullable(),
  target: databaseTarget,
  stores,
  mayBeEmpty: z.array(text).readonly(),
  dataBytes: z.int().min(1).nullable(),
  freshness: z.array(z.strictObject({ sql: text, maxAgeSeconds: z.number().positive() })).readonly(),
  rtoSeconds: z.number().positive().nullable(),
  serverStartSeconds: z.number().positive(),
  keepDrills: z.int().min(1),
  decryption,
  pushgatewayUrl,
  deadlineSeconds,
  scratch,
}) satisfies z.ZodType<DrillConfig>;

const within = z.number().positive().nullable();

const exporter = z.strictObject({
  version: z.literal(CONFIG_VERSION),
  kind: z.literal('exporter'),
  backups: z.array(z.strictObject({
    name,
    engine: z.enum(['postgres', 'redis', 'sqlite', 'set', 'kubernetes']),
    namespace: text.nullable(),
    cronJob: text,
    restoreJob: text.nullable(),
    stores,
    staleAfterSeconds: within,
    rpoSeconds: within,
    rtoSeconds: within,
    verifiedWithinSeconds: within,
    drilledWithinSeconds: within,
  })).min(1).readonly().refine(all => new Set(all.map(each => each.name)).size === all.length, 'must have different names'),
  port,
  refreshSeconds: z.number().min(1),
}) satisfies z.ZodType<ExporterConfig>;

const schema = z.discriminatedUnion('kind', [backup, restore, drill, exporter]);

// With `satisfies` above this holds the schema equal to the contract's types: a field that only one of them has does not compile.
const _contractFitsSchema = (config: Config): z.input<typeof schema> => config;
void _contractFitsSchema;

/**
 * Reads the config from its JSON text.
 *
 * @throws RunnerError with exit code BAD_CONFIG that names every field that is wrong
 */
export function parseConfig(json: string): Config {
  let root: unknown;
  try {
    root = JSON.parse(json);
  } catch (error) {
    throw new RunnerError(`the config is not JSON: ${String(error)}`, ExitCode.BAD_CONFIG, { cause: error });
  }
  return checkConfig(root);
}

/** Checks a config that was read already. */
export function checkConfig(root: unknown): Config {
  if ((root as { version?: unknown } | null)?.version !== CONFIG_VERSION) throw new RunnerError(otherVersion('config', root, CONFIG_VERSION), ExitCode.BAD_CONFIG);
  const result = schema.safeParse(root);
  if (!result.success) {
    throw new RunnerError(
      `the config can't be used: ${faultsOf(result.error, 'config')}; this is the runner of cdk8s-backup ${VERSION}: if another release wrote the manifest, use its image, cdk8s-backup-runner:RELEASE`,
      ExitCode.BAD_CONFIG,
    );
  }
  return result.data;
}
