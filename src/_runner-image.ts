import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The runner image of the very release of this library: another one may not understand the config. */
export function defaultImage(): string {
  const manifest = JSON.parse(readFileSync(join(__dirname, '..', 'package.json'), 'utf8')) as { readonly version: string };
  return `cdk8s-backup-runner:${manifest.version}`;
}
