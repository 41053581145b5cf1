import { safetyOf } from './safety-record';
import { REPLACED_SUFFIX } from '../../contract/layout';
import { BackupRecord } from '../../contract/record';
import { Backup, Catalog } from '../catalog/catalog';
import { lastCalls } from '../core/deadline';
import { messageOf } from '../core/errors';
import { RestorerContext } from '../engine-api/restorer';

/*
 * Which safety backup a rollback brings back.
 *
 * A rollback stores what it replaces as well. One that fails, or is killed, so leaves a safety backup behind that is newer than the one
 * it was to bring back, and to take that for the newest would bring back just what is there. So the record of a safety backup says
 * whether it was taken before a safety backup was restored, and such a one counts only once ID.replaced is beside it, which is written
 * when that has ended well. Until then the next rollback goes for the same safety backup as the one that did not end.
 *
 * Killed before its record is there, a rollback has changed nothing and left nothing. Killed later, the next one finishes it, whatever
 * the target holds meanwhile: what it held, nothing, a mixture, or all of it already. Nothing is removed: what a rollback that did not
 * end has stored may be the last good copy, and has a name that a rollback takes. Records of versions that knew no such thing say
 * nothing of a rollback, and count.
 */

/** The database is up again only after this: stores that do not answer are not waited for any longer. */
const NOTE_LIMIT_MS = 30_000;

/** How a person gets back what was stored before `restored` was to be restored. */
export function wayBack(safetyBackup: string, restored: BackupRecord): string {
  return `"cdk8s-backup rollback${isSafetyBackup(restored) ? ` ${safetyBackup}` : ''}" brings it back`;
}

/** Safety backups of this server, or of one database of it: first the one that a rollback brings back, then the others, newest first. */
export function safetyBackups({ backups, files }: Catalog, address: string, database: string | null = null): Backup[] {
  const own = backups.filter(({ record }) => isSafetyBackup(record))
    .filter(({ record: { source } }) => source.address === address && source.database === database).reverse();
  // One that a clock which was ahead has dated would be the newest for as long.
  const newestFirst = afterWhatTheyReplaced([...own.filter(({ ahead }) => ahead === null), ...own.filter(({ ahead }) => ahead !== null)]);
  const goal = unfinished(newestFirst[0]?.record, files);
  const first = newestFirst.find(({ record }) => record.id === goal);
  return first === undefined ? newestFirst : [first, ...newestFirst.filter(backup => backup !== first)];
}

/** Notes that `restored`, if it is a safety backup, has replaced what is stored as `safetyBackup`. Does not fail: it has. Also done by a run that is told to stop now. */
export async function noteReplaced(
  safetyBackup: string | null, restored: BackupRecord, { stores, reporter }: Pick<RestorerContext, 'stores' | 'reporter'>, signal: AbortSignal,
): Promise<void> {
  if (safetyBackup === null || safetyBackup === restored.id || !isSafetyBackup(restored)) return;
  const content = `${JSON.stringify({ id: safetyBackup, replacedBy: restored.id, replacedAt: new Date().toISOString() })}\n`;
  const limit = AbortSignal.any([lastCalls(signal), AbortSignal.timeout(NOTE_LIMIT_MS)]);
  const noted = await Promise.allSettled(stores.map(store => store.create(safetyBackup + REPLACED_SUFFIX, content, limit)));
  if (noted.some(({ status }) => status === 'fulfilled')) return; // one store is enough
  const [failure] = noted as PromiseRejectedResult[];
  reporter.warn('rollback.unnoted', `No store takes the note that ${restored.id} is restored (${messageOf(failure?.reason)}): the next rollback brings it back once more; `
    + `"cdk8s-backup rollback ${safetyBackup}" undoes this one`, { id: safetyBackup });
}

/** Id of what a rollback that did not end was to bring back, if that is what the newest safety backup was taken before. */
function unfinished(newest: BackupRecord | undefined, files: Catalog['files']): string | undefined {
  if (newest === undefined || [...files.values()].some(keys => keys.has(newest.id + REPLACED_SUFFIX))) return undefined;
  return broughtBack(newest);
}

/** Id of the safety backup whose rollback has stored this one; `undefined` if none has. */
function broughtBack(record: BackupRecord): string | undefined {
  const safety = safetyOf(record);
  return safety?.rollback ? safety.before : undefined;
}

/** What a rollback has stored is newer than what it brought back, whatever the clock said. */
function afterWhatTheyReplaced(newestFirst: readonly Backup[]): Backup[] {
  const order = [...newestFirst];
  for (const backup of newestFirst) {
    const older = order.findIndex(({ record }) => record.id === broughtBack(backup.record));
    const at = order.indexOf(backup);
    if (older === -1 || older > at) continue;
    order.splice(at, 1);
    order.splice(older, 0, backup);
  }
  return order;
}

function isSafetyBackup(record: BackupRecord): boolean {
  return safetyOf(record) !== undefined;
}
