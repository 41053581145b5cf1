import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../pages';
import { tempDir } from './servers/_process';

/* Nothing here can run the workflows of GitHub. They are read as GitHub reads them: keys, expressions, jobs that need each other, and scripts by shellcheck. */

const CACHE = process.env.CDK8S_BACKUP_TEST_CACHE ?? path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'cdk8s-backup-test');
const WORKFLOWS = path.join(ROOT, '.github', 'workflows');

/** What actionlint says of a workflow, which may be changed before that; of all of them where none is. */
async function findings(changed?: string, change: (text: string) => string = text => text): Promise<string> {
  const directory = tempDir('workflows');
  mkdirSync(path.join(directory, '.github', 'workflows'), { recursive: true });
  mkdirSync(path.join(directory, '.git'));
  const copies = readdirSync(WORKFLOWS).map(file => path.join(directory, '.github', 'workflows', file));
  for (const copy of copies) copyFileSync(path.join(WORKFLOWS, path.basename(copy)), copy);
  const one = copies.find(copy => path.basename(copy) === changed);
  if (one !== undefined) writeFileSync(one, change(readFileSync(one, 'utf8')));
  // Of no matter are quotes in what projen writes itself.
  const env = { ...process.env, SHELLCHECK_OPTS: '--severity=warning' };
  return promisify(execFile)(path.join(CACHE, 'bin', 'actionlint'), ['-shellcheck', 'shellcheck', '-oneline', ...copies], { cwd: directory, env }).then(
    () => '',
    (error: { readonly code?: unknown; readonly stdout?: string }) => {
      if (error.code !== 1) throw error; // it did not run: run test/integration/install/actionlint.sh
      return error.stdout!;
    },
  );
}

test('the workflows are what GitHub takes', async () => {
  expect(await findings()).toBe('');
});

test.each([
  ['a job that is not there', 'release.yml', (text: string) => text.replace('needs: image', 'needs: picture'), /"picture"/],
  ['an output that nobody sets', 'release.yml', (text: string) => text.replace('needs.image.outputs.digest', 'needs.image.outputs.sum'), /property "sum" is not defined/],
  ['a script with an error', 'image.yml', (text: string) => text.replace('version=${TAG#v}', 'version=${TAG#v'), /shellcheck/],
])('%s is found', async (_, file, change, finding) => {
  expect(await findings(file, change)).toMatch(finding);
});
