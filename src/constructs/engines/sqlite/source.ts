import { Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { SqliteSourceOptions } from './sqlite-source';
import { asResource } from '../../core/any-version';
import { toBackupName } from '../../core/backup-name';
import { checkText, show, wholeSeconds } from '../../core/check';
import { checkForm, Form, needed } from '../../core/form';
import { CLAIM, DURATION, text } from '../../core/takes';
import { SourceDefinition } from '../../engine-api/source';
import { BACKUPS, CERTIFICATES, SCRATCH } from '../../parts/pod-parts';

const FORM: Form<SqliteSourceOptions> = { claim: needed(CLAIM), path: needed(text('data/app.db')), mountPath: text('/data'), lockTimeout: DURATION };

/** Checks the options at once. */
export function sqlite(options: SqliteSourceOptions): SourceDefinition<'sqlite'> {
  checkForm(options, FORM);
  const path = checkPath(options.path);
  const mountPath = checkMountPath(options.mountPath ?? '/data');
  const lockTimeoutSeconds = wholeSeconds('lockTimeout', options.lockTimeout ?? Duration.minutes(1), 1, 'without it any writer would end the copy');

  return {
    backupName: toBackupName(baseName(path)),
    // For the copy.
    scratchSize: Size.gibibytes(10),
    bind: (scope, { name }) => {
      const volume = kplus.Volume.fromPersistentVolumeClaim(scope, 'Source', asResource(options.claim), { name });
      return {
        config: { engine: 'sqlite', path: `${mountPath}/${path}`, lockTimeoutSeconds },
        env: {},
        mounts: [{ path: mountPath, volume }],
        mountsClaim: true,
        dataClaims: [asResource(options.claim).name],
        endpoints: [],
        api: null,
        neverInTheClear: null,
        lockTimeouts: [lockTimeoutSeconds],
      };
    },
  };
}

/** The file's name without what stands behind its last dot. */
function baseName(path: string): string {
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
