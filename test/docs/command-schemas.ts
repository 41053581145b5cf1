import * as z from 'zod';
import { count, imported, seconds, state, stopped, texts, tookSeconds, verified } from './schema-pieces';
import { drill, record, verification } from './stored-schemas';

/** What commands print with --json. */
export const COMMAND_SCHEMAS = {
  list: z.strictObject({
    name: z.string(),
    latest: z.string().nullable().describe('Id of the backup that a restore takes unless another one is named; null if there is none.'),
    backups: z.array(z.strictObject({ ...record.shape, ...state, ageSeconds: seconds.describe('Age of the data: since the start of the backup.'), tookSeconds })).describe('Oldest first.'),
    unreadable: texts.describe('Records that are there but can\'t be read, a sentence each.'),
    unreachable: texts.describe('Stores that can\'t be read, a sentence each.'),
    elsewhere: texts.describe('Backups in the other layout, a sentence for each store.'),
  }).describe('cdk8s-backup list --json. With the config of an exporter and without --name, a list of these.'),
  show: z.strictObject({
    ...record.shape,
    ...state,
    latest: z.boolean().describe('Whether a restore takes it unless another one is named.'),
    pinned: z.boolean(),
    tookSeconds,
    verifications: z.array(verification).describe('The newest of each store.'),
    drills: z.array(drill).describe('Those that have restored it, oldest first.'),
  }).describe('cdk8s-backup show --json.'),
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
  }).describe('cdk8s-backup usage --json. With the config of an exporter and without --name, a list of these.'),
  drills: z.strictObject({ name: z.string(), drills: z.array(drill).describe('Oldest first.') }).describe('cdk8s-backup drills --json. With the config of an exporter and without --name, a list of these.'),
  doctor: z.strictObject({
    name: z.string(),
    findings: z.array(z.strictObject({
      level: z.enum(['ok', 'unchecked', 'warning', 'error']).describe('unchecked: nobody can tell from here.'),
      subject: z.string(),
      message: z.string(),
      advice: z.string().nullable().describe('What to do about it; null if the message says so, or nothing has to be done.'),
      exitCode: z.int().describe('Of a run that meets this: 0 unless the level is error.'),
      lastProved: z.string().nullable().optional().describe('With --break-glass: when it was last found ok; null if it never was.'),
    })),
  }).describe('cdk8s-backup doctor --json.'),
  verify: verified.describe('cdk8s-backup verify --json: an object for each copy that was looked at.'),
  prune: z.strictObject({
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
  import: z.strictObject(imported).describe('cdk8s-backup import --json.'),
} as const;
