/*
 * What stands beside the backups: verifications, drills, and runs that failed. Anything of it can be missing or damaged without
 * harm to a backup, so readers leave out what they can't read and say so.
 */
import { z } from 'zod';
import { readSmall } from './catalog';
import { RunnerError } from './errors';
import { Store } from './stores/store';
import { DRILL_VERSION, DrillRecord } from '../contract/drill-record';
import { ExitCode } from '../contract/exit-code';
import { FAILED_RUN_VERSION, FailedRun } from '../contract/failed-run';
import { DRILL_SUFFIX, FAILED_RUN_SUFFIX, isVerificationSuffix, parseKey } from '../contract/layout';
import { VERIFICATION_VERSION, VerificationRecord } from '../contract/verification-record';

const count = z.int().min(0);
const seconds = z.number().min(0);
const instant = z.iso.datetime();
const texts = z.array(z.string());
const tools = z.record(z.string(), z.string());

const verification = z.object({
  version: z.literal(VERIFICATION_VERSION),
  id: z.string(),
  store: z.string(),
  startedAt: instant,
  finishedAt: instant,
  formatRead: z.boolean(),
  faults: texts,
  repairedFrom: z.string().nullable(),
  tools,
}) satisfies z.ZodType<VerificationRecord>;

const drill = z.object({
  version: z.literal(DRILL_VERSION),
  id: z.string(),
  name: z.string(),
  member: z.string().optional(),
  backup: z.string().nullable(),
  store: z.string().nullable(),
  startedAt: instant,
  finishedAt: instant,
  outcome: z.enum(['passed', 'failed']),
  faults: texts,
  server: z.object({ engine: z.enum(['postgres', 'redis', 'sqlite']), version: z.string() }).nullable(),
  bytes: count.nullable(),
  items: count.nullable(),
  seconds: z.object({ verify: seconds.nullable(), restore: seconds.nullable(), check: seconds.nullable(), total: seconds }),
  recoveryPointAgeSeconds: z.number().nullable(),
  rtoTargetSeconds: seconds.nullable(),
  checks: z.array(z.object({ name: z.string(), passed: z.boolean(), detail: z.string() })),
  tools,
}) satisfies z.ZodType<DrillRecord>;

const failedRun = z.object({
  version: z.literal(FAILED_RUN_VERSION),
  name: z.string(),
  startedAt: instant,
  finishedAt: instant,
  exitCode: z.int(),
  message: z.string(),
}) satisfies z.ZodType<FailedRun>;

/** A document and the key under which it stands. */
export interface Stored<T> {
  readonly key: string;
  readonly document: T;
}

/** What was found, oldest first, and what could not be read: one sentence each. */
export interface History<T> {
  readonly found: readonly Stored<T>[];
  readonly unreadable: readonly string[];
}

/** The newest of the given keys of verifications, by id of the backup: all that a reader needs of them. */
export function newestVerificationKeys(keys: Iterable<string>): ReadonlyMap<string, string> {
  const newest = new Map<string, string>();
  for (const key of [...keys].sort()) {
    const parsed = parseKey(key);
    if (parsed && isVerificationSuffix(parsed.suffix)) newest.set(parsed.id, key);
  }
  return newest;
}

export function readVerifications(keys: Iterable<string>, store: Store, signal: AbortSignal): Promise<History<VerificationRecord>> {
  return readAll([...keys].filter(key => isVerificationSuffix(parseKey(key)?.suffix ?? '')), verification, store, signal);
}

export function readDrills(keys: Iterable<string>, store: Store, signal: AbortSignal): Promise<History<DrillRecord>> {
  return readAll([...keys].filter(key => parseKey(key)?.suffix === DRILL_SUFFIX), drill, store, signal);
}

export function readFailedRuns(keys: Iterable<string>, store: Store, signal: AbortSignal): Promise<History<FailedRun>> {
  return readAll([...keys].filter(key => parseKey(key)?.suffix === FAILED_RUN_SUFFIX), failedRun, store, signal);
}

/** Renders a document for the store and for people who look at it there. */
export function renderDocument(document: VerificationRecord | DrillRecord | FailedRun): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

async function readAll<T>(keys: readonly string[], schema: z.ZodType<T>, store: Store, signal: AbortSignal): Promise<History<T>> {
  const found: Stored<T>[] = [];
  const unreadable: string[] = [];
  for (const key of [...keys].sort()) {
    const text = await readSmall(store, key, signal).catch((error: unknown) => {
      // It went away between the listing and now, or is none of ours.
      if (error instanceof RunnerError && (error.exitCode === ExitCode.NOT_FOUND || error.exitCode === ExitCode.CORRUPT)) return undefined;
      throw error;
    });
    const document = text === undefined ? undefined : parse(text, schema);
    if (document === undefined) unreadable.push(`${key} in ${store.location} can't be read, and is left out`);
    else found.push({ key, document });
  }
  return { found, unreadable };
}

function parse<T>(text: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined; // not JSON
  }
}
