import { statfs } from 'node:fs/promises';
import { ExitCode } from '../../../contract/exit-code';
import { freeBytes } from '../../core/disk';
import { codeOf, messageOf, RunnerError } from '../../core/errors';

/**
 * Says what an error of the file system means for the store `name` at `location`.
 *
 * @param directory that must be there; the location itself, or the directory in which its folder is made
 * @param doing completes "can't ..."
 */
export async function explainFolderError(error: unknown, name: string, location: string, directory: string, doing: string): Promise<unknown> {
  const code = codeOf(error);
  if (code === undefined || error instanceof RunnerError) return error;

  const failed = (reason: string, exitCode: ExitCode) =>
    new RunnerError(`${name} (${location}): can't ${doing}: ${reason}`, exitCode, { cause: error });
  switch (code) {
    case 'ENOSPC':
      return failed(`the volume is full, ${await freeOn(directory)} free: make it larger, or keep fewer backups`, ExitCode.NO_SPACE);
    case 'EDQUOT':
      return failed(`the disk quota is used up (the volume itself has ${await freeOn(directory)} free): raise the quota, or keep fewer backups`,
        ExitCode.NO_SPACE);
    case 'EFBIG':
      return failed('the file system takes no files of this size: use another one, or an S3 store', ExitCode.NO_SPACE);
    case 'EROFS':
      return failed('the volume is mounted read-only: mount it writable, and check the node for disk errors', ExitCode.DENIED);
    case 'EACCES':
    case 'EPERM':
      return failed(`user ${process.getuid?.()} of group ${process.getgid?.()} may not: give that group the directory (fsGroup in the pod spec)`,
        ExitCode.DENIED);
    case 'ENAMETOOLONG':
      return failed('the file name is too long for the volume: shorten the name of the backup', ExitCode.BAD_CONFIG);
    case 'ENOTDIR':
      return failed('it is not a directory: check the path in the config', ExitCode.BAD_CONFIG);
    case 'ENOENT':
      return failed(await exists(directory) ? 'there is no such file' : 'the directory does not exist: is the volume mounted?', ExitCode.NOT_FOUND);
    case 'EIO':
    case 'ESTALE':
      return failed(`the disk, or the file server behind the volume, reports an error (${code}): look at the node's kernel log`, ExitCode.UNAVAILABLE);
    default:
      return failed(messageOf(error), ExitCode.FAILED);
  }
}

async function exists(directory: string): Promise<boolean> {
  return statfs(directory).then(() => true, () => false);
}

async function freeOn(directory: string): Promise<string> {
  return freeBytes(directory).then(bytes => `${bytes} bytes`, () => 'an unknown number of bytes');
}
