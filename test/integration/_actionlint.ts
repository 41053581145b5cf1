import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { tempDir } from './servers/_process';

const CACHE = process.env.CDK8S_BACKUP_TEST_CACHE ?? path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'cdk8s-backup-test');

/** What actionlint says of workflows, by the names of their files; nothing where all is well. */
export async function actionlint(workflows: { readonly [file: string]: string }): Promise<string> {
  const directory = tempDir('workflows');
  const folder = path.join(directory, '.github', 'workflows');
  mkdirSync(folder, { recursive: true });
  mkdirSync(path.join(directory, '.git'));
  for (const [file, text] of Object.entries(workflows)) writeFileSync(path.join(folder, file), text);
  // Of no matter are quotes in what projen writes itself.
  const env = { ...process.env, SHELLCHECK_OPTS: '--severity=warning' };
  const files = Object.keys(workflows).map(file => path.join(folder, file));
  return promisify(execFile)(path.join(CACHE, 'bin', 'actionlint'), ['-shellcheck', 'shellcheck', '-oneline', ...files], { cwd: directory, env }).then(
    () => '',
    (error: { readonly code?: unknown; readonly stdout?: string }) => {
      if (error.code !== 1) throw error; // it did not run: run test/integration/install/actionlint.sh
      return error.stdout!;
    },
  );
}
