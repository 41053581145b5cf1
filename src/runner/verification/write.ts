import { CopyFinding } from './copy';
import { isVerificationSuffix, parseKey, verificationKey } from '../../contract/layout';
import { BackupRecord } from '../../contract/record';
import { VERIFICATION_VERSION, VerificationRecord } from '../../contract/verification-record';
import { messageOf, RunnerError } from '../errors';
import { renderDocument } from '../history';
import { outputOf } from '../process';
import { Reporter } from '../reporter';
import { Store } from '../stores/store';
import { VERSION } from '../version';

/** This many of a backup's verifications stay in each store. */
const KEPT = 3;

/** Verifications of one backup in the same second get different keys. */
const MAX_SECONDS_LATER = 5;

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
    for (let later = 0; later <= MAX_SECONDS_LATER; later++) {
      const key = verificationKey(record.id, new Date(startedAt.getTime() + later * SECOND_MS));
      if (await store.create(key, renderDocument(document), signal)) break;
    }
    const keys: string[] = [];
    for await (const { key } of store.list(`${record.id}.verified.`, signal)) {
      if (isVerificationSuffix(parseKey(key)?.suffix ?? '')) keys.push(key);
    }
    const old = keys.sort().slice(0, -KEPT);
    if (old.length > 0) await store.remove(old, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof RunnerError)) throw error;
    reporter.warn('verification.not-recorded',
      `${record.id} was read in ${store.name}, but that can't be noted there, so that alerts and pruning don't know of it: ${messageOf(error)}`,
      { id: record.id, store: store.name });
  }
}

async function toolsFor({ source, members = {} }: BackupRecord, signal: AbortSignal): Promise<{ [program: string]: string }> {
  const engines = [source, ...Object.values(members)].map(({ engine }) => engine);
  const ours = { 'cdk8s-backup': VERSION, ...engines.includes('sqlite') && { sqlite: process.versions.sqlite ?? 'unknown' } };
  if (!engines.includes('postgres')) return ours;
  const output = await outputOf({ file: 'pg_restore', args: ['--version'] }, signal).catch(() => '');
  const version = /\(PostgreSQL\) (\S+)/.exec(output)?.[1];
  return version === undefined ? ours : { ...ours, pg_restore: version };
}
