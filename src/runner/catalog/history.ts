/*
 * What stands beside the backups: verifications, drills, and runs that failed. Anything of it can be missing or damaged without
 * harm to a backup, so readers leave out what they can't read and say so.
 */
import * as z from 'zod';
import { readSmall } from './read-small';
import { DRILL_VERSION, DrillRecord } from '../../contract/drill-record';
import { ExitCode } from '../../contract/exit-code';
import { FAILED_RUN_VERSION, FailedRun } from '../../contract/failed-run';
import { DRILL_SUFFIX, FAILED_RUN_SUFFIX, isVerificationSuffix, ParsedKey, parseKey } from '../../contract/layout';
import { VERIFICATION_VERSION, VerificationRecord } from '../../contract/verification-record';
import { DATABASE_NAMES } from '../config/engines/table';
import { RunnerError } from '../core/errors';
import { listOf, mapOf } from '../core/schema';
import { Store } from '../store-api/store';

const count = z.int().min(0);
const seconds = z.number().min(0);
const instant = z.iso.datetime();
const texts = listOf(z.string());
const tools = mapOf(z.string());

export const verificationSchema = z.object({
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

export const drillSchema = z.object({
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
  server: z.object({ engine: z.enum(DATABASE_NAMES), version: z.string() }).nullable(),
  bytes: count.nullable(),
  items: count.nullable(),
  seconds: z.object({ verify: seconds.nullable(), restore: seconds.nullable(), check: seconds.nullable(), total: seconds }),
  recoveryPointAgeSeconds: z.number().nullable(),
  rtoTargetSeconds: seconds.nullable(),
  checks: listOf(z.object({ name: z.string(), passed: z.boolean(), detail: z.string() })),
  tools,
}) satisfies z.ZodType<DrillRecord>;

export const failedRunSchema = z.object({
  version: z.literal(FAILED_RUN_VERSION),
  name: z.string(),
  startedAt: instant,
  finishedAt: instant,
  exitCode: z.int(),
  message: z.string(),
}) satisfies z.ZodType<FailedRun>;

/** Failures to read that say something of one document, and nothing of the store. */
const UNREADABLE: readonly ExitCode[] = [ExitCode.NOT_FOUND, ExitCode.CORRUPT, ExitCode.DENIED];

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
  const own = [...keys].filter(key => isVerificationSuffix(parseKey(key)?.suffix ?? ''));
  return readAll(own, verificationSchema, ({ id }, key) => id === key.id, store, signal);
}

export function readDrills(keys: Iterable<string>, store: Store, signal: AbortSignal): Promise<History<DrillRecord>> {
  const own = [...keys].filter(key => parseKey(key)?.suffix === DRILL_SUFFIX);
  return readAll(own, drillSchema, ({ id, name }, key) => id === key.id && name === key.name, store, signal);
}

export function readFailedRuns(keys: Iterable<string>, store: Store, signal: AbortSignal): Promise<History<FailedRun>> {
  const own = [...keys].filter(key => parseKey(key)?.suffix === FAILED_RUN_SUFFIX);
  return readAll(own, failedRunSchema, ({ name }, key) => name === key.name, store, signal);
}

/** Renders a document for the store and for people who look at it there. */
export function renderDocument(document: VerificationRecord | DrillRecord | FailedRun): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** @param belongs whether a document is of the key under which it stands: what it says of another backup counts for nothing */
async function readAll<T>(
  keys: readonly string[], schema: z.ZodType<T>, belongs: (document: T, key: ParsedKey) => boolean, store: Store, signal: AbortSignal,
): Promise<History<T>> {
  const found: Stored<T>[] = [];
  const unreadable: string[] = [];
  for (const key of [...keys].sort()) {
    const text = await readSmall(store, key, signal).catch((error: unknown) => {
      // It went away between the listing and now, or is none of ours, or nobody may read it.
      if (error instanceof RunnerError && UNREADABLE.includes(error.exitCode)) return undefined;
      throw error;
    });
    const document = text === undefined ? undefined : parse(text, schema);
    if (document === undefined || !belongs(document, parseKey(key)!)) unreadable.push(`${key} in ${store.location} can't be read, and is left out`);
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
