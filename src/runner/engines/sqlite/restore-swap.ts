/*
 * A SQLite database is a file and what SQLite keeps beside it. Names, for the database /data/app.db:
 *
 *   app.db                              the database
 *   app.db-wal, -shm, -journal          what SQLite keeps beside it; replayed into whatever file has the name
 *   app.db.restoring                    what is going to replace it, until it has been checked
 *   app.db.before_YYYYMMDD_HHMMSS       what it was before; with a -wal and so on of its own, where there was one
 *
 * A swap is: 1. the database gets its second name, the one with `before`; 2. what SQLite keeps beside it is moved there; 3. the new
 * file takes the name over, in one step. So the name never is without a file, and a crash before 3 is seen by one file with both
 * names.
 */
import { link, lstat, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { codeOf } from '../../core/errors';
import { syncDirectory } from '../../core/sync-directory';
import { freeName, stampOf, timeOf } from '../../engine-api/stamp';

const SIDES = ['-wal', '-shm', '-journal'] as const;
/** A file system that has no hard links. The name then is without a file for a moment. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

export interface KeptFile {
  readonly file: string;
  readonly keptAt: Date;
  readonly bytes: number;
}

export function restoringName(database: string): string {
  return `${database}.restoring`;
}

/**
 * Puts `replacement`, which is complete and on disk, in the place of `database`.
 *
 * @returns the name under which what was there is kept; `null` if there was nothing
 */
export async function swapIn(replacement: string, database: string): Promise<string | null> {
  const names = await readdir(path.dirname(database));
  const kept = names.includes(path.basename(database))
    ? path.join(path.dirname(database), freeName(at => `${path.basename(database)}.before_${stampOf(at)}`, new Date(), names))
    : null;
  // Without a database there may be a write-ahead log all the same: it must not be replayed into the new one.
  const aside = kept ?? `${database}.stale`;
  if (kept !== null) await secondName(database, kept);
  for (const side of SIDES) await moveIfThere(database + side, aside + side);
  await syncDirectory(database);
  await rename(replacement, database);
  await removeEmptySides(aside);
  await syncDirectory(database);
  return kept;
}

/** Tells files apart, whatever their names are; `undefined` if there is none. */
export async function inodeOf(file: string): Promise<string | undefined> {
  const found = await stat(file, { bigint: true }).catch(() => undefined);
  return found && `${found.dev}:${found.ino}`;
}

/** Puts right what a swap that was killed has left. Says what it did. */
export async function repairSwap(database: string): Promise<string[]> {
  const repaired: string[] = [];
  const restoring = restoringName(database);
  const unfinished = await exists(restoring);
  const live = await inodeOf(database);
  const kept = await keptFiles(database);
  const half = live === undefined ? (unfinished ? kept.slice(0, 1) : []) : await filter(kept, async ({ file }) => await inodeOf(file) === live);
  for (const { file } of half) {
    if (live === undefined) await rename(file, database);
    for (const side of SIDES) await moveIfThere(file + side, database + side);
    if (live !== undefined) await rm(file);
    await syncDirectory(database);
    repaired.push(`${database} was about to be replaced when a restore was killed: it is what it was`);
  }
  if (unfinished) {
    await removeDatabase(restoring);
    repaired.push(`${restoring} was left by a restore that was killed: it is removed`);
  }
  return repaired;
}

/** What swaps have kept, newest first. */
export async function keptFiles(database: string): Promise<KeptFile[]> {
  const found: KeptFile[] = [];
  for (const [name, at] of await namesBefore(database)) {
    const file = path.join(path.dirname(database), name);
    found.push({ file, keptAt: at, bytes: (await stat(file)).size });
  }
  return found.sort((a, b) => (a.file < b.file ? 1 : -1));
}

/** Removes a database; what SQLite keeps beside it first, so that a crash leaves no orphans. */
export async function removeDatabase(database: string): Promise<void> {
  for (const side of SIDES) await rm(database + side, { force: true });
  await rm(database, { force: true });
}

/** Removes what is left beside a database whose write-ahead log has been put into it. */
export async function removeEmptySides(database: string): Promise<void> {
  for (const side of SIDES) {
    const found = await stat(database + side).catch(() => undefined);
    if (found?.size === 0) await rm(database + side, { force: true });
  }
}

async function secondName(database: string, kept: string): Promise<void> {
  try {
    await link(database, kept);
  } catch (error) {
    if (!NO_LINKS.includes(codeOf(error) ?? '')) throw error;
    await rename(database, kept);
  }
}

/** Names of the form with `before`, with their time. */
async function namesBefore(database: string): Promise<Map<string, Date>> {
  const start = `${path.basename(database)}.before_`;
  const found = new Map<string, Date>();
  for (const name of await readdir(path.dirname(database))) {
    const at = name.startsWith(start) ? timeOf(name.slice(start.length)) : undefined;
    if (at) found.set(name, at);
  }
  return found;
}

async function moveIfThere(from: string, to: string): Promise<void> {
  await rename(from, to).catch(error => {
    if (codeOf(error) !== 'ENOENT') throw error;
  });
}

async function filter<T>(all: readonly T[], keep: (one: T) => Promise<boolean>): Promise<T[]> {
  const decisions = await Promise.all(all.map(keep));
  return all.filter((_one, i) => decisions[i]);
}

async function exists(file: string): Promise<boolean> {
  return lstat(file).then(() => true, () => false);
}
