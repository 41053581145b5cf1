/*
 * What is told of the problems of a backup, in sentences: on the status page, by its API, and by the commands that look at what is stored.
 */
import { BackupRecord } from '../../contract/record';
import { VerificationRecord } from '../../contract/verification-record';
import { Ahead, describeAhead } from '../catalog/clock';
import { CopyState, describeFault } from '../catalog/copy-state';
import { formatSeconds } from '../core/format';

export const NO_READABLE_COPY = 'No store with a good copy of the latest backup can be read now.';
export const NO_DRILL = 'No restore drill was ever made.';
export const NO_VERIFICATION = 'No backup was ever read back.';

export function nothingUsable(backups: number): string {
  return backups === 0 ? 'There is no backup.' : `None of the ${backups} backups can be used: each is suspect, from the future or has no whole copy.`;
}

/** @param id the newest of those that could be restored if they were whole */
export function everyCopyDamaged(id: string): string {
  return `Every backup that could be restored was found damaged when it was read back; the newest of them is ${id}.`;
}

/** @param used the backup that a restore takes instead */
export function newestDamaged({ id, startedAt }: BackupRecord, used: BackupRecord): string {
  return `${id} was found damaged when it was read back, and a restore takes ${used.id}, which has nothing that was written from ${used.startedAt} to ${startedAt}.`;
}

export function olderThanRpo(ageSeconds: number, rpoSeconds: number): string {
  return `The newest data is ${formatSeconds(ageSeconds)} old: more than the RPO of ${formatSeconds(rpoSeconds)}.`;
}

export function runMissing(staleAfterSeconds: number): string {
  return `A run is missing: there should be a backup that is less than ${formatSeconds(staleAfterSeconds)} old.`;
}

export function runFailed(secondsAgo: number, message: string): string {
  return `The last run failed ${formatSeconds(secondsAgo)} ago: ${message}`;
}

export function recordsDiffer(id: string, stores: readonly string[]): string {
  return `The records of ${id} differ between ${stores.join(' and ')}: one of them was changed, and a restore takes it only where a store is named.`;
}

export function neverLatest(id: string, ahead: Ahead): string {
  return `${id} is never the latest: it is ${describeAhead(ahead)}.`;
}

export function newestSuspect(id: string, suspect: string): string {
  return `The newest backup, ${id}, is suspect, and an earlier one is used: ${suspect}.`;
}

export function newestNotWhole(id: string): string {
  return `The newest backup, ${id}, has no whole copy, and an earlier one is used.`;
}

export function drillFailed(faults: readonly string[]): string {
  return `The last restore drill failed: ${faults.join('; ') || 'it does not say why'}.`;
}

export function drillMissing(secondsAgo: number): string {
  return `A restore drill is missing: the last one was ${formatSeconds(secondsAgo)} ago.`;
}

export function slowerThanRto(measuredSeconds: number, rtoSeconds: number): string {
  return `A restore took ${formatSeconds(measuredSeconds)} in the last drill: more than the RTO of ${formatSeconds(rtoSeconds)}.`;
}

export function verificationMissing(secondsAgo: number): string {
  return `A verification is missing: the last good one was ${formatSeconds(secondsAgo)} ago.`;
}

export function recordUnreadable({ message }: Error): string {
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
}

/** @param shownSeconds how old is what is shown of the store; `null` if it never could be read */
export function storeUnreadable(store: string, sinceSeconds: number, shownSeconds: number | null, why: string): string {
  const shown = shownSeconds === null ? 'it never could be' : `this page shows it as of ${formatSeconds(shownSeconds)} ago`;
  return `The store ${store} can't be read, for ${formatSeconds(sinceSeconds)} now; ${shown}: ${why}`;
}

export function copyNotWhole(store: string, copy: CopyState): string {
  return `The copy in ${store} is not whole: ${describeFault(copy)}.`;
}

export function copyDamaged(store: string, { id, faults }: VerificationRecord, others: number): string {
  return `The copy of ${id} in ${store} was found damaged: ${faults.join('; ')}.${others > 0 ? ` So are ${others} others.` : ''}`;
}

/** Without what was found, which may be long and have digests in it. */
export function copyDamagedBriefly(store: string, { id }: VerificationRecord, others: number): string {
  return `The copy of ${id} in ${store} was found damaged${others > 0 ? `, and so were ${others} others` : ''}.`;
}
