import { versionText } from './schema';
import { version } from '../../../package.json';
import { imageOf } from '../../contract/runner-image';

/** Version of the library that this runner was built from. */
export const VERSION = version;

/**
 * Says of a document that this runner does not read which of the two is the older, and what goes together.
 *
 * @param root the document
 * @param readable version of the document that this runner reads
 */
export function otherVersion(document: string, root: unknown, readable: number): string {
  const found = (root as { version?: unknown } | null)?.version;
  const both = `the ${document} has version ${versionText(root)}, this runner of cdk8s-backup ${VERSION} reads version ${readable}`;
  if (typeof found !== 'number') return `${both}: no construct of cdk8s-backup wrote it`;
  return `${both}: the library that wrote it is ${found > readable ? 'newer' : 'older'} than the image; `
    + `use the image of its release, ${imageOf('RELEASE')}, or synthesize again with cdk8s-backup ${VERSION}`;
}
