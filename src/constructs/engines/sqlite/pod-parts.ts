import { Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { SqliteSourceOptions } from './sqlite-source';
import { SqliteConfig } from '../../../contract/config';
import { checkText, show, wholeSeconds } from '../../core/check';
import { BACKUPS, CERTIFICATES, PodParts, SCRATCH, SourceSlot } from '../../parts/pod-parts';

/** Checks the options at once; what it returns defines what the pod needs. */
export function sqlite(options: SqliteSourceOptions): (scope: Construct, slot: SourceSlot) => PodParts<SqliteConfig> {
  const path = checkPath(options.path);
  const mountPath = checkMountPath(options.mountPath ?? '/data');
  const lockTimeoutSeconds = wholeSeconds('lockTimeout', options.lockTimeout ?? Duration.minutes(1), 1, 'without it any writer would end the copy');

  return (scope, { name }) => {
    const volume = kplus.Volume.fromPersistentVolumeClaim(scope, 'Source', options.claim, { name });
    return {
      config: { engine: 'sqlite', path: `${mountPath}/${path}`, lockTimeoutSeconds },
      env: {},
      mounts: [{ path: mountPath, volume }],
      mountsClaim: true,
      dataClaims: [options.claim.name],
    };
  };
}

/** The file's name without what stands behind its last dot. */
export function baseName(path: string): string {
  const file = path.slice(path.lastIndexOf('/') + 1);
  return file.replace(/(.)\.[^.]*$/, '$1');
}

function checkPath(path: string): string {
  checkText('path', path);
  if (path.startsWith('/')) {
    throw new Error(`'path' must be a path inside the claim, got ${show(path)}: leave the leading slash out, and say with 'mountPath' where the claim is mounted`);
  }
  if (path.split('/').some(segment => segment === '' || segment === '.' || segment === '..')) {
    throw new Error(`'path' must name a file inside the claim, without empty, "." and ".." parts, got ${show(path)}`);
  }
  return path;
}

function checkMountPath(path: string): string {
  checkText('mountPath', path);
  if (!path.startsWith('/') || path.includes(':') || path.slice(1).split('/').some(segment => segment === '' || segment === '.' || segment === '..')) {
    throw new Error(`'mountPath' must be an absolute path other than "/", without a slash at its end and without ":", ".", "..", got ${show(path)}`);
  }
  const taken = [SCRATCH, BACKUPS, CERTIFICATES].find(own => path === own || path.startsWith(`${own}/`) || own.startsWith(`${path}/`));
  if (taken !== undefined) {
    throw new Error(`'mountPath' must stay clear of ${show(taken)}, which the backup uses itself, got ${show(path)}`);
  }
  return path;
}
