import { claimedUntil, filesOf, renderClaim } from './claim';
import { ownFilesOf } from './own-files';
import { ExitCode } from '../../contract/exit-code';
import { PINNED_SUFFIX, RECORD_SUFFIX, STARTED_SUFFIX } from '../../contract/layout';
import { BackupRecord } from '../../contract/record';
import { messageOf, RunnerError } from '../core/errors';
import { Store, UnfinishedUpload } from '../store-api/store';

/*
 * Removing, so that a crash at any moment leaves orphans and no lie: a claim that nobody holds any more, then the record goes, then
 * the files, then the claim. What is left of a removal that was cut off has a dead claim and no record, and the next run finishes it.
 */

export type Removal =
  | { readonly kind: 'removed' }
  /** The store does not let it go, or somebody wants it kept. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** Somebody has stopped all pruning meanwhile. */
  | { readonly kind: 'held'; readonly reason: string }
  | { readonly kind: 'failed'; readonly error: RunnerError };

/** Removes a backup from one store. */
export async function removeBackup(record: BackupRecord, store: Store, signal: AbortSignal): Promise<Removal> {
  const { id } = record;
  return explained(async () => {
    const now = new Date();
    if (!await store.create(id + STARTED_SUFFIX, renderClaim(now, now), signal)) {
      const until = await claimedUntil(id, store, signal);
      if (until === null || until > now) return refused('another run works on it');
    }
    // Whoever pins looks for a claim after that: one of the two sees the other.
    const files = await filesOf(id, store, signal);
    if (files.includes(id + PINNED_SUFFIX)) {
      await store.remove([id + STARTED_SUFFIX], signal);
      return refused(`it is pinned, and "cdk8s-backup unpin ${id}" ends that`);
    }
    try {
      await store.remove([id + RECORD_SUFFIX], signal);
    } catch (error) {
      // It is as it was; the claim is dead already, and harmless should it be refused as well.
      await store.remove([id + STARTED_SUFFIX], signal).catch(() => {});
      throw error;
    }
    const rest = ownFilesOf(record, files).filter(file => file !== id + RECORD_SUFFIX && file !== id + STARTED_SUFFIX);
    await store.remove(rest, signal);
    await store.remove([id + STARTED_SUFFIX], signal);
    return { kind: 'removed' };
  }, signal);
}

/** Removes files that belong to no backup: the claim last, for it is the proof that the others are ours. */
export async function removeFiles(
  id: string, files: readonly string[], uploads: readonly UnfinishedUpload[], store: Store, signal: AbortSignal,
): Promise<Removal> {
  return explained(async () => {
    for (const upload of uploads) await upload.discard(signal);
    const others = files.filter(file => file !== id + STARTED_SUFFIX);
    if (others.length > 0) await store.remove(others, signal);
    if (files.length > others.length) await store.remove([id + STARTED_SUFFIX], signal);
    return { kind: 'removed' };
  }, signal);
}

function refused(reason: string): Removal {
  return { kind: 'refused', reason };
}

/** Object Lock and policies refuse; that is reported and no failure. Whatever else goes wrong is one, and does not stop the others. */
export async function explained(action: () => Promise<Removal>, signal: AbortSignal): Promise<Removal> {
  try {
    return await action();
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof RunnerError)) throw error;
    return error.exitCode === ExitCode.DENIED ? refused(messageOf(error)) : { kind: 'failed', error };
  }
}
