import { chmodSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Names of environment variables with the directory for temporary files before the tests, and with names of what was left in it then. */
export const ORIGINAL_TMPDIR = 'CDK8S_BACKUP_TEST_TMPDIR';
export const WAS_THERE = 'CDK8S_BACKUP_TEST_WAS_THERE';

/** Before all tests: one directory for all temporary files of the run, which servers under another user can enter. */
export default function setup(): void {
  const original = tmpdir();
  process.env[ORIGINAL_TMPDIR] = original;
  process.env[WAS_THERE] = leftIn(original).join('/');
  process.env.TMPDIR = mkdtempSync(join(original, 'cdk8s-backup-test-'));
  chmodSync(process.env.TMPDIR, 0o755);
}

/** What the runner makes in a directory for temporary files, and removes. Other runs of the tests have a directory of their own. */
export function leftIn(directory: string): string[] {
  return readdirSync(directory).filter(name => name.startsWith('cdk8s-backup-') && !name.startsWith('cdk8s-backup-test-'));
}
