/*
 * The files of a stopped Redis. Which of them it reads depends on its config, which is not here: with an AOF it ignores dump.rdb, and
 * starts empty where there is no AOF. So both are put there, and they are the same.
 *
 *   dump.rdb                                    read without AOF
 *   appendonlydir/appendonly.aof.1.base.rdb     read with AOF, since Redis 7
 *   appendonlydir/appendonly.aof.manifest
 *   appendonly.aof                              read with AOF by Redis 4 to 6: an RDB may be its beginning
 */
import { createWriteStream } from 'node:fs';
import { access, chmod, chown, constants, copyFile, link, mkdir, open, readdir, readFile, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { RestorerContext } from './open';
import { headOf, snapshotOf } from './redis';
import { Finding, Kept, RestoreFailure, Restored, RestoreInput, RestorePlan, Restorer } from './restorer';
import { syncDirectory } from './sqlite-swap';
import { ExitCode } from '../../contract/exit-code';
import { BackupRecord, RecordedArtifact } from '../../contract/record';
import { codeOf, messageOf, RunnerError } from '../errors';
import { formatBytes } from '../reporter';
import { RdbCheck } from '../sources/rdb-check';
import { checked } from '../stream/check';

const DUMP = 'dump.rdb';
const AOF_DIRECTORY = 'appendonlydir';
const OLD_AOF = 'appendonly.aof';
const BASE = 'appendonly.aof.1.base.rdb';
const MANIFEST = 'appendonly.aof.manifest';
/** All that Redis reads when it starts. */
const READ = [AOF_DIRECTORY, OLD_AOF, DUMP];
const PREPARED = '.restoring';
/** Marks, in the directory with what was made ready: what is there is being moved to this name; what is new is being put there. */
const MOVING = 'moving';
const PLACING = 'placing';
const KEPT = /^before_(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)$/;

/**
 * The data directory of a Redis that is stopped, which loads the backup when it starts.
 *
 * Everything is made ready in a directory beside. Then what is there is moved into a directory of its own, and what was made ready
 * takes its place. Two marks among what was made ready tell the next run how far one that was killed has come.
 */
export class RedisFileRestorer implements Restorer {
  public readonly description: string;

  constructor(private readonly directory: string, private readonly context: RestorerContext) {
    this.description = `redis files in ${directory}`;
  }

  public select(record: BackupRecord): readonly RecordedArtifact[] {
    return [snapshotOf(record)];
  }

  public async inspect({ record, artifacts }: RestoreInput, signal: AbortSignal): Promise<RestorePlan> {
    const artifact = snapshotOf(record);
    const { version } = await headOf(artifact, artifacts, signal);
    const present = await this.present();
    return {
      steps: [
        `write ${record.id} to ${this.at(PREPARED)}, and check it to its end`,
        ...present.length === 0 ? [] : [`move ${present.join(', ')} to ${this.at('before_YYYYMMDD_HHMMSS')}`],
        `move what was written to ${this.directory}: ${DUMP}, and the same as an AOF, so that it is read whether the AOF is on or off`,
      ],
      replaces: present.length === 0 ? null : `${present.join(', ')} in ${this.directory}`,
      missing: await this.missing(artifact),
      notes: [
        'the server must be stopped: one that runs overwrites what is restored when it ends',
        `the server must load format ${version} (it was backed up from version ${record.source.serverVersion}), and use the default names of its files`,
      ],
    };
  }

  public async repair(_signal: AbortSignal): Promise<readonly string[]> {
    const prepared = this.at(PREPARED);
    if (!await exists(prepared)) return [];
    const kept = await readFile(path.join(prepared, MOVING), 'utf8').catch(() => null);
    if (kept !== null) {
      // Once all that was there has been moved away, what is there is new.
      if (await exists(path.join(prepared, PLACING))) for (const name of READ) await rm(this.at(name), { recursive: true, force: true });
      await this.putBack(kept);
    }
    await rm(prepared, { recursive: true });
    return [kept === null
      ? `${prepared} was left by a restore that was killed: it is removed`
      : `a restore that was killed had moved the files of ${this.directory} away: they are back`];
  }

  public async restore({ record, artifacts }: RestoreInput, signal: AbortSignal): Promise<Restored> {
    const artifact = snapshotOf(record);
    const prepared = this.at(PREPARED);
    try {
      await mkdir(prepared);
      const body = checked(await artifacts.open(artifact, signal), new RdbCheck(artifact.file, 'restore another backup: cdk8s-backup list'));
      await pipeline(body, createWriteStream(path.join(prepared, DUMP), { flags: 'wx' }), { signal });
      await this.makeAof(prepared, Number.parseInt(record.source.serverVersion, 10));
      await this.give(prepared);
      await syncDirectory(path.join(prepared, DUMP));
      signal.throwIfAborted();
      const kept = await this.swap(prepared);
      return { holds: `${this.description} are ${record.id}`, previous: kept, notes: ['start the server now'] };
    } catch (error) {
      await this.repair(signal).catch((failure: unknown) => this.context.reporter.error('repair.failed', messageOf(failure)));
      const full = codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT';
      throw new RestoreFailure(
        full ? `${this.directory} is full: make room for ${formatBytes(artifact.plainBytes ?? artifact.bytes)}` : messageOf(error),
        `${this.description} are as they were`, true, full ? ExitCode.NO_SPACE : error instanceof RunnerError ? error.exitCode : ExitCode.FAILED, { cause: error },
      );
    }
  }

  public async kept(): Promise<readonly Kept[]> {
    const names = (await readdir(this.directory)).filter(name => KEPT.test(name)).sort().reverse();
    return names.map(name => {
      const [, year, month, day, hour, minute, second] = KEPT.exec(name)!;
      return { name: this.at(name), keptAt: new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`), bytes: null };
    });
  }

  public async rollback({ name }: Kept): Promise<Restored> {
    const previous = await this.keepPresent(() => Promise.resolve());
    await this.putBack(name);
    return { holds: `${this.description} are those of ${path.basename(name)}`, previous, notes: ['start the server now'] };
  }

  public async discard({ name }: Kept): Promise<void> {
    await rm(name, { recursive: true });
  }

  /** The same snapshot once more, as the AOF of this version. */
  private async makeAof(prepared: string, major: number): Promise<void> {
    const old = await exists(this.at(AOF_DIRECTORY)) ? false : await exists(this.at(OLD_AOF)) || major < 7;
    if (old) {
      // A file of its own: the server appends to it.
      await copyFile(path.join(prepared, DUMP), path.join(prepared, OLD_AOF));
      return;
    }
    const directory = path.join(prepared, AOF_DIRECTORY);
    await mkdir(directory);
    // One file with two names, where the file system can: the server replaces either, and writes into neither.
    await link(path.join(prepared, DUMP), path.join(directory, BASE)).catch(() => copyFile(path.join(prepared, DUMP), path.join(directory, BASE)));
    await writeFile(path.join(directory, MANIFEST), `file ${BASE} seq 1 type b\n`);
  }

  /** Gives what was made ready to whom the present files belong, and puts it on disk. */
  private async give(prepared: string): Promise<void> {
    const like = await stat(this.at(DUMP)).catch(() => undefined) ?? await stat(this.directory);
    for (const name of await readdir(prepared, { recursive: true })) {
      const file = path.join(prepared, name);
      const { uid, gid } = await stat(file);
      if ((uid !== like.uid || gid !== like.gid) && process.geteuid!() === 0) await chown(file, like.uid, like.gid);
      const isFile = (await stat(file)).isFile();
      // A runner with another user shares a group with the server at the least.
      await chmod(file, isFile ? 0o660 : 0o770);
      const handle = await open(file);
      await handle.sync().finally(() => handle.close());
    }
  }

  private async swap(prepared: string): Promise<string | null> {
    const kept = await this.keepPresent(name => writeFile(path.join(prepared, MOVING), name));
    await writeFile(path.join(prepared, PLACING), '');
    for (const name of READ) if (await exists(path.join(prepared, name))) await rename(path.join(prepared, name), this.at(name));
    await syncDirectory(this.at(DUMP));
    await rm(prepared, { recursive: true });
    return kept;
  }

  /** Moves what the server reads into a directory of its own, whose name is told before. */
  private async keepPresent(tell: (kept: string) => Promise<void>): Promise<string | null> {
    const present = await this.present();
    if (present.length === 0) return null;
    const iso = new Date().toISOString();
    const kept = this.at(`before_${iso.slice(0, 10).replaceAll('-', '')}_${iso.slice(11, 19).replaceAll(':', '')}`);
    await mkdir(kept);
    await tell(kept);
    for (const name of present) await rename(this.at(name), path.join(kept, name));
    await syncDirectory(kept);
    return kept;
  }

  private async putBack(kept: string): Promise<void> {
    for (const name of READ) {
      if (!await exists(path.join(kept, name))) continue;
      await rm(this.at(name), { recursive: true, force: true });
      await rename(path.join(kept, name), this.at(name));
    }
    await syncDirectory(this.at(DUMP));
    await rm(kept, { recursive: true });
  }

  private async present(): Promise<string[]> {
    const found = await Promise.all(READ.map(name => exists(this.at(name))));
    return READ.filter((_name, i) => found[i]);
  }

  private async missing(artifact: RecordedArtifact): Promise<Finding[]> {
    // eslint-disable-next-line no-bitwise
    const fault = await access(this.directory, constants.W_OK | constants.X_OK).then(() => null, (error: unknown) => error);
    if (fault !== null) {
      return codeOf(fault) === 'ENOENT'
        ? [{ message: `there is no ${this.directory}: check the path, and that the claim is mounted`, exitCode: ExitCode.NOT_FOUND }]
        : [{ message: `${this.directory} can't be written to (${messageOf(fault)}): run the restore as the user of the server`, exitCode: ExitCode.DENIED }];
    }
    const { bavail, bsize } = await statfs(this.directory);
    const needed = artifact.plainBytes ?? artifact.bytes;
    return bavail * bsize >= needed ? [] : [{
      message: `${this.directory} has ${formatBytes(bavail * bsize)} free, and the snapshot needs ${formatBytes(needed)} beside the present one`, exitCode: ExitCode.NO_SPACE,
    }];
  }

  private at(name: string): string {
    return path.join(this.directory, name);
  }
}

function exists(file: string): Promise<boolean> {
  return stat(file).then(() => true, () => false);
}
