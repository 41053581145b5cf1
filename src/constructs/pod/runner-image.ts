import { VERSION } from '../core/version';

/** The runner image of the very release of this library: another one may not understand the config. */
export function defaultImage(): string {
  return `cdk8s-backup-runner:${VERSION}`;
}
