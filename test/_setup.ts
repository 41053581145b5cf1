import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Before all tests: one directory for all temporary files of the run, which servers under another user can enter. */
export default function setup(): void {
  process.env.TMPDIR = mkdtempSync(join(tmpdir(), 'cdk8s-backup-test-'));
  chmodSync(process.env.TMPDIR, 0o755);
}
