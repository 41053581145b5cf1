import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';

/** Names of environment variables with the directory for temporary files before the tests, and with names of what was left in it then. */
export const ORIGINAL_TMPDIR = 'CDK8S_BACKUP_TEST_TMPDIR';
export const WAS_THERE = 'CDK8S_BACKUP_TEST_WAS_THERE';

/** Name of the environment variable with a directory whose files are in memory, or are not where there is little of it. */
export const IN_MEMORY = 'CDK8S_BACKUP_TEST_IN_MEMORY';

/** A `tmpfs` on most Linux systems; in a container often one of 64 MiB. */
const MEMORY = '/dev/shm';

/** Databases of a whole run take less than a quarter of it. */
const MEMORY_NEEDED_BYTES = 6 * 1024 ** 3;

/** Before all tests: one directory for all temporary files of the run, which servers under another user can enter. */
export default function setup(): void {
  const original = tmpdir();
  process.env[ORIGINAL_TMPDIR] = original;
  process.env[WAS_THERE] = leftIn(original).join('/');
  process.env.TMPDIR = mkdtempSync(join(original, 'cdk8s-backup-test-'));
  chmodSync(process.env.TMPDIR, 0o755);
  process.env[IN_MEMORY] = directoryInMemory() ?? process.env.TMPDIR;
}

/** For databases: on a disk, a quarter of all CPU time of the tests goes into making and removing the 300 files of each. */
function directoryInMemory(): string | null {
  if (!existsSync(MEMORY)) return null;
  for (const name of readdirSync(MEMORY)) {
    const pid = /^cdk8s-backup-test-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) rmSync(join(MEMORY, name), { recursive: true, force: true }); // of a run that was killed
  }
  const { bavail, bsize } = statfsSync(MEMORY);
  if (Math.min(bavail * bsize, freemem()) < MEMORY_NEEDED_BYTES) return null;
  const directory = join(MEMORY, `cdk8s-backup-test-${process.pid}`);
  mkdirSync(directory, { mode: 0o755 });
  return directory;
}

/** What the runner makes in a directory for temporary files, and removes. Other runs of the tests have a directory of their own. */
export function leftIn(directory: string): string[] {
  return readdirSync(directory).filter(name => name.startsWith('cdk8s-backup-') && !name.startsWith('cdk8s-backup-test-'));
}
