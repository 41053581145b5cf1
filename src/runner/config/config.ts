import * as z from 'zod';
import { memberName } from './engines/set';
import { DATABASE_CONFIGS, ENGINE_CONFIGS, ENGINE_NAMES, engineConfigOf } from './engines/table';
import { BackupConfig, Config, CONFIG_VERSION, DrillConfig, ExporterConfig, RestoreConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { imageOf } from '../../contract/runner-image';
import { RunnerError } from '../core/errors';
import { absolutePath, backupName, httpUrl, oneOf, port, text, texts } from '../core/fields';
import { faultsOf } from '../core/schema';
import { otherVersion, VERSION } from '../core/version';
import { STORES } from '../stores/table';

const workload = z.strictObject({ kind: z.enum(['Deployment', 'StatefulSet']), name: text, namespace: text });

const LEVELS = { zstd: [1, 19], gzip: [1, 9], none: [0, 0] } as const;

const compression = z.strictObject({ algorithm: z.enum(['zstd', 'gzip', 'none']), level: z.int() }).check(({ value, issues }) => {
  const [least, most] = LEVELS[value.algorithm];
  if (value.level < least || value.level > most) {
    issues.push({ code: 'custom', path: ['level'], input: value.level, message: `must be ${least} to ${most} for ${value.algorithm}` });
  }
});

/** Thirty years: later than that there is no date for everybody to agree on when a run is dead. */
const MAX_DEADLINE_SECONDS = 1e9;
const stores = z.array(oneOf('type', Object.values(STORES).map(({ schema }) => schema))).min(1).readonly()
  .refine(all => new Set(all.map(store => store.name)).size === all.length, 'must have different names');
const activeDeadlineSeconds = z.number().positive().max(MAX_DEADLINE_SECONDS);
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
  name: backupName,
  namespace: text.nullable(),
  source: oneOf('engine', Object.values(ENGINE_CONFIGS).map(engine => engine.source)),
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
  verify: z.strictObject({ olderPercent: z.number().min(0).max(100), repair: z.boolean() }),
  encryption,
  pushgatewayUrl,
  suspectBelowPercent: z.number().min(0).max(100),
  activeDeadlineSeconds,
  scratch,
}).check(({ value, issues }) => {
  const { secrets } = engineConfigOf(value.source);
  if (secrets !== null && value.encryption === null) {
    issues.push({ code: 'custom', path: ['encryption'], input: null, message: `must be given for ${secrets}, which are not stored in the clear` });
  }
}) satisfies z.ZodType<BackupConfig>;

const restore = z.strictObject({
  version: z.literal(CONFIG_VERSION),
  kind: z.literal('restore'),
  name: backupName,
  target: oneOf('engine', Object.values(ENGINE_CONFIGS).map(engine => engine.target)),
  stores,
  backup: text,
  notAfter: z.iso.datetime({ offset: true }).nullable(),
  store: text.nullable(),
  workloads: z.array(workload).readonly(),
  healthUrl: httpUrl.nullable(),
  decryption,
  encryption,
  activeDeadlineSeconds,
  scratch,
  once: z.strictObject({ namespace: text, configMap: text, key: text }).optional(),
}) satisfies z.ZodType<RestoreConfig>;

const drill = z.strictObject({
  version: z.literal(CONFIG_VERSION),
  kind: z.literal('drill'),
  name: backupName,
  namespace: text.nullable(),
  member: memberName.nullable(),
  target: oneOf('engine', Object.values(DATABASE_CONFIGS).map(engine => engine.target)),
  stores,
  tablesThatMayBeEmpty: texts,
  dataBytes: z.int().min(1).nullable(),
  freshness: z.array(z.strictObject({ sql: text, maxAgeSeconds: z.number().positive() })).readonly(),
  rtoSeconds: z.number().positive().nullable(),
  serverStartTimeoutSeconds: z.number().positive(),
  keepDrills: z.int().min(1),
  decryption,
  pushgatewayUrl,
  activeDeadlineSeconds,
  scratch,
}) satisfies z.ZodType<DrillConfig>;

const within = z.number().positive().nullable();

const exporter = z.strictObject({
  version: z.literal(CONFIG_VERSION),
  kind: z.literal('exporter'),
  cluster: text.nullable(),
  environment: text.nullable(),
  runbookUrl: text.optional(),
  backups: z.array(z.strictObject({
    name: backupName,
    engine: z.enum(ENGINE_NAMES),
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
      `the config can't be used: ${faultsOf(result.error, 'config')}; this is the runner of cdk8s-backup ${VERSION}: if another release wrote the manifest, use its image, ${imageOf('RELEASE')}`,
      ExitCode.BAD_CONFIG,
    );
  }
  return result.data;
}
