import { open } from 'node:fs/promises';
import path from 'node:path';
import { codeOf } from './errors';

/** A file system, or a kernel, that can't sync a directory. */
const NO_DIRECTORY_SYNC = ['EINVAL', 'EPERM', 'ENOTSUP', 'EISDIR'];

/** Names are on disk only when the directory is. */
export async function syncDirectory(file: string): Promise<void> {
  const directory = await open(path.dirname(file), 'r');
  try {
    await directory.sync().catch(error => {
      if (!NO_DIRECTORY_SYNC.includes(codeOf(error) ?? '')) throw error;
    });
  } finally {
    await directory.close();
  }
}
