import { Chart } from 'cdk8s';
import { Construct } from 'constructs';
import { pinnedImageOf } from '../../contract/runner-image';
import { redact, show } from '../core/check';
import { VERSION } from '../core/version';
import { warn } from '../core/warnings';

/** The runner image of the very release of this library: another one may not understand the config. */
export function defaultImage(): string {
  return pinnedImageOf(VERSION);
}

export function checkImage(property: string, image: string): string {
  // Behind "@" stands the digest; a login would stand before it.
  if (image === '' || /\s|:\/\/|@(?!sha\d+:[0-9a-f]+$)/.test(image)) {
    throw new Error(`'${property}' must be the name of an image, without spaces and without "https://", got ${show(redact(image))}: the login of a registry is 'imagePullSecret'`);
  }
  return image;
}

/** Warns, once a chart, of an image that whoever has that name on Docker Hub would provide: it gets the passwords. */
export function warnWithoutRegistry(scope: Construct, image: string): void {
  if (/^(localhost|[^/]*[.:][^/]*)\//.test(image)) return;
  warn(Chart.of(scope), `the image ${show(image)} names no registry, so nodes that don't have it ask Docker Hub: push it to a registry of yours, and set `
    + `'image' in the BackupDefaults of the app to ${show(`registry.example.com/${image}`)}; where all nodes have it, as in kind, say so with "docker.io/library/" in front`);
}
