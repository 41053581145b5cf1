import { Catalog } from './catalog';
import { describeAhead } from './clock';
import { Reporter } from './reporter';

/** What whoever chooses a backup has to know of the others: what could not be read, and what is left out because of its time. */
export function warnOfCatalog({ backups, unreadable, unreachable }: Catalog, reporter: Reporter): void {
  for (const fault of unreadable) reporter.warn('record.unreadable', fault.message);
  for (const [name, fault] of unreachable) reporter.warn('store.unreachable', `${name}: ${fault.message}`);
  for (const { record: { id }, ahead } of backups) {
    if (ahead) reporter.warn('backup.ahead', `${id} is never the latest, it is ${describeAhead(ahead)}. If it is the one that you want, name it`, { id });
  }
}
