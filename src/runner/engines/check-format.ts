import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseObjects } from './kubernetes/portable-objects';
import { ClusterDumpCheck } from './postgres/format';
import { installed } from './postgres/programs';
import { RdbCheck } from './redis/rdb/check';
import { runSqlite } from './sqlite/program';
import { ScratchConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { RecordedArtifact, RecordedSource } from '../../contract/record';
import { Identities } from '../age/keys';
import { openPlain } from '../catalog/open-plain';
import { plainBytesOf } from '../catalog/sizes';
import { roomIn } from '../core/disk';
import { codeOf, messageOf, RunnerError } from '../core/errors';
import { formatBytes } from '../core/format';
import { outputOf } from '../core/process';
import { scratchDirectory } from '../core/scratch';
import { Check } from '../stream/check';
import { readText } from '../stream/read-text';

/** What has the wrong format although its digest is right was so when it was taken: no other copy is better. */
const WAY_OUT = 'it was so when it was taken: choose another backup, and take a new one';

/** What this `pg_restore` can't do with an archive that is all right. */
const PG_RESTORE_TOO_OLD = /unsupported version \(|does not support compression/;

/**
 * Reads an artifact's content to its last byte, as a restore would.
 *
 * @param body the stored bytes; it is left half-read where there is no use in more
 * @returns why that could not be done here, which says nothing about the artifact; `null` if it was done, and all is well
 * @throws RunnerError with exit code CORRUPT if the content is not what it should be
 */
export async function readFormat(
  artifact: RecordedArtifact, engine: RecordedSource['engine'], body: Readable, identities: Identities | null, scratch: ScratchConfig,
  signal: AbortSignal,
): Promise<string | null> {
  if (artifact.recipients !== undefined && identities === null) return 'it is encrypted: to read what is in it, name the file with one of its identities with --identity FILE';
  try {
    const plain = openPlain(artifact, body, identities);
    if (artifact.role === 'globals') await through(plain, new ClusterDumpCheck(artifact.file));
    else if (engine === 'redis') await through(plain, new RdbCheck(artifact.file, WAY_OUT));
    else if (engine === 'postgres') await restoreToNowhere(artifact, plain, signal);
    else if (engine === 'kubernetes') parseObjects(await readText(plain, artifact.file), artifact.file);
    else return await examineCopy(artifact, plain, scratch, signal);
    return null;
  } catch (error) {
    signal.throwIfAborted();
    if (artifact.role === 'globals' && error instanceof RunnerError) throw corrupt(artifact, 'is cut short: the script has no end');
    if (/^(Z_|ZSTD_|ERR_ZLIB|ERR_ZSTD)/.test(codeOf(error) ?? '')) throw corrupt(artifact, `can't be decompressed (${messageOf(error)})`);
    if (!(error instanceof RunnerError)) throw error;
    // An identity that was given and does not fit is a mistake to be told, not a reason to look at less.
    if (error.exitCode === ExitCode.CORRUPT || (artifact.recipients !== undefined && error.exitCode === ExitCode.DENIED)) throw error;
    return messageOf(error); // a program is missing, or too old, or there is no room: not the artifact's fault
  }
}

/** Ends well only if all of the body has passed, and the check has nothing against it. */
async function through(body: Readable, check: Check): Promise<void> {
  for await (const chunk of body as AsyncIterable<Buffer>) check.add(chunk);
  check.end();
}

/** Makes the script of the whole archive and throws it away: every block of every table is read and decompressed for that. */
async function restoreToNowhere(artifact: RecordedArtifact, archive: Readable, signal: AbortSignal): Promise<void> {
  const newest = (await installed('pg_restore', signal)).at(-1)!; // it reads what all others have made
  await outputOf({
    file: newest.file,
    args: ['--format=custom', '--file=/dev/null'],
    input: archive,
    explain: (lines, exitCode) => {
      if (exitCode === null) return undefined; // killed: that says nothing about the archive
      const said = lines.split('\n')[0]!;
      return PG_RESTORE_TOO_OLD.test(said)
        ? new RunnerError(`pg_restore ${newest.text} is too old for it (${said}): install PostgreSQL's client of the version that made it, or a later one, or use a runner image that has it`, ExitCode.VERSION_MISMATCH)
        : corrupt(artifact, `can't be read to its end by pg_restore (${said})`);
    },
  }, signal);
}

/** SQLite reads files only, so a copy is made for it. */
async function examineCopy(artifact: RecordedArtifact, database: Readable, scratch: ScratchConfig, signal: AbortSignal): Promise<string | null> {
  const needed = plainBytesOf(artifact);
  const noRoom = `${scratch.directory} has no room for a copy of ${formatBytes(needed)}: give it a larger scratch volume`;
  if (await roomIn(scratch) < needed) return noRoom;
  const directory = await scratchDirectory(scratch, 'verify');
  try {
    const file = path.join(directory.path, 'copy.db');
    await pipeline(database, createWriteStream(file), { signal });
    const task = { kind: 'examine', file, assertions: [] } as const;
    const unreadable = (why: string) => corrupt(artifact, `can't be read as a SQLite database (${why})`);
    const { integrity } = await runSqlite(task, failure => unreadable('message' in failure ? failure.message : 'no reason given'), signal);
    if (integrity.join() !== 'ok') throw corrupt(artifact, `is corrupt (${integrity.slice(0, 3).join('; ')})`);
    return null;
  } catch (error) {
    if (codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT') return noRoom;
    throw error;
  } finally {
    await directory.remove();
  }
}

function corrupt({ file }: RecordedArtifact, what: string): RunnerError {
  return new RunnerError(`${file} has the recorded digest, but ${what}; ${WAY_OUT}`, ExitCode.CORRUPT);
}
