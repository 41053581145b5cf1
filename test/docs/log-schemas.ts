import * as z from 'zod';
import { count, imported, instant, mapOf, seconds, stopped, texts, verified } from './schema-pieces';
import { drill } from './stored-schemas';

/** The line on stdout that says how a run has ended, where there is no terminal. */
const result = <E extends string, T extends z.ZodRawShape>(event: E, shape: T) =>
  z.strictObject({ level: z.literal('info'), time: instant, event: z.literal(event), ...shape });
const obstacles = z.array(z.strictObject({ message: z.string(), exitCode: z.int() })).describe('What stands in the way; empty: nothing does.');
const rollbackPoint = { name: z.string(), keptAt: instant, bytes: count.nullable() };
const holds = z.string().describe('What the database holds now, in words.');
const previous = z.string().nullable().describe('Where that is which was live before, in words; null if nothing is kept.');

/** What stands on the lines of a log. */
export const LOG_SCHEMAS = {
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
      recoveryPoint: instant.nullable().describe('From when the restored data are; null where an earlier pod or Job has restored them.'),
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
    result('import.finished', imported),
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
} as const;
