import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { runSqlite } from './program';
import { RecordedArtifact } from '../../../contract/record';
import { plainBytesOf } from '../../catalog/sizes';
import { roomIn } from '../../core/disk';
import { codeOf } from '../../core/errors';
import { formatBytes } from '../../core/format';
import { scratchDirectory } from '../../core/scratch';
import { FormatContext } from '../../engine-api/engine';
import { wrongFormat } from '../../engine-api/format';

/** Examines a copy, since SQLite reads files only. */
export async function readSqliteFormat(artifact: RecordedArtifact, database: Readable, { scratch, signal }: FormatContext): Promise<string | null> {
  const needed = plainBytesOf(artifact);
  const noRoom = `${scratch.directory} has no room for a copy of ${formatBytes(needed)}: give it a larger scratch volume`;
  if (await roomIn(scratch) < needed) return noRoom;
  const directory = await scratchDirectory(scratch, 'verify');
  try {
    const file = path.join(directory.path, 'copy.db');
    await pipeline(database, createWriteStream(file), { signal });
    const task = { kind: 'examine', file, assertions: [] } as const;
    const unreadable = (why: string) => wrongFormat(artifact, `can't be read as a SQLite database (${why})`);
    const { integrity } = await runSqlite(task, failure => unreadable('message' in failure ? failure.message : 'no reason given'), signal);
    if (integrity.join() !== 'ok') throw wrongFormat(artifact, `is corrupt (${integrity.slice(0, 3).join('; ')})`);
    return null;
  } catch (error) {
    if (codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT') return noRoom;
    throw error;
  } finally {
    await directory.remove();
  }
}
