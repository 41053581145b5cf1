import { Catalog } from './catalog';
import { describeAhead } from './clock';
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
