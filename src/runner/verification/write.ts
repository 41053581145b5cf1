import { newestBy } from './choose';
import { CopyFinding } from './copy';
import { isVerificationSuffix, parseKey, verificationKey } from '../../contract/layout';
import { BackupRecord } from '../../contract/record';
import { VERIFICATION_VERSION, VerificationRecord } from '../../contract/verification-record';
import { renderDocument } from '../catalog/history';
import { isDenied, messageOf, RunnerError } from '../core/errors';
import { Reporter } from '../core/reporter';
import { VERSION } from '../core/version';
import { engineOf } from '../engines/table';
import { Store } from '../store-api/store';

/** This many of a backup's verifications stay in each store. */
const KEPT = 3;

/** Who was told that old verifications stay: once is enough. */
const told = new WeakMap<Reporter, Set<string>>();

/** Verifications of one backup at the same time get different keys. */
const ATTEMPTS = 6;

const SECOND_MS = 1000;

export interface Reading extends CopyFinding {
  readonly startedAt: Date;
  /** Name of the store whose copy has replaced this one; `null` if it was not repaired. */
  readonly repairedFrom: string | null;
}

/**
 * Writes what reading a copy has shown next to its record, and removes all but the newest of its kind.
 *
 * Does not fail: that a copy was read is true whether it can be noted or not, as where the credentials may only read.
 */
export async function writeVerification(
  record: BackupRecord, store: Store, { fault, digestOnly, startedAt, repairedFrom }: Reading,
  { reporter, signal }: { readonly reporter: Reporter; readonly signal: AbortSignal },
): Promise<void> {
  const document: VerificationRecord = {
    version: VERIFICATION_VERSION,
    id: record.id,
    store: store.name,
    startedAt: startedAt.toISOString(),
    finishedAt: new Date().toISOString(),
    formatRead: fault === null && digestOnly === null,
    faults: fault === null ? [] : [messageOf(fault)],
    repairedFrom,
    tools: await toolsFor(record, signal),
  };
  try {
    const before: string[] = [];
    for await (const { key } of store.list(`${record.id}.verified.`, signal)) before.push(key);
    const newest = newestBy(before).get(record.id);
    // The newest has the last key: a time whose note was removed meanwhile is free, and older than those that are there.
    const first = Math.max(startedAt.getTime(), newest === undefined ? 0 : newest.getTime() + SECOND_MS);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const key = verificationKey(record.id, new Date(first + attempt * SECOND_MS));
      if (!await store.create(key, renderDocument(document), signal)) continue;
      await removeOld([...before, key], store, reporter, signal);
      break;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof RunnerError)) throw error;
    reporter.warn('verification.not-recorded',
      `${record.id} was read in ${store.name}, but that can't be noted there, so that alerts and pruning don't know of it: ${messageOf(error)}`,
      { id: record.id, store: store.name });
  }
}

/** Those verifications among `keys`, all of one backup, that newer ones have replaced. */
export function oldVerifications(keys: readonly string[]): string[] {
  return keys.filter(key => isVerificationSuffix(parseKey(key)?.suffix ?? '')).sort().slice(0, -KEPT);
}

/** Where nothing may be deleted they stay until prune comes: what was read is noted all the same. */
async function removeOld(keys: readonly string[], store: Store, reporter: Reporter, signal: AbortSignal): Promise<void> {
  const old = oldVerifications(keys);
  if (old.length === 0) return;
  try {
    await store.remove(old, signal);
  } catch (error) {
    if (!isDenied(error)) throw error;
    const stores = told.get(reporter) ?? new Set();
    if (stores.has(store.name)) return;
    told.set(reporter, stores.add(store.name));
    reporter.info('verifications.left', `Old verifications stay in ${store.name}, which is harmless: these credentials may not delete, and "cdk8s-backup prune" removes them`, { store: store.name });
  }
}

async function toolsFor({ source, members = {} }: BackupRecord, signal: AbortSignal): Promise<{ [program: string]: string }> {
  const tools = await Promise.all([source, ...Object.values(members)].map(each => engineOf(each).formatTools(signal)));
  return Object.assign({ 'cdk8s-backup': VERSION }, ...tools) as { [program: string]: string };
}
