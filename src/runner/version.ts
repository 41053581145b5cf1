import { version } from '../../package.json';

/** Version of the library that this runner was built from. */
export const VERSION = version;

/**
 * Says of a document that this runner does not read which of the two is the older, and what goes together.
 *
 * @param readable version of the document that this runner reads
 */
export function otherVersion(document: string, found: unknown, readable: number): string {
  const both = `the ${document} has version ${JSON.stringify(found)}, this runner of cdk8s-backup ${VERSION} reads version ${readable}`;
  if (typeof found !== 'number') return `${both}: no construct of cdk8s-backup wrote it`;
  return `${both}: the library that wrote it is ${found > readable ? 'newer' : 'older'} than the image; `
    + `use the image of its release, cdk8s-backup-runner:RELEASE, or synthesize again with cdk8s-backup ${VERSION}`;
}
