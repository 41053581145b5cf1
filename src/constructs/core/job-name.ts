import { toCronJobName } from './backup-name';
import { isDnsLabel, show } from './check';

/** Kubernetes appends 11 characters to name a Job of a CronJob, and 63 is what a label may have. */
export const MAX_JOB_NAME_LENGTH = 52;

/** The name of a CronJob, or of a Job with more behind it: as given in `property`, or the construct's id in kebab-case. */
export function checkJobName(property: string, id: string, given: string | undefined): string {
  const name = given ?? toCronJobName(id);
  if (!isDnsLabel(name, MAX_JOB_NAME_LENGTH)) {
    const wayOut = given === undefined ? `: it comes from the construct's id ${show(id)}, set '${property}'` : '';
    throw new Error(`'${property}' must be up to ${MAX_JOB_NAME_LENGTH} lower-case letters, digits and "-", with a letter or digit at both ends, got ${show(name)} with ${name.length}${wayOut}`);
  }
  return name;
}
