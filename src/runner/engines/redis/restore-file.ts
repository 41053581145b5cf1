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
import { chmod, chown, copyFile, link, mkdir, open, readdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { RdbCheck } from './rdb/check';
import { nameOfFormat } from './rdb/format';
import { RdbLook } from './rdb/look';
import { headOf, snapshotOf } from './restore-artifact';
import { notesOfContent, refuseMixture } from './restore-content';
import { AOF_DIRECTORY, DUMP, exists, OLD_AOF, RedisFiles } from './restore-file-swap';
import { ExitCode } from '../../../contract/exit-code';
import { BackupRecord, RecordedArtifact } from '../../../contract/record';
import { plainBytesOf } from '../../catalog/sizes';
import { codeOf, exitCodeOf, messageOf, RunnerError } from '../../core/errors';
import { formatBytes } from '../../core/format';
import { Obstacle } from '../../core/obstacle';
import { syncDirectory } from '../../core/sync-directory';
import { findingOfDirectory, findingsOfRoom } from '../../engine-api/beside';
import { RollbackPoint, keptAs, PreparedRestore, Restored, RestoreFailure, RestoreInput, RestorePlan, Restorer } from '../../engine-api/restorer';
import { STAMP_PATTERN } from '../../engine-api/stamp';
import { checked } from '../../stream/check';

const BASE = 'appendonly.aof.1.base.rdb';
const MANIFEST = 'appendonly.aof.manifest';
const START = 'start the server now';

/**
 * The data directory of a Redis that is stopped, which loads the backup when it starts.
 *
 * Everything is made ready in a directory beside. Then what is there is moved into a directory of its own, and what was made ready
 * takes its place.
 */
export class RedisFileRestorer implements Restorer<null> {
  public readonly description: string;
  private readonly files: RedisFiles;

  constructor(private readonly directory: string) {
    this.files = new RedisFiles(directory);
    this.description = `redis files in ${directory}`;
  }

  public select(record: BackupRecord): readonly RecordedArtifact[] {
    return [snapshotOf(record)];
  }

  public async inspect(input: RestoreInput, signal: AbortSignal): Promise<PreparedRestore<null>> {
    return { input, plan: await this.planOf(input, signal), found: null };
  }

  private async planOf({ record, artifacts }: RestoreInput, signal: AbortSignal): Promise<RestorePlan> {
    const artifact = snapshotOf(record);
    const { format } = await headOf(artifact, artifacts, signal);
    const present = await this.files.present();
    return {
      steps: [
        `write ${record.id} to ${this.files.prepared}, and check it to its end`,
        ...present.length === 0 ? [] : [`move ${present.join(', ')} to ${this.at(`before_${STAMP_PATTERN}`)}`],
        `move what was written to ${this.directory}: ${DUMP}, and the same as an AOF, so that it is read whether the AOF is on or off`,
      ],
      replaces: present.length === 0 ? null : `${present.join(', ')} in ${this.directory}`,
      keeps: present.length === 0 ? null : this.at(`before_${STAMP_PATTERN}`),
      missing: await this.missing(artifact),
      notes: [
        'the server must be stopped: one that runs overwrites what is restored when it ends',
        `the server must load format ${nameOfFormat(format)} (it was backed up from version ${record.source.serverVersion}), and use the default names of its files`,
      ],
    };
  }

  public async repair(signal: AbortSignal): Promise<readonly string[]> {
    signal.throwIfAborted();
    return this.files.repair();
  }

  public async restore({ input: { record, artifacts } }: PreparedRestore<null>, signal: AbortSignal): Promise<Restored> {
    const artifact = snapshotOf(record);
    const { prepared } = this.files;
    try {
      await mkdir(prepared, { mode: 0o700 });
      const look = new RdbLook();
      const body = checked(checked(await artifacts.open(artifact, signal), new RdbCheck(artifact.file, 'restore another backup: cdk8s-backup list')), look);
      await pipeline(body, createWriteStream(path.join(prepared, DUMP), { flags: 'wx' }), { signal });
      refuseMixture(record, look.isMixture);
      await this.makeAof(prepared, Number.parseInt(record.source.serverVersion, 10));
      await this.give(prepared);
      await syncDirectory(path.join(prepared, DUMP));
      signal.throwIfAborted();
      return { state: `${this.description} are ${record.id}`, previous: keptAs('beside', await this.files.swapIn()), notes: [...needsOf(look), START] };
    } catch (error) {
      const full = codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT';
      throw await this.failure(full
        ? new RunnerError(`${this.directory} is full: make room for ${formatBytes(plainBytesOf(artifact))}`, ExitCode.NO_SPACE, { cause: error })
        : signal.aborted ? signal.reason : error);
    }
  }

  public async rollbackPoints(signal: AbortSignal): Promise<readonly RollbackPoint[]> {
    signal.throwIfAborted();
    return this.files.kept();
  }

  public async rollback({ name }: RollbackPoint, signal: AbortSignal): Promise<Restored> {
    try {
      signal.throwIfAborted();
      return { previous: keptAs('beside', await this.files.swapBack(name)), state: `${this.description} are those of ${path.basename(name)}`, notes: [START] };
    } catch (error) {
      throw await this.failure(error);
    }
  }

  public async discard({ name }: RollbackPoint, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    try {
      await rm(name, { recursive: true });
    } catch (error) {
      throw new RunnerError(`${name} can't be removed: ${messageOf(error)}`, ExitCode.FAILED, { cause: error });
    }
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

  /** Puts right what a failure has left, and says what is live. */
  private async failure(error: unknown): Promise<RestoreFailure> {
    const exitCode = exitCodeOf(error);
    try {
      await this.files.repair();
      return new RestoreFailure(messageOf(error), `${this.description} are as they were`, true, exitCode, { cause: error });
    } catch (failure) {
      const holds = `The live data in ${this.directory} may not be complete (${messageOf(failure)}): do not start the server. Restore again, which puts that right first`;
      return new RestoreFailure(messageOf(error), holds, false, exitCode, { cause: error });
    }
  }

  private async missing(artifact: RecordedArtifact): Promise<Obstacle[]> {
    const fault = await findingOfDirectory(this.directory, 'the claim', 'the server');
    return fault === null ? findingsOfRoom(this.directory, 'the snapshot', plainBytesOf(artifact)) : [fault];
  }

  private at(name: string): string {
    return path.join(this.directory, name);
  }
}

/** Nobody can ask a server that is stopped; where the snapshot can't be looked into, nothing is known. */
function needsOf(look: RdbLook): string[] {
  try {
    return look.content === null ? [] : notesOfContent(look.content);
  } catch {
    return [];
  }
}
