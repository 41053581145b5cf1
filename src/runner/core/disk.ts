import { statfs } from 'node:fs/promises';
import { ScratchConfig } from '../../contract/config';

/** Bytes that are free for us in the file system of a directory. It may be less: of a quota, or a limit on an emptyDir, the file system says nothing. */
export async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

/** Bytes that the scratch directory has room for. */
export async function roomIn({ directory, limitBytes }: ScratchConfig): Promise<number> {
  return Math.min(await freeBytes(directory), limitBytes ?? Infinity);
}
