import { toCronJobName } from '../core/backup-name';
import { checkLabels, isDnsLabel, show } from '../core/check';

/** Kubernetes appends 11 characters to name a Job of a CronJob, and 63 is what a label may have. */
const MAX_NAME_LENGTH = 52;

/** The name of a CronJob, or of a Job with more behind it: as given in `property`, or the construct's id in kebab-case. */
export function checkJobName(property: string, id: string, given: string | undefined): string {
  const name = given ?? toCronJobName(id);
  if (!isDnsLabel(name, MAX_NAME_LENGTH)) {
    const wayOut = given === undefined ? `: it comes from the construct's id ${show(id)}, set '${property}'` : '';
    throw new Error(`'${property}' must be up to ${MAX_NAME_LENGTH} lower-case letters, digits and "-", with a letter or digit at both ends, got ${show(name)} with ${name.length}${wayOut}`);
  }
  return name;
}

/** Refuses labels by which a restore would be taken for a backup. */
export function checkNotABackup(labels: { readonly [key: string]: string }, ofBackup: { readonly [key: string]: string } = {}): void {
  checkLabels('labels', labels);
  const entries = Object.entries(ofBackup);
  const counts = entries.length > 0 && entries.every(([key, value]) => labels[key] === value);
  if (counts || labels.component === 'backup') {
    throw new Error(`'labels' must not be those of a backup, got ${show(labels)}: whoever looks for backups by ${show(counts ? ofBackup : { component: 'backup' })} would find the restore`);
  }
}
