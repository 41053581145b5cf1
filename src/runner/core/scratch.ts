/*
 * Directories for what a run needs on disk for a while: plaintext, mostly.
 *
 *   cdk8s-backup-PURPOSE-XXXXXX         of one run, of mode 0700
 *   cdk8s-backup-PURPOSE-XXXXXX/live    a socket that its run listens on
 *
 * A run that is killed removes nothing, so the next one does. That nobody uses a directory is proved by its socket: the kernel refuses
 * connections to it from the moment on that its process is gone. An id of a process would prove nothing, since each container counts anew.
 */
import { FileHandle, lstat, mkdtemp, open, readdir, rm, statfs } from 'node:fs/promises';
import { connect, createServer, Server } from 'node:net';
import path from 'node:path';
import { codeOf, messageOf, RunnerError } from './errors';
import { formatBytes } from './format';
import { Reporter } from './reporter';
import { sum } from './sum';
import { ScratchConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';

export type ScratchPurpose = 'backup' | 'drill' | 'fetch' | 'list' | 'restore' | 'verify';

const NAME = /^cdk8s-backup-(backup|drill|fetch|list|restore|verify)-[A-Za-z0-9]{6}$/;
const SOCKET = 'live';

/** ext, XFS, Btrfs, tmpfs, ramfs, overlay, ZFS, F2FS, bcachefs: no other machine has a run in there, whose sockets this one could not ask. */
const FILE_SYSTEMS_OF_ONE_MACHINE = [0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x858458f6, 0x794c7630, 0x2fc12fc1, 0xf2f52010, 0xca451a4e];

/** A directory for one purpose, which nobody else can read. Whoever made it removes it. */
export interface ScratchDirectory {
  readonly path: string;
  /** Does not fail, since what was done with it has succeeded or failed without that: what stays is tried again when the run ends, and told then. */
  remove(): Promise<void>;
}

interface OwnDirectory extends ScratchDirectory {
  tryToRemove(): Promise<void>;
}

const ofThisRun = new Set<OwnDirectory>();

export async function scratchDirectory({ directory }: Pick<ScratchConfig, 'directory'>, purpose: ScratchPurpose): Promise<ScratchDirectory> {
  let made: string;
  try {
    made = await mkdtemp(path.join(directory, `cdk8s-backup-${purpose}-`));
  } catch (error) {
    throw new RunnerError(
      `the scratch directory ${directory} can't be used (${messageOf(error)}): it has to exist and be writable`,
      codeOf(error) === 'ENOSPC' ? ExitCode.NO_SPACE : ExitCode.BAD_CONFIG, { cause: error },
    );
  }
  const proof = await proveLife(made);
  const scratch: OwnDirectory = {
    path: made,
    remove: () => scratch.tryToRemove().catch(() => {}),
    async tryToRemove() {
      // The socket goes last: until then the rest has a proof that it may be removed.
      const names = await readdir(made).catch(ignoreMissing);
      for (const name of (names ?? []).filter(each => each !== SOCKET)) await rm(path.join(made, name), { recursive: true, force: true });
      await proof.end();
      await rm(made, { recursive: true, force: true });
      ofThisRun.delete(scratch);
    },
  };
  ofThisRun.add(scratch);
  return scratch;
}

/** Removes all that this run has, whoever made it and uses it still, and tells what stays. For a run that ends, although something may hang. Does not fail. */
export async function removeScratchOfThisRun(reporter: Reporter): Promise<void> {
  await Promise.all([...ofThisRun].map(async scratch => {
    try {
      await scratch.tryToRemove();
    } catch (error) {
      reporter.warn('scratch.left', `${scratch.path} may have row data in it, and can't be removed (${messageOf(error)}): the next run removes it, or remove it by hand`);
    }
  }));
}

/** What runs have left that were killed. */
export interface LeftScratch {
  /** Of this user, and nobody uses them. */
  readonly dead: readonly LeftDirectory[];
  /** Of this user, and whether somebody uses them can't be known here. */
  readonly unknown: readonly LeftDirectory[];
}

export interface LeftDirectory {
  readonly path: string;
  readonly bytes: number;
}

/** Looks for what runs of this user have left that were killed. Does not fail: a directory that can't be used is told by whoever needs it. */
export async function leftScratch({ directory }: Pick<ScratchConfig, 'directory'>): Promise<LeftScratch> {
  const dead: LeftDirectory[] = [];
  const unknown: LeftDirectory[] = [];
  const names = await readdir(directory).catch(() => []);
  for (const name of names.filter(each => NAME.test(each)).sort()) {
    const found = path.join(directory, name);
    const about = await lstat(found).catch(() => undefined);
    if (!about?.isDirectory() || about.uid !== process.geteuid?.()) continue;
    const users = await usersOf(found);
    const bytes = users === 'some' ? 0 : await bytesIn(found);
    if (users === 'none') dead.push({ path: found, bytes });
    // A run that has just made it has nothing in it yet.
    else if (users === 'unknown' && bytes > 0) unknown.push({ path: found, bytes });
  }
  return { dead, unknown };
}

/** Removes what runs of this user have left that were killed, and says so. Does not fail. */
export async function clearLeftScratch(scratch: Pick<ScratchConfig, 'directory'>, reporter: Reporter): Promise<void> {
  const removed: LeftDirectory[] = [];
  for (const left of (await leftScratch(scratch)).dead) {
    try {
      await rm(left.path, { recursive: true, force: true });
      removed.push(left);
    } catch (error) {
      reporter.warn('scratch.left', `${left.path} was left by a run that was killed, may have row data in it, and can't be removed (${messageOf(error)}): remove it by hand`);
    }
  }
  if (removed.length > 0) reporter.warn('scratch.cleared', `Removed ${describeLeft(removed)}, left in ${scratch.directory} by runs that were killed`, { directories: removed });
}

/** `3 directories (318 MB)` */
export function describeLeft(left: readonly LeftDirectory[]): string {
  return `${left.length === 1 ? 'a directory' : `${left.length} directories`} (${formatBytes(sum(left.map(({ bytes }) => bytes)))})`;
}

/** Listens on the socket of a directory. Where the file system has no sockets there is none, and nobody removes the directory of a dead run. */
async function proveLife(directory: string): Promise<{ end(): Promise<void> }> {
  const { address, handle } = await addressIn(directory);
  const server: Server = createServer(peer => peer.destroy());
  const listens = await new Promise<boolean>(resolve => {
    server.once('error', () => resolve(false)).listen(address, () => resolve(true));
  });
  server.unref();
  return {
    async end() {
      if (listens) await new Promise<void>(resolve => server.close(() => resolve()));
      await handle.close();
    },
  };
}

async function usersOf(directory: string): Promise<'none' | 'some' | 'unknown'> {
  if (process.platform === 'linux') {
    const { type } = await statfs(directory).catch(() => ({ type: 0 }));
    if (!FILE_SYSTEMS_OF_ONE_MACHINE.includes(type)) return 'unknown';
  }
  const opened = await addressIn(directory).catch(() => null);
  if (opened === null) return 'unknown';
  try {
    return await new Promise(resolve => {
      const socket = connect(opened.address);
      socket.once('connect', () => {
        socket.destroy();
        resolve('some');
      }).once('error', error => resolve(codeOf(error) === 'ECONNREFUSED' ? 'none' : 'unknown'));
    });
  } finally {
    await opened.handle.close();
  }
}

/** The address of a socket may have 107 bytes, and a path more: there it goes by the open directory, which stays open as long as it is used. */
async function addressIn(directory: string): Promise<{ readonly address: string; readonly handle: FileHandle }> {
  const handle = await open(directory, 'r');
  return { address: process.platform === 'linux' ? `/proc/self/fd/${handle.fd}/${SOCKET}` : path.join(directory, SOCKET), handle };
}

async function bytesIn(directory: string): Promise<number> {
  const names = await readdir(directory, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(names.map(name => lstat(path.join(directory, name)).then(found => (found.isFile() ? found.size : 0), () => 0)));
  return sum(sizes);
}

function ignoreMissing(error: unknown): undefined {
  if (codeOf(error) !== 'ENOENT') throw error;
}
