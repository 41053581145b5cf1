import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { messageOf } from '../core/errors';
import { outputOf } from '../core/process';
import { DoctorFinding, ok, unchecked, warning } from '../doctor/finding';

/** Whether the folder of the manifest has a runbook that knows the backup, whether Git has it elsewhere too, and which images it needs. */
export async function checkFolder(manifest: string | undefined, backupName: string, signal: AbortSignal): Promise<DoctorFinding[]> {
  if (manifest === undefined) return [unchecked('manifests', 'no manifest was named', 'name it with --manifest FILE: manifests and runbook are needed after a loss as well')];
  const images = [...new Set([...readFileSync(manifest, 'utf8').matchAll(/^\s*image: "?([^\s"]+)"?$/gm)].map(([, image]) => image!))];
  return [
    runbookIn(path.dirname(manifest), backupName),
    await inGit(manifest, signal),
    ...images.map(image => unchecked(`image ${image}`, 'this program does not ask registries', `docker pull ${image}, on a machine outside of the cluster`)),
  ];
}

function runbookIn(folder: string, backupName: string): DoctorFinding {
  const runbook = readdirSync(folder).filter(file => /runbook\.md$/i.test(file)).find(file => readFileSync(path.join(folder, file), 'utf8').includes(backupName));
  return runbook === undefined
    ? warning('runbook', `none that names ${backupName} is beside ${manifestsOf(folder)}`, 'define a RecoveryRunbook, or a RecoveryPlan, which writes one')
    : ok('runbook', `${path.join(folder, runbook)} names ${backupName}`);
}

const manifestsOf = (folder: string) => `the manifests in ${folder === '.' ? 'this folder' : folder}`;

async function inGit(manifest: string, signal: AbortSignal): Promise<DoctorFinding> {
  const folder = path.dirname(manifest);
  // Nobody is asked for a password here; an agent with keys may help.
  const env = { GIT_TERMINAL_PROMPT: '0', SSH_AUTH_SOCK: process.env.SSH_AUTH_SOCK };
  const git = async (...args: string[]) => (await outputOf({ file: 'git', args: ['-C', folder, ...args], env }, signal)).trim();
  try {
    await git('ls-files', '--error-unmatch', path.basename(manifest));
  } catch (error) {
    signal.throwIfAborted();
    return unchecked('Git', `${manifest} is not in a repository here (${messageOf(error).split('\n', 1)[0]})`, 'commit what was synthesized, and push it to where it outlives the cluster');
  }
  if (await git('status', '--porcelain', '--', '.') !== '') return warning('Git', `${manifestsOf(folder)} differ from the last commit`, 'commit and push them');
  const [commit, url] = [await git('rev-parse', 'HEAD'), await git('ls-remote', '--get-url')];
  try {
    const pushed = (await git('ls-remote', '--quiet')).split('\n').some(line => line.startsWith(commit));
    return pushed
      ? ok('Git', `the remote has the last commit, ${commit.slice(0, 10)}, with ${manifestsOf(folder)}`)
      : warning('Git', `the last commit, ${commit.slice(0, 10)}, is no head of the remote`, 'push it, or pull what is newer');
  } catch (error) {
    signal.throwIfAborted();
    return warning('Git', `the remote ${withoutLogin(url)} can't be read from here`, 'it has to be reachable when the cluster is not: try "git ls-remote"');
  }
}

/** A URL may have a password in it. */
const withoutLogin = (url: string) => url.replace(/\/\/[^/@]*@/, '//');
