import { Backup, Catalog } from './catalog';
import { isFoundDamaged, passedOver } from './choose-backup';
import { describeAhead } from './clock';
import { copiesAsRead, describeFaults } from './copy-state';
import { ExitCode } from '../../contract/exit-code';
import { Reporter } from '../core/reporter';

/** What whoever chooses a backup has to know of the others: what could not be read, and what is left out because of its time. */
export function warnOfCatalog({ backups, unreadable, unreachable }: Catalog, reporter: Reporter): void {
  for (const fault of unreadable) reporter.warn('record.unreadable', fault.message);
  for (const [name, fault] of unreachable) reporter.warn('store.unreachable', `${name}: ${fault.message}`);
  for (const { record: { id }, ahead } of backups) {
    if (ahead) reporter.warn('backup.ahead', `${id} is never the latest, it is ${describeAhead(ahead)}. If it is the one that you want, name it`, { id });
  }
}

/**
 * Tells of newer backups that are not the latest because they are damaged, and what is lost by that.
 *
 * @param chosen the latest
 * @param notAfter where it is the newest from this time or before
 */
export function warnOfPassedOver(catalog: Catalog, chosen: Backup, reporter: Reporter, notAfter: Date | null = null): void {
  for (const backup of passedOver(catalog, chosen, notAfter)) reporter.warn('backup.passed-over', describePassedOver(backup, chosen), { id: backup.record.id, taken: chosen.record.id });
}

/** Tells of a backup that is about to be read all the same, because somebody has named it. */
export function warnOfDamaged(chosen: Backup, reporter: Reporter): void {
  if (isFoundDamaged(chosen)) reporter.warn('backup.damaged', `${chosen.record.id} was found damaged when it was read back (${faultsOf(chosen)}). It was named, so it is read once more`, { id: chosen.record.id });
}

function describePassedOver(backup: Backup, { record: { id: taken, startedAt } }: Backup): string {
  const { id, startedAt: later } = backup.record;
  return `${id} is newer than ${taken}, and was passed over because it is damaged (${faultsOf(backup)}). `
    + `${taken} has nothing that was written from ${startedAt} to ${later}. `
    + `To try ${id} all the same, name it: "cdk8s-backup restore ${id}", or "cdk8s-backup restore-manifest --backup ${id}" for the cluster. `
    + `After a repair by hand, "cdk8s-backup verify ${id}" makes it the latest again`;
}

function faultsOf(backup: Backup): string {
  return describeFaults(copiesAsRead(backup)).join('; ');
}

/** Tells what of a catalog could not be read, or can't be trusted, and the exit code that follows from it. */
export function reportFaults(catalog: Catalog, reporter: Reporter): ExitCode {
  for (const fault of [...catalog.unreachable.values(), ...catalog.unreadable]) reporter.error('catalog.incomplete', fault.message);
  for (const sentence of catalog.elsewhere) reporter.warn('backups.elsewhere', sentence);
  const differing = catalog.backups.flatMap(({ record: { id }, differing: records }) => records ? [{ id, stores: [...records.keys()] }] : []);
  for (const { id, stores } of differing) {
    reporter.error('records.differ', `The records of ${id} differ between ${stores.join(' and ')}: one of them was changed, and nothing is restored of it until a store is named, `
      + `"cdk8s-backup restore ${id} --store ${stores[0]}"`, { id, stores });
  }
  for (const { record: { id }, ahead } of catalog.backups) if (ahead) reporter.warn('backup.ahead', `${id} is never the latest, it is ${describeAhead(ahead)}`, { id });
  if (differing.length > 0) return ExitCode.CORRUPT;
  return catalog.unreadable[0]?.exitCode ?? [...catalog.unreachable.values()][0]?.exitCode ?? ExitCode.OK;
}
