/*
 * Writes the digest of the image that a release has pushed into src/contract/runner-image.ts, before the library is compiled: then manifests name
 * that very image.
 *
 * Run: npx projen release:pin-image sha256:DIGEST
 */
import { readFileSync, writeFileSync } from 'node:fs';

const FILE = 'src/contract/runner-image.ts';
const UNPINNED = 'export const IMAGE_DIGEST: string | null = null;';

/** The source of the names of the image, with its digest. */
export function pinned(source: string, digest: string): string {
  if (!/^sha256:[0-9a-f]{64}$/.test(digest)) throw new Error(`the digest of an image is "sha256:" and 64 digits in lower case, got ${JSON.stringify(digest)}`);
  const [before, after, ...more] = source.split(UNPINNED);
  if (after === undefined || more.length > 0) throw new Error(`${FILE} must have the line "${UNPINNED}" once: a release pins its image in a fresh checkout`);
  return `${before}export const IMAGE_DIGEST: string | null = '${digest}';${after}`;
}

if (require.main === module) writeFileSync(FILE, pinned(readFileSync(FILE, 'utf8'), process.argv[2] ?? ''));
