/*
 * What is in the way of writing a file beside one that it is to replace.
 */
import { access, constants } from 'node:fs/promises';
import { ExitCode } from '../../contract/exit-code';
import { freeBytes } from '../core/disk';
import { codeOf, messageOf } from '../core/errors';
import { formatBytes } from '../core/format';
import { Obstacle } from '../core/obstacle';

/**
 * Why nothing can be written into the directory; `null` if it can.
 *
 * @param volume that has to be mounted, and the `owner` of what is in it, as messages name them
 */
export async function findingOfDirectory(directory: string, volume: string, owner: string): Promise<Obstacle | null> {
  // eslint-disable-next-line no-bitwise
  const fault = await access(directory, constants.W_OK | constants.X_OK).then(() => null, (error: unknown) => error);
  if (fault === null) return null;
  return codeOf(fault) === 'ENOENT'
    ? { message: `there is no ${directory}: check the path, and that ${volume} is mounted`, exitCode: ExitCode.NOT_FOUND }
    : { message: `${directory} can't be written to (${messageOf(fault)}): run the restore as the user of ${owner}`, exitCode: ExitCode.DENIED };
}

/** @param what needs the room, as messages name it */
export async function findingsOfRoom(directory: string, what: string, neededBytes: number): Promise<Obstacle[]> {
  const free = await freeBytes(directory);
  if (free >= neededBytes) return [];
  return [{ message: `${directory} has ${formatBytes(free)} free, and ${what} needs ${formatBytes(neededBytes)} beside the present one`, exitCode: ExitCode.NO_SPACE }];
}
