/*
 * The name of the runner image, said once: constructs write it into manifests, the runner into messages, and the release pushes to it.
 */

/** As a clone, or the npm package, builds it. */
export const IMAGE_NAME = 'cdk8s-backup-runner';

/** Where a release pushes it. */
export const IMAGE_REPOSITORY = `ghcr.io/cdk8s-backup/${IMAGE_NAME}`;

/**
 * Digest of the image of this release, which the release writes here before it compiles the library. `null`: this is no release. Nobody has pushed an
 * image of it then, so no manifest may name a place in a registry, where somebody else could put one.
 */
export const IMAGE_DIGEST: string | null = null;

/** The image of a version, by its tag. */
export function imageOf(version: string): string {
  return `${IMAGE_DIGEST === null ? IMAGE_NAME : IMAGE_REPOSITORY}:${version}`;
}

/** The image of a version as manifests name it: what the registry has under the tag may change, and what has the digest can't. */
export function pinnedImageOf(version: string): string {
  return `${imageOf(version)}${IMAGE_DIGEST === null ? '' : `@${IMAGE_DIGEST}`}`;
}
