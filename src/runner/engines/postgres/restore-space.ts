/*
 * Room on the disk of the server that is restored into, of which SQL can't ask how much there is.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { PostgresClient } from './client';
import { DatabaseState } from './restore-server';
import { literal } from './restore-sql';
import { PostgresTargetConfig } from '../../../contract/config';
import { ExitCode } from '../../../contract/exit-code';
import { RunnerError } from '../../core/errors';
import { formatBytes } from '../../core/format';
import { Obstacle } from '../../core/obstacle';

const WATCH_MS = 500;
const WAY_OUT = 'make room, and say so in \'targetFreeSpace\' (for once: --set target.targetFreeSpaceBytes=BYTES)';

/** What the plan says of it. In place, too, what is dropped takes room until the end of the transaction. */
export function spaceNote({ targetFreeSpaceBytes: freeBytes }: Pick<PostgresTargetConfig, 'targetFreeSpaceBytes'>, live: Pick<DatabaseState, 'bytes'> | undefined): string {
  const copy = live?.bytes == null ? 'a second copy' : `a second copy, about ${formatBytes(live.bytes)},`;
  return `the server's disk has to have room for ${copy} and for write-ahead log; SQL can't ask how much is free. Where data and write-ahead log share one disk, `
    + 'as they do by default, a disk that gets full stops the whole server, the live database included, and it does not start again before there is room: '
    + (freeBytes === null
      ? 'look at the disk before you go on, or restore into another server'
      : `the restore is stopped once it takes more than the ${formatBytes(freeBytes)} that are declared`);
}

/** Refuses what needs more than is declared: as much as the live database, or at least as much as the archive, which is compressed. */
export function spaceFindings(
  { targetFreeSpaceBytes: freeBytes }: Pick<PostgresTargetConfig, 'targetFreeSpaceBytes'>, live: Pick<DatabaseState, 'name' | 'bytes'> | undefined, archiveBytes: number,
): Obstacle[] {
  if (freeBytes === null) return [];
  const has = `more than the ${formatBytes(freeBytes)} that are declared to be free on the server's disk: ${WAY_OUT}`;
  if (live?.bytes != null && live.bytes > freeBytes) {
    return [{ message: `a second copy of the database ${live.name} takes about ${formatBytes(live.bytes)}, ${has}`, exitCode: ExitCode.NO_SPACE }];
  }
  if (archiveBytes > freeBytes) return [{ message: `the archive has ${formatBytes(archiveBytes)}, compressed, ${has}`, exitCode: ExitCode.NO_SPACE }];
  return [];
}

interface Watched {
  readonly client: PostgresClient;
  /** The database to ask from. */
  readonly maintenance: string;
  readonly database: string;
  readonly freeBytes: number | null;
}

/** Restores into `database`, and stops that when it has become larger than `freeBytes`. */
export async function withinSpace(
  { client, maintenance, database, freeBytes }: Watched, signal: AbortSignal, restore: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  if (freeBytes === null) return restore(signal);
  const stop = new AbortController();
  const ended = new AbortController();
  const refuseTooLarge = async (asking: AbortSignal) => {
    const bytes = await client.query<number>(maintenance, `select pg_database_size(${literal(database)});`, asking);
    if (bytes <= freeBytes) return;
    throw new RunnerError(`the restored database has become ${formatBytes(bytes)} large, more than the ${formatBytes(freeBytes)} that are declared to be free on the server's disk, `
      + `and was stopped and dropped before the disk gets full: ${WAY_OUT}`, ExitCode.NO_SPACE);
  };
  const watch = async () => {
    const until = AbortSignal.any([signal, ended.signal]);
    while (!until.aborted) {
      // Where it can't be asked, the restore itself tells what is wrong.
      await refuseTooLarge(until).catch((error: unknown) => {
        if (error instanceof RunnerError && error.exitCode === ExitCode.NO_SPACE) stop.abort(error);
      });
      if (stop.signal.aborted) return;
      await sleep(WATCH_MS, undefined, { signal: until }).catch(() => {});
    }
  };
  const watching = watch();
  try {
    await restore(AbortSignal.any([signal, stop.signal]));
  } catch (error) {
    throw stop.signal.aborted && !signal.aborted ? stop.signal.reason : error;
  } finally {
    ended.abort();
    await watching;
  }
  await refuseTooLarge(signal); // what was made since it was last asked
}
