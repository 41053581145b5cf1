/*
 * A store in a directory, usually a mounted volume, or in a folder of it that one backup has to itself.
 *
 *   KEY                         an object, complete and on disk
 *   .KEY.partial-XXXXXXXX       an upload that is running, or was killed
 *
 * An object is written under the second name and then linked to the first, which the file system does in one step and only
 * where the name is free: neither a crash nor a second run ever leaves half an object, or replaces one.
 */
import { randomBytes } from 'node:crypto';
import { access, chmod, constants, link, lstat, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { explainFolderError } from './errors';
import { FolderStoreConfig } from '../../../contract/config';
import { ExitCode } from '../../../contract/exit-code';
import { freeBytes } from '../../core/disk';
import { codeOf, RunnerError } from '../../core/errors';
import { checkKey, checkKeyPrefix, compareKeys, isKey, taken } from '../../store-api/keys';
import { OtherLayout, Store, StoredObject, StoreUse, UnfinishedUpload } from '../../store-api/store';

/** The group is the pod's fsGroup; a dump is nobody else's business. */
const FILE_MODE = 0o640;

const PARTIAL_PATTERN = /^\.(.+)\.partial-[0-9a-f]{8}$/;

/** A file system that has no hard links: SMB, vfat, some FUSE ones. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/** A file system, or a kernel, that can't sync a directory. */
const NO_DIRECTORY_SYNC = ['EINVAL', 'EPERM', 'ENOTSUP', 'EISDIR'];

/** A file system that has no modes: SMB, vfat. */
const NO_MODES = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

/** A link that is not followed, and a socket. */
const NO_FILE = ['ELOOP', 'ENXIO'];

export class FolderStore implements Store {
  public readonly name: string;
  public readonly location: string;
  /** Whether the folder is on disk, as far as is known. */
  private isSettled = false;

  /** @param unfinishedIn where uploads are until they are complete: another directory of the same file system; the store's own if not given */
  constructor(private readonly config: FolderStoreConfig, private readonly unfinishedIn?: string) {
    const { name, directory, folder } = config;
    this.name = name;
    this.location = folder === null ? directory : join(directory, folder);
  }

  public async check(signal: AbortSignal, _prefix = '', use: StoreUse = 'writing'): Promise<void> {
    await this.explained('look at the directory', signal, async () => {
      // Never made here: a volume that is not mounted would silently become a directory of the container.
      if (!(await stat(this.config.directory)).isDirectory()) throw notADirectory();
      // The folder is made when something is written, and then by whoever may write to the directory.
      const place = await this.isMade() ? this.location : this.config.directory;
      await readdir(place);
      for (const mode of [constants.R_OK, constants.X_OK, ...use === 'writing' ? [constants.W_OK] : []]) await access(place, mode);
    });
  }

  public async put(key: string, body: Readable, _expectedBytes: number | null, signal: AbortSignal): Promise<number> {
    const cancel = () => body.destroy(signal.reason);
    signal.addEventListener('abort', cancel, { once: true });
    body.on('error', () => {}); // the same error reaches the loop that reads
    try {
      signal.throwIfAborted();
      // Known before a dump of hours, not after it.
      if (await this.explained(`look for ${key}`, signal, () => exists(this.path(key)))) throw taken(this, key);
      const bytes = await this.write(key, body, signal);
      if (bytes === undefined) throw taken(this, key);
      return bytes;
    } finally {
      body.destroy();
      signal.removeEventListener('abort', cancel);
    }
  }

  public async create(key: string, content: string, signal: AbortSignal): Promise<boolean> {
    return await this.write(key, [content], signal) !== undefined;
  }

  public async get(key: string, signal: AbortSignal): Promise<Readable> {
    const path = this.path(key);
    const file = await this.explained(`read ${key}`, signal, async () => {
      // Neither follows a link out of the directory nor waits for somebody to write into a pipe, whatever comes in its place meanwhile.
      const opened = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(error => { // eslint-disable-line no-bitwise
        throw NO_FILE.includes(codeOf(error) ?? '') ? notAFile() : error;
      });
      if ((await opened.stat()).isFile()) return opened;
      await opened.close();
      throw notAFile();
    });
    const chunks = file.createReadStream({ signal }).on('error', () => {}); // the same error reaches whoever reads
    const next = (iterator: AsyncIterator<Buffer>) => this.explained(`read ${key}`, signal, () => iterator.next());
    async function* read(): AsyncGenerator<Buffer> {
      const iterator = chunks[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
      for (let result = await next(iterator); !result.done; result = await next(iterator)) yield result.value;
    }
    return Readable.from(read(), { objectMode: false }).once('close', () => chunks.destroy());
  }

  public async *list(prefix: string, signal: AbortSignal): AsyncIterable<StoredObject> {
    checkKeyPrefix(prefix);
    const keys = (await this.files(signal)).filter(file => isKey(file) && file.startsWith(prefix)).sort(compareKeys);
    for (const key of keys) {
      const object = await this.explained(`look at ${key}`, signal, () => stat(this.path(key)).catch(ignore('ENOENT'))); // removed meanwhile
      if (object) yield { key, bytes: object.size, modifiedAt: object.mtime };
    }
  }

  public async remove(keys: readonly string[], signal: AbortSignal): Promise<void> {
    for (const key of keys) {
      await this.explained(`remove ${key}`, signal, () => unlink(this.path(key)).catch(ignore('ENOENT')));
    }
    await this.explained('remove files', signal, async () => {
      if (await this.isMade()) await syncDirectory(this.location);
    });
  }

  public async *unfinished(prefix: string, signal: AbortSignal): AsyncIterable<UnfinishedUpload> {
    checkKeyPrefix(prefix);
    for (const file of (await this.files(signal)).sort(compareKeys)) {
      const key = PARTIAL_PATTERN.exec(file)?.[1];
      if (!key?.startsWith(prefix)) continue;
      const path = join(this.location, file);
      const found = await this.explained(`look at ${file}`, signal, () => stat(path).catch(ignore('ENOENT'))); // finished meanwhile
      if (!found) continue;
      yield { key, startedAt: found.mtime, discard: discardSignal => this.explained(`remove ${file}`, discardSignal, () => unlink(path).catch(ignore('ENOENT'))) };
    }
  }

  public async freeBytes(signal: AbortSignal): Promise<number> {
    return this.explained('ask for its free space', signal, () => freeBytes(this.config.directory));
  }

  public otherLayout(name: string): OtherLayout {
    const { folder } = this.config;
    return { layout: folder === null ? 'FOLDER_PER_BACKUP' : 'FLAT', store: new FolderStore({ ...this.config, folder: folder === null ? name : null }) };
  }

  /** Writes the file `key` in one step; the answer is its size on disk, or `undefined` if there is one already. */
  private async write(key: string, chunks: Readable | readonly string[], signal: AbortSignal): Promise<number | undefined> {
    const path = this.path(key);
    const partial = join(this.unfinishedIn ?? this.location, `.${key}.partial-${randomBytes(4).toString('hex')}`);
    // Wraps our own calls only: an error of what is being stored must not look like one of the store.
    const doing = <T>(action: () => Promise<T>) => this.explained(`write ${key}`, signal, action);

    const file = await doing(async () => {
      await this.settle();
      return open(partial, 'wx', FILE_MODE);
    });
    try {
      let written = 0;
      let held: number;
      try {
        for await (const chunk of chunks) {
          const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
          await doing(() => file.writeFile(bytes)); // goes on where the last one ended
          written += bytes.length;
        }
        held = await doing(async () => {
          await file.sync();
          return (await file.stat()).size;
        });
      } finally {
        await file.close();
      }
      if (held !== written) {
        throw new RunnerError(`${this.name} (${this.location}): ${key} has ${held} bytes on disk, but ${written} were written`, ExitCode.FAILED);
      }
      return await doing(async () => {
        if (!await this.publish(partial, path)) return undefined;
        await syncDirectory(this.location).catch(async error => {
          await unlink(path);
          throw error;
        });
        return held;
      });
    } finally {
      // Of no interest if it fails: the next run removes what is left.
      await unlink(partial).catch(() => {});
    }
  }

  /** Gives the partial file its final name unless that is taken, in which case the answer is `false`. */
  private async publish(partial: string, path: string): Promise<boolean> {
    try {
      await link(partial, path);
      return true;
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      if (!NO_LINKS.includes(codeOf(error) ?? '')) throw error;
    }
    // Without links the name is claimed first and the content moved over it: a crash between the two leaves an empty file,
    // which no reader takes for a record.
    const claim = await open(path, 'wx').catch(ignore('EEXIST'));
    if (!claim) return false;
    await claim.close();
    await rename(partial, path);
    return true;
  }

  /** Makes the folder if there is none. Who may use the directory may use the folder, whatever the umask of this process. */
  private async settle(): Promise<void> {
    const { directory, folder } = this.config;
    if (folder === null || (await this.isMade() && this.isSettled)) return;
    const rights = (await stat(directory)).mode % 0o10000;
    const isOurs = await mkdir(this.location).then(() => true, ignore('EEXIST'));
    if (isOurs) await chmod(this.location, rights).catch(ignore(...NO_MODES));
    // Whoever has made it may have been killed before its name was on disk.
    await syncDirectory(directory);
    this.isSettled = true;
  }

  /** Whether the folder is there. A link in its place would lead out of the directory. */
  private async isMade(): Promise<boolean> {
    const { directory, folder } = this.config;
    if (folder === null) return true;
    const found = await lstat(this.location).catch(ignore('ENOENT'));
    if (found === undefined) await stat(directory); // a volume that is not mounted has no folders either
    else if (!found.isDirectory()) throw notADirectory();
    return found !== undefined;
  }

  private async files(signal: AbortSignal): Promise<string[]> {
    const entries = await this.explained('list the directory', signal, async () => await this.isMade() ? readdir(this.location, { withFileTypes: true }) : []);
    return entries.filter(entry => entry.isFile()).map(entry => entry.name);
  }

  private path(key: string): string {
    return join(this.location, checkKey(key));
  }

  private async explained<T>(doing: string, signal: AbortSignal, action: () => Promise<T>): Promise<T> {
    try {
      signal.throwIfAborted();
      return await action();
    } catch (error) {
      signal.throwIfAborted();
      throw await explainFolderError(error, this.name, this.location, this.config.directory, doing);
    }
  }
}

/** Names are on disk only when the directory is. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync().catch(ignore(...NO_DIRECTORY_SYNC));
  } finally {
    await directory.close();
  }
}

function notADirectory(): Error {
  return Object.assign(new Error('not a directory'), { code: 'ENOTDIR' });
}

function notAFile(): Error {
  return Object.assign(new Error('not a file'), { code: 'ENOENT' });
}

async function exists(path: string): Promise<boolean> {
  return await lstat(path).catch(ignore('ENOENT')) !== undefined;
}

/** A handler that swallows errors of these codes. */
function ignore(...codes: string[]): (error: unknown) => undefined {
  return error => {
    if (!codes.includes(codeOf(error) ?? '')) throw error;
    return undefined;
  };
}
