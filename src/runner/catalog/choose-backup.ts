import { Backup, Catalog } from './catalog';
import { copiesAsRead, describeFaults, storesWithWhole } from './copy-state';
import { ExitCode } from '../../contract/exit-code';
import { parseKey, RECORD_SUFFIX } from '../../contract/layout';
import { RunnerError } from '../core/errors';

/** Whether a backup may serve as the latest: nothing suspect about it, not from the future, and a copy that is whole and was not found damaged. */
export function isUsable(backup: Backup): boolean {
  return isTrusted(backup) && storesWithWhole(copiesAsRead(backup)).length > 0;
}

/** Whether it could be the latest, had reading its copies back not shown that all that look whole are damaged. */
export function isFoundDamaged(backup: Backup): boolean {
  return isTrusted(backup) && storesWithWhole(backup.copies).length > 0 && !isUsable(backup);
}

function isTrusted({ record: { suspect }, accepted, ahead }: Backup): boolean {
  return (suspect === null || accepted) && ahead === null;
}

/** The newest usable backup. */
export function latest(catalog: Catalog): Backup | undefined {
  return catalog.backups.findLast(isUsable);
}

/**
 * Backups that would be the latest, or the newest from a time or before, were they not damaged; newest first.
 *
 * @param chosen what is taken in their place; `undefined`: there is nothing
 */
export function passedOver({ backups }: Pick<Catalog, 'backups'>, chosen: Backup | undefined, notAfter: Date | null = null): Backup[] {
  return backups.filter(backup => isFoundDamaged(backup)
    && (chosen === undefined || backup.record.id > chosen.record.id)
    && (notAfter === null || startedBy(backup, notAfter))).reverse();
}

/** The newest backup, usable or not, that is not from the future: what everything else is measured by. */
export function newestOf({ backups }: Pick<Catalog, 'backups'>): Backup | undefined {
  return backups.findLast(({ ahead }) => ahead === null);
}

/**
 * Finds a backup by what a person types: `latest`, an id, or the name of one of its files.
 *
 * @throws RunnerError with exit code NOT_FOUND that says which there are; for `latest`, with CORRUPT where one that differs between the stores may be it,
 * or all that could be it were found damaged
 */
export function findBackup(catalog: Catalog, name: string, wanted: string): Backup {
  if (wanted === 'latest') refuseGuess(catalog);
  const found = wanted === 'latest' ? newestDecided(catalog.backups) : catalog.backups.find(backup => backup.record.id === parseKey(wanted)?.id);
  if (found) return found;
  if (wanted === 'latest') refuseDamaged(catalog, name, null);
  const { id } = parseKey(wanted) ?? {};
  const unreadable = catalog.unreadable.find(record => record.id === id);
  if (unreadable) throw unreadable;
  const newest = catalog.backups.slice(-5).reverse().map(backup => backup.record.id);
  throw new RunnerError(
    catalog.backups.length === 0
      ? noBackups(catalog, name)
      : wanted === 'latest'
        ? `no backup of ${name} can serve as the latest, each is suspect, incomplete or from the future: see "cdk8s-backup list". Name one to use it anyway: ${newest.join(', ')}`
        : `there is no backup ${wanted}; the newest of ${name}: ${newest.join(', ')}`,
    ExitCode.NOT_FOUND,
  );
}

/**
 * The newest usable backup that was started at `time` or before: nothing that was written later is in it.
 *
 * @throws RunnerError with exit code NOT_FOUND that says which is the oldest there is
 */
export function findBackupAt(catalog: Catalog, name: string, time: Date): Backup {
  refuseGuess(catalog);
  const usable = catalog.backups.filter(isUsable);
  if (catalog.elsewhere.length > 0) throw new RunnerError(noBackups(catalog, name), ExitCode.NOT_FOUND);
  const found = newestDecided(catalog.backups.filter(backup => startedBy(backup, time)));
  if (found) return found;
  refuseDamaged(catalog, name, time);
  throw new RunnerError(
    `there is no backup of ${name} from ${time.toISOString()} or before${usable[0] ? `; the oldest is ${usable[0].record.id}` : ', and none from later'}`,
    ExitCode.NOT_FOUND,
  );
}

function noBackups({ elsewhere }: Catalog, name: string): string {
  return `there is no backup of ${name}: ${elsewhere.length > 0 ? elsewhere.join('; ') : 'nothing was ever finished here, or the store, its prefix or its layout is another one'}`;
}

function startedBy({ record }: Backup, time: Date): boolean {
  return Date.parse(record.startedAt) <= time.getTime();
}

/** Refuses where nothing but damage keeps the newest from being chosen: whoever knows better names it. */
function refuseDamaged(catalog: Catalog, name: string, notAfter: Date | null): void {
  const [newest, ...others] = passedOver(catalog, undefined, notAfter);
  if (!newest) return;
  const { record: { id } } = newest;
  throw new RunnerError(
    `every backup of ${name} that could serve was found damaged when it was read back: ${id} (${describeFaults(copiesAsRead(newest)).join('; ')})${others.length > 0 ? `, and ${others.length} older` : ''}. `
      + `After a repair by hand, "cdk8s-backup verify ${id}" notes that it is good. To try it as it is, name it: "cdk8s-backup restore ${id}"`,
    catalog.unreachable.size > 0 ? ExitCode.UNAVAILABLE : ExitCode.CORRUPT,
  );
}

/** Refuses to choose between records that differ. Whoever reads what is in a backup asks before. */
export function refuseDiffering({ record: { id }, differing }: Backup): void {
  if (!differing) return;
  const stores = [...differing.keys()];
  throw new RunnerError(
    `the records of ${id} differ between ${stores.join(' and ')}: one of them was changed, and which is right can't be told by a program. `
      + `Compare ${id + RECORD_SUFFIX} in both, and name the store that you trust: "cdk8s-backup restore ${id} --store ${stores[0]}", "cdk8s-backup fetch ${id} --from ${stores[0]}", `
      + `in a cluster "cdk8s-backup restore-manifest --backup ${id} --set store=${stores[0]}"; or name another backup: cdk8s-backup list`,
    ExitCode.CORRUPT,
  );
}

/** The newest usable one; one that differs between the stores and may be newer is not passed over in silence. */
function newestDecided(backups: readonly Backup[]): Backup | undefined {
  const found = backups.findLast(backup => isUsable(backup) || (backup.differing !== null && backup.ahead === null
    && (backup.accepted || [...backup.differing.values()].some(({ suspect }) => suspect === null))));
  if (found) refuseDiffering(found);
  return found;
}

/** What could not be read just now may be the one that is looked for; a damaged one never is. */
function refuseGuess({ unreadable }: Catalog): void {
  const fault = unreadable.find(({ exitCode }) => exitCode === ExitCode.UNAVAILABLE);
  if (fault) throw new RunnerError(`${fault.message}; it may be the one that is wanted: try again, or name another backup`, fault.exitCode, { cause: fault });
}

