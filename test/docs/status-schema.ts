import * as z from 'zod';
import { count, instant, seconds, state, texts } from './schema-pieces';
import { failedRun } from './stored-schemas';
import { PROBLEM_KINDS } from '../../src/runner/monitor/assess';
import { STATES } from '../../src/runner/status/states';

export const status = z.strictObject({
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
}).describe('/api/backups of the exporter.');
