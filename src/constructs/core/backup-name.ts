import { show } from './check';
import { NAME_PATTERN } from '../../contract/layout';

/** Makes a backup's name of some other name; empty if nothing of that can be used. */
export function toBackupName(text: string): string {
  return text.replace(/[^A-Za-z0-9_-]+/g, '_').replace(/^[^A-Za-z0-9]+/, '').slice(0, 63);
}

export function checkBackupName(given: string | undefined, byDefault: string): string {
  const name = given ?? byDefault;
  if (!NAME_PATTERN.test(name)) {
    const wayOut = given === undefined ? ': the source has no name to derive one from, set \'backupName\'' : '';
    throw new Error(`'backupName' must be 1 to 63 letters, digits, "_" or "-", the first a letter or digit, got ${show(name)}${wayOut}`);
  }
  return name;
}

/** The name of the CronJob: as given, or the construct's id in kebab-case. */
export function toCronJobName(id: string): string {
  return id
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1-$2')
    .replace(/[\s_]+/g, '-')
    .toLowerCase();
}
