import { createWriteStream } from 'node:fs';
import { chmod, chown, open, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { runSqlite } from './program';
import { hold, holdersOf } from './restore-hold';
import { inodeOf, keptFiles, removeDatabase, removeEmptySides, repairSwap, restoringName, swapIn } from './restore-swap';
import { SqliteFailure } from './tasks';
import { SqliteTargetConfig } from '../../../contract/config';
import { ExitCode } from '../../../contract/exit-code';
import { BackupRecord, RecordedArtifact } from '../../../contract/record';
import { differenceOf } from '../../catalog/counts';
import { plainBytesOf } from '../../catalog/sizes';
import { codeOf, exitCodeOf, messageOf, RunnerError } from '../../core/errors';
import { formatBytes } from '../../core/format';
import { Obstacle } from '../../core/obstacle';
import { shownAnswer } from '../../core/said';
import { RestoreArtifacts } from '../../engine-api/artifacts';
import { findingOfDirectory, findingsOfRoom } from '../../engine-api/beside';
import { RollbackPoint, keptAs, PreparedRestore, Restored, RestoreFailure, RestoreInput, RestorePlan, Restorer, RestorerContext } from '../../engine-api/restorer';
import { STAMP_PATTERN } from '../../engine-api/stamp';

/** Replaces the file, and tells first by which (its inode); then where the one before is, and what the name holds now. */
type Replace = (file: string, notes: string[], by: (inode: string | undefined) => void) => Promise<Replaced>;

interface Replaced {
  readonly kept: string | null;
  readonly state: string;
}

/**
 * A SQLite database file, replaced in one step by a file beside it that was checked. What SQLite keeps beside the old file goes
 * aside with it: replayed into the new one, it would bring the old pages back.
 */
export class SqliteRestorer implements Restorer<null> {
  public readonly description: string;

  constructor(private readonly target: SqliteTargetConfig, private readonly context: RestorerContext) {
    this.description = `sqlite ${target.path}`;
  }

  public select(record: BackupRecord): readonly RecordedArtifact[] {
    return [databaseOf(record)];
  }

  public async inspect(input: RestoreInput, signal: AbortSignal): Promise<PreparedRestore<null>> {
    signal.throwIfAborted();
    return { input, plan: await this.planOf(input), found: null };
  }

  private async planOf({ record }: RestoreInput): Promise<RestorePlan> {
    const { keepPrevious } = this.target;
    const file = await this.file();
    const present = await stat(file).catch(() => undefined);
    const kept = keepPrevious ? ', which is kept as what it is with ".before_" and the time behind its name' : '';
    return {
      steps: [
        ...present ? [`lock ${file} against everybody else`] : [],
        `write ${record.id} to ${restoringName(file)}, and check it: integrity, foreign keys, rows of all tables${this.target.assertions.length > 0 ? ', assertions' : ''}`,
        present ? `put it in the place of ${file}${kept}` : `rename it to ${file}`,
      ],
      replaces: present ? `${file}, ${formatBytes(present.size)}` : null,
      keeps: present && keepPrevious ? `${file}.before_${STAMP_PATTERN}` : null,
      missing: await this.missing(file, databaseOf(record)),
      notes: this.context.config.workloads.length === 0 ? ['stop every program that uses the file: no workloads are named'] : [],
    };
  }

  public async repair(signal: AbortSignal): Promise<readonly string[]> {
    signal.throwIfAborted();
    return repairSwap(await this.file());
  }

  public async restore({ input: { record, artifacts } }: PreparedRestore<null>, signal: AbortSignal): Promise<Restored> {
    const artifact = databaseOf(record);
    return this.replacing(signal, async (file, notes, by) => {
      const beside = restoringName(file);
      let written: string | undefined;
      try {
        await this.write(artifact, artifacts, file, beside, signal);
        written = await inodeOf(beside);
        notes.push(...await this.check(beside, artifact, signal));
      } catch (error) {
        // Without its file nothing that was found says anything about the backup.
        if (written !== undefined || codeOf(error) === 'ENOENT') await ensureOurs(beside, written);
        throw error;
      }
      signal.throwIfAborted();
      await ensureOurs(beside, written);
      by(written);
      return { kept: await swapIn(beside, file), state: `${this.description} holds ${record.id}` };
    });
  }

  public async rollbackPoints(signal: AbortSignal): Promise<readonly RollbackPoint[]> {
    signal.throwIfAborted();
    return (await keptFiles(await this.file())).map(({ file, keptAt, bytes }) => ({ name: file, keptAt, bytes }));
  }

  public async rollback({ name }: RollbackPoint, signal: AbortSignal): Promise<Restored> {
    return this.replacing(signal, async (file, _notes, by) => {
      // Its write-ahead log is put into it, so that one file is all that has to be moved.
      const held = await hold(name, this.target.lockTimeoutSeconds, signal);
      await held.release();
      if (held.unreadable) throw new RunnerError(`${name} can't be read by SQLite (${held.unreadable}): if it is what you want, move it by hand`, ExitCode.CORRUPT);
      await removeEmptySides(name);
      by(await inodeOf(name));
      return { kept: await swapIn(name, file), state: `${this.description} holds what ${path.basename(name)} held` };
    });
  }

  public async discard({ name }: RollbackPoint, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    try {
      await removeDatabase(name);
    } catch (error) {
      throw new RunnerError(`${name} can't be removed: ${messageOf(error)}`, exitCodeFor(error), { cause: error });
    }
  }

  /** The file itself: a link would be replaced by a file, and SQLite keeps what belongs to it beside the file. */
  private async file(): Promise<string> {
    return realpath(this.target.path).catch(() => this.target.path);
  }

  /** Replaces the file while everybody else is kept out of it. */
  private async replacing(signal: AbortSignal, replace: Replace): Promise<Restored> {
    const { lockTimeoutSeconds, keepPrevious } = this.target;
    const file = await this.file();
    const before = await inodeOf(file);
    const notes: string[] = [];
    let ours: string | undefined;
    try {
      const users = await holdersOf(file);
      if (users.length > 0) throw new RunnerError(`${this.description} is open in ${users.join(', ')}: stop the application first`, ExitCode.UNAVAILABLE);
      const held = before === undefined ? null : await hold(file, lockTimeoutSeconds, signal);
      if (held?.unreadable) notes.push(`the file that was replaced could not be read (${held.unreadable}), so nobody could be asked whether others use it`);
      try {
        const { kept, state } = await replace(file, notes, inode => { ours = inode; });
        if (kept !== null && !keepPrevious) await removeDatabase(kept);
        return { state, previous: keptAs('beside', keepPrevious ? kept : null), notes };
      } finally {
        await held?.release();
      }
    } catch (error) {
      await repairSwap(file).catch((failure: unknown) => this.context.reporter.error('repair.failed', messageOf(failure)));
      const now = await inodeOf(file);
      const live = now !== before && now === ours;
      // Another restore may have been faster: nothing of this one is there then, and a retry can restore it.
      const state = live ? 'has been replaced, and is whole' : now === before ? 'is as it was' : 'has been replaced by another restore, or by somebody, meanwhile';
      throw new RestoreFailure(
        signal.aborted ? messageOf(signal.reason) : messageOf(error), `${this.description} ${state}`, true, exitCodeFor(error), { cause: error, live },
      );
    }
  }

  /** Writes the database beside, with the owner and mode of the one that is there. */
  private async write(artifact: RecordedArtifact, artifacts: RestoreArtifacts, database: string, to: string, signal: AbortSignal): Promise<void> {
    const present = await stat(database).catch(() => undefined);
    const like = present ?? await stat(path.dirname(database));
    try {
      await pipeline(await artifacts.open(artifact, signal), createWriteStream(to, { flags: 'wx', mode: present && 0o600 }), { signal });
      const written = await stat(to);
      const differs = written.uid !== like.uid || written.gid !== like.gid;
      if (differs && (present || process.geteuid!() === 0)) await chown(to, like.uid, like.gid);
      if (present) await chmod(to, present.mode);
      const handle = await open(to);
      await handle.sync().finally(() => handle.close());
    } catch (error) {
      signal.throwIfAborted();
      switch (codeOf(error)) {
        case 'ENOSPC': case 'EDQUOT':
          throw new RunnerError(`the disk of ${to} is full: make room for ${formatBytes(plainBytesOf(artifact))}`, ExitCode.NO_SPACE, { cause: error });
        case 'EPERM':
          throw new RunnerError(`${to} can't be given to user ${like.uid} and group ${like.gid}, whose file it replaces: run the restore as that user`, ExitCode.DENIED, { cause: error });
        default: throw error;
      }
    }
  }

  /** Fails unless the file is a sound database with the recorded rows. */
  private async check(file: string, artifact: RecordedArtifact, signal: AbortSignal): Promise<readonly string[]> {
    const corrupt = (what: string) => new RunnerError(`${artifact.file} ${what}: restore another backup, see "cdk8s-backup list"`, ExitCode.CORRUPT);
    const task = { kind: 'examine', file, assertions: this.target.assertions } as const;
    const unreadable = (failure: SqliteFailure) => corrupt(`can't be read as a database (${'message' in failure ? failure.message : ''})`);
    const { integrity, rows, warnings, failed } = await runSqlite(task, unreadable, signal);
    if (integrity.join() !== 'ok') throw corrupt(`is corrupt (${integrity.slice(0, 3).join('; ')})`);
    if (failed.length > 0) throw corrupt(`does not pass what the config asserts (${failed.map(({ sql, value, error }) => error === undefined ? `${sql} returned ${shownAnswer(value)}` : `${sql} failed: ${error}`).join('; ')})`);
    const difference = differenceOf(rows, artifact.counts);
    if (difference !== null) throw corrupt(`does not have the rows that its record says: ${difference}`);
    return warnings;
  }

  private async missing(file: string, artifact: RecordedArtifact): Promise<Obstacle[]> {
    const directory = path.dirname(file);
    const missing: Obstacle[] = [];
    const fault = await findingOfDirectory(directory, 'its volume', 'the application');
    if (fault !== null) return [fault];
    const present = await stat(file).catch(() => undefined);
    if (present && !present.isFile()) return [{ message: `${file} is not a file: name the database file itself`, exitCode: ExitCode.BAD_CONFIG }];
    const us = process.geteuid!();
    if (present && us !== 0 && present.uid !== us) {
      missing.push({ message: `${file} belongs to user ${present.uid}, and the restore runs as ${us}: run it as that user`, exitCode: ExitCode.DENIED });
    }
    missing.push(...await findingsOfRoom(directory, 'the restored file', plainBytesOf(artifact)));
    // Where workloads are named, they are stopped before; until then it is theirs.
    const users = this.context.config.workloads.length === 0 ? await holdersOf(file) : [];
    if (users.length > 0) missing.push({ message: `${file} is open in ${users.join(', ')}: stop the application first`, exitCode: ExitCode.UNAVAILABLE });
    return missing;
  }
}

/** What an error of the file system means for whoever starts the restore again. */
function exitCodeFor(error: unknown): ExitCode {
  switch (codeOf(error)) {
    case 'ENOSPC': case 'EDQUOT': return ExitCode.NO_SPACE;
    case 'EROFS': case 'EACCES': case 'EPERM': return ExitCode.DENIED;
    default: return exitCodeOf(error);
  }
}

/** Fails if another restore took the file for that of one that was killed: it can't know who is alive in other pods. */
async function ensureOurs(beside: string, written: string | undefined): Promise<void> {
  const found = await inodeOf(beside);
  if (found !== undefined && found === written) return;
  throw new RunnerError(`another restore of the same file runs, and has removed ${beside}: let it end, and look at what it has restored before you run this again`, ExitCode.UNAVAILABLE);
}

function databaseOf({ id, source, artifacts }: BackupRecord): RecordedArtifact {
  const found = artifacts.find(({ role }) => role === 'data');
  if (source.engine !== 'sqlite' || !found) throw new RunnerError(`${id} has no SQLite database`, ExitCode.CORRUPT);
  return found;
}
