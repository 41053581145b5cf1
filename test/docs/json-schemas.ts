/*
 * Writes the schemas in docs/reference/schemas: `npx tsx test/docs/json-schemas.ts`. json-schemas.test.ts fails where that was forgotten, and where
 * the program prints anything else than what they say, down to a field that no schema has.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { fieldsOf } from './doc-comments';
import { DrillRecord } from '../../src/contract/drill-record';
import { FailedRun } from '../../src/contract/failed-run';
import { BackupRecord } from '../../src/contract/record';
import { VerificationRecord } from '../../src/contract/verification-record';
import { PROBLEM_KINDS } from '../../src/runner/monitor/assess';
import { STATES } from '../../src/runner/status/states';
import { ROOT } from '../pages';

export const FOLDER = path.join(ROOT, 'docs', 'reference', 'schemas');

const count = z.int().min(0);
const seconds = z.number().min(0);
const instant = z.iso.datetime();
const texts = z.array(z.string());
const mapOf = <T extends z.ZodType>(value: T) => z.record(z.string(), value);
/** An object of the contract, with the comments that its fields have there. */
const documented = <T extends z.ZodRawShape>(file: string, interfaceName: string, shape: T) => {
  const comments = new Map(fieldsOf(file, interfaceName).map(({ name, comment }) => [name, comment]));
  const described = Object.entries(shape).map(([name, type]) => {
    const comment = comments.get(name);
    return [name, comment === undefined ? type : (type as z.ZodType).describe(comment)];
  });
  return z.strictObject(Object.fromEntries(described) as T);
};

const source = documented('record.ts', 'RecordedSource', {
  engine: z.enum(['postgres', 'redis', 'sqlite', 'set', 'kubernetes']),
  serverVersion: z.string(),
  address: z.string(),
  database: z.string().nullable(),
});
const counts = documented('record.ts', 'RecordedCounts', {
  precision: z.enum(['exact', 'estimate']),
  unit: z.enum(['rows', 'keys']),
  items: mapOf(count),
  unlisted: z.strictObject({ items: count, total: count }).optional(),
});
const artifact = documented('record.ts', 'RecordedArtifact', {
  file: z.string(),
  member: z.string().optional(),
  role: z.enum(['data', 'globals']),
  database: z.string().nullable(),
  bytes: count,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  compression: documented('record.ts', 'RecordedCompression', { algorithm: z.enum(['zstd', 'gzip', 'none']), level: count, where: z.enum(['inside', 'outside']) }),
  plainBytes: count.nullable(),
  counts: counts.nullable(),
  recipients: texts.min(1).optional(),
});
const record = documented('record.ts', 'BackupRecord', {
  version: z.literal(1),
  id: z.string(),
  name: z.string(),
  source,
  members: mapOf(source).optional(),
  startedAt: instant,
  finishedAt: instant,
  tools: mapOf(z.string()),
  artifacts: z.array(artifact).min(1),
  stores: texts.min(1),
  suspect: z.string().nullable(),
  warnings: texts.min(1).optional(),
  safety: documented('record.ts', 'RecordedSafety', { before: z.string(), rollback: z.boolean() }).optional(),
}) satisfies z.ZodType<BackupRecord>;

const verification = documented('verification-record.ts', 'VerificationRecord', {
  version: z.literal(1),
  id: z.string(),
  store: z.string(),
  startedAt: instant,
  finishedAt: instant,
  formatRead: z.boolean(),
  faults: texts,
  repairedFrom: z.string().nullable(),
  tools: mapOf(z.string()),
}) satisfies z.ZodType<VerificationRecord>;

const drill = documented('drill-record.ts', 'DrillRecord', {
  version: z.literal(1),
  id: z.string(),
  name: z.string(),
  member: z.string().optional(),
  backup: z.string().nullable(),
  store: z.string().nullable(),
  startedAt: instant,
  finishedAt: instant,
  outcome: z.enum(['passed', 'failed']),
  faults: texts,
  server: z.strictObject({ engine: z.enum(['postgres', 'redis', 'sqlite']), version: z.string() }).nullable(),
  bytes: count.nullable(),
  items: count.nullable(),
  seconds: z.strictObject({ verify: seconds.nullable(), restore: seconds.nullable(), check: seconds.nullable(), total: seconds }),
  recoveryPointAgeSeconds: z.number().nullable(),
  rtoTargetSeconds: seconds.nullable(),
  checks: z.array(documented('drill-record.ts', 'DrillCheck', { name: z.string(), passed: z.boolean(), detail: z.string() })),
  tools: mapOf(z.string()),
}) satisfies z.ZodType<DrillRecord>;

const failedRun = documented('failed-run.ts', 'FailedRun', {
  version: z.literal(1), name: z.string(), startedAt: instant, finishedAt: instant, exitCode: z.int(), message: z.string(),
}) satisfies z.ZodType<FailedRun>;

/** What list, show and the exporter say of a backup beside its record. */
const state = {
  usable: z.boolean().describe('Whether it may serve as the latest: not suspect, or accepted; not from the future; and whole in at least one store.'),
  accepted: z.boolean().describe('Whether somebody has accepted it although it is suspect.'),
  ahead: z.boolean().describe('Whether it says that it is from the future.'),
  differing: z.boolean().describe('Whether the stores have different records of it.'),
  bytes: count.describe('Stored bytes of all artifacts.'),
  copies: mapOf(z.string()).describe('By name of the store: "ok", or what is wrong with the copy there, in words.'),
};
const tookSeconds = seconds.describe('From start to finish.');

const ofOne = {
  list: z.strictObject({
    name: z.string(),
    latest: z.string().nullable().describe('Id of the backup that a restore takes unless another one is named; null if there is none.'),
    backups: z.array(z.strictObject({ ...record.shape, ...state, ageSeconds: seconds.describe('Age of the data: since the start of the backup.'), tookSeconds })).describe('Oldest first.'),
    unreadable: texts.describe('Records that are there but can\'t be read, a sentence each.'),
    unreachable: texts.describe('Stores that can\'t be read, a sentence each.'),
    elsewhere: texts.describe('Backups in the other layout, a sentence for each store.'),
  }),
  usage: z.strictObject({
    name: z.string(),
    stores: z.array(z.strictObject({
      store: z.string(),
      location: z.string(),
      fault: z.string().nullable().describe('Why nothing is known; null if something is.'),
      objects: count.describe('Everything under the name of the backup, checksums, records and rubbish included.'),
      bytes: count,
      backups: count.describe('Those with all their files.'),
      oldest: z.string().nullable(),
      newest: z.string().nullable(),
      growthBytesPerDay: z.number().nullable().describe('Added by the backups of the last 30 days; null with less than a day to go by.'),
      freeBytes: count.nullable().describe('null for object storage.'),
    })),
  }),
  drills: z.strictObject({ name: z.string(), drills: z.array(drill).describe('Oldest first.') }),
};

const verified = z.array(z.strictObject({
  id: z.string(),
  store: z.string(),
  result: z.string().describe('"ok", or what is wrong, in words.'),
  digestOnly: z.string().optional().describe('Why the format was not read; absent if it was.'),
  repairedFrom: z.string().optional().describe('Name of the store whose copy has replaced this one.'),
}));
const stopped = z.array(z.strictObject({ store: z.string().nullable(), reason: z.string(), begun: z.literal(true).optional() }))
  .describe('Why nothing, or (begun) nothing more, is removed in a store; in all where store is null.');

/** The line on stdout that says how a run has ended, where there is no terminal. */
const result = <E extends string, T extends z.ZodRawShape>(event: E, shape: T) =>
  z.strictObject({ level: z.literal('info'), time: instant, event: z.literal(event), ...shape });
const obstacles = z.array(z.strictObject({ message: z.string(), exitCode: z.int() })).describe('What stands in the way; empty: nothing does.');
const rollbackPoint = { name: z.string(), keptAt: instant, bytes: count.nullable() };
const holds = z.string().describe('What the database holds now, in words.');
const previous = z.string().nullable().describe('Where that is which was live before, in words; null if nothing is kept.');

export const SCHEMAS = {
  'record': record.describe('ID.json in a store: the record of a backup.'),
  'verification': verification.describe('ID.verified.TIME.json in a store: what reading a copy back has shown.'),
  'drill': drill.describe('ID.drill.json in a store: a restore drill.'),
  'failed-run': failedRun.describe('ID.failed.json in a store: a backup run that failed.'),
  'list': ofOne.list.describe('cdk8s-backup list --json. With the config of an exporter and without --name, a list of these.'),
  'show': z.strictObject({
    ...record.shape,
    ...state,
    latest: z.boolean().describe('Whether a restore takes it unless another one is named.'),
    pinned: z.boolean(),
    tookSeconds,
    verifications: z.array(verification).describe('The newest of each store.'),
    drills: z.array(drill).describe('Those that have restored it, oldest first.'),
  }).describe('cdk8s-backup show --json.'),
  'usage': ofOne.usage.describe('cdk8s-backup usage --json. With the config of an exporter and without --name, a list of these.'),
  'drills': ofOne.drills.describe('cdk8s-backup drills --json. With the config of an exporter and without --name, a list of these.'),
  'doctor': z.strictObject({
    name: z.string(),
    findings: z.array(z.strictObject({
      level: z.enum(['ok', 'unchecked', 'warning', 'error']).describe('unchecked: nobody can tell from here.'),
      subject: z.string(),
      message: z.string(),
      advice: z.string().nullable().describe('What to do about it; null if the message says so, or nothing has to be done.'),
      exitCode: z.int().describe('Of a run that meets this: 0 unless the level is error.'),
    })),
  }).describe('cdk8s-backup doctor --json.'),
  'verify': verified.describe('cdk8s-backup verify --json: an object for each copy that was looked at.'),
  'prune': z.strictObject({
    name: z.string(),
    dryRun: z.boolean(),
    stopped,
    entries: z.array(z.strictObject({
      store: z.string(),
      id: z.string(),
      what: z.enum(['backup', 'record that can\'t be read', 'files without a record', 'failed run']),
      action: z.enum(['keep', 'delete']),
      reason: z.string(),
      files: texts.describe('What there is of it; of a thing to delete, what goes.'),
      uploads: texts.describe('Uploads that were never finished, by the key that they would have got.'),
    })),
    removed: count,
    hidden: texts.describe('Stores that keep what was removed as older versions.'),
    refused: texts.describe('What stores did not let go, a sentence each.'),
    failures: texts,
  }).describe('cdk8s-backup prune --json.'),
  'results': z.discriminatedUnion('event', [
    result('backup.finished', {
      id: z.string(),
      suspect: z.string().nullable(),
      bytes: count,
      seconds,
      stores: texts,
      artifacts: z.array(z.strictObject({ file: z.string(), bytes: count, sha256: z.string() })),
    }),
    result('restore.plan', {
      id: z.string(),
      target: z.string(),
      bytes: count,
      backupTookSeconds: seconds,
      steps: texts,
      replaces: z.string().nullable().describe('What stops being live; null if nothing that exists is touched.'),
      keeps: z.string().nullable().describe('Where that is afterwards; null where it is gone, or nothing is replaced.'),
      missing: obstacles,
      notes: texts,
      tools: mapOf(z.string()).optional(),
    }),
    result('restore.finished', {
      id: z.string(),
      name: z.string(),
      recoveryPoint: instant.nullable().describe('From when the restored data are; null where an earlier pod of the Job has restored them.'),
      holds,
      previous,
      wayBack: z.string().nullable().describe('How to go back, in words; null if nothing is kept.'),
      notes: texts,
    }),
    result('rollback.plan', { target: z.string(), ...rollbackPoint, steps: texts, others: z.array(z.strictObject(rollbackPoint)), missing: obstacles }),
    result('rollback.finished', { holds, previous, notes: texts }),
    result('discard.plan', { target: z.string(), ...rollbackPoint }),
    result('discard.finished', { name: z.string(), bytes: count.nullable() }),
    result('drill.finished', { ...drill.shape, stores: texts.describe('Those that have its record.') }),
    result('verification.finished', { name: z.string(), findings: verified }),
    result('prune.finished', {
      name: z.string(),
      removed: count,
      of: count.describe('Things that were decided about.'),
      hidden: texts,
      refused: count,
      failed: count,
      stopped,
    }),
  ]).describe('The last line on stdout where it is no terminal, or with --log-format json.'),
  'log-line': z.looseObject({
    level: z.enum(['info', 'warn', 'error']),
    time: instant,
    event: z.string().describe('What happened: backup.started, progress, failed, ...'),
    message: z.string().optional().describe('The same in words.'),
    exitCode: z.int().optional().describe('Of the event "failed", with which the run ends.'),
    retryMayHelp: z.boolean().optional().describe('Of the event "failed".'),
  }).describe('A line on stderr where it is no terminal, or with --log-format json. The other fields depend on the event, with units in their names.'),
  'status': z.strictObject({
    cluster: z.string().nullable(),
    environment: z.string().nullable(),
    asOf: instant,
    complete: z.boolean().describe('Whether every store was looked at since the start.'),
    backups: z.array(z.strictObject({
      name: z.string(),
      engine: z.string(),
      namespace: z.string().nullable(),
      cronJob: z.string(),
      restoreJob: z.string().nullable(),
      restorable: z.enum(['yes', 'but', 'no', 'unknown']).describe('Whether it could be restored right now; but: with problems that somebody has to look at.'),
      state: z.enum(Object.keys(STATES)).describe('The worst that is known of it, as the status page shows it.'),
      problems: z.array(z.strictObject({
        kind: z.enum(PROBLEM_KINDS),
        severity: z.enum(['bad', 'warning']).describe('bad: a promise is broken.'),
        text: z.string(),
        brief: z.string().optional().describe('The same in few words, where the text is long.'),
      })).describe('Worst first.'),
      latest: z.string().nullable(),
      ageSeconds: z.number().nullable(),
      rpoSeconds: z.number().nullable(),
      rtoSeconds: z.number().nullable(),
      measuredRtoSeconds: z.number().nullable(),
      lastDrillPassedAt: instant.nullable(),
      lastVerifiedAt: instant.nullable(),
      failedRun: failedRun.nullable().describe('The last run, if it failed.'),
      held: z.boolean(),
      backupCount: count,
      bytes: count.nullable(),
      growthBytesPerDay: z.number().nullable(),
      stores: z.array(z.strictObject({
        name: z.string(),
        location: z.string(),
        up: z.boolean().nullable().describe('null: not looked at yet.'),
        readAt: instant.nullable(),
        trouble: z.strictObject({ message: z.string(), since: instant }).nullable(),
        objects: count.nullable(),
        bytes: count.nullable(),
        freeBytes: count.nullable(),
      })),
      backups: z.array(z.strictObject({
        id: z.string(),
        startedAt: instant,
        finishedAt: instant,
        suspect: z.string().nullable(),
        warnings: texts,
        pinned: z.boolean(),
        ...state,
        verifications: z.array(z.strictObject({ store: z.string(), finishedAt: instant, faults: texts })),
      })).describe('The newest 30, oldest first.'),
      drills: z.array(z.strictObject({
        id: z.string(),
        backup: z.string().nullable(),
        finishedAt: instant,
        outcome: z.enum(['passed', 'failed']),
        faults: texts,
        totalSeconds: seconds,
        rtoTargetSeconds: seconds.nullable(),
      })).describe('The newest 30, oldest first.'),
    })),
  }).describe('/api/backups of the exporter.'),
} as const;

/** What the files hold, by name. Readers have to expect fields that a later release adds. */
export function schemaFiles(): Map<string, string> {
  return new Map(Object.entries(SCHEMAS).map(([name, schema]) => {
    const json = z.toJSONSchema(schema, {
      override: ({ jsonSchema }) => {
        if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
        if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
        if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
        if (jsonSchema.format === 'date-time') delete jsonSchema.pattern; // says the same in 300 characters
      },
    });
    return [`${name}.json`, `${JSON.stringify(json, null, 2)}\n`];
  }));
}

if (require.main === module) {
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, text] of schemaFiles()) writeFileSync(path.join(FOLDER, name), text);
}
