/*
 * The data directory of a stopped Redis gets other files. There is no step that changes all of them at once, so marks, in the
 * directory with those that are to be put there, tell the next run how far one that was killed has come:
 *
 *   .restoring/from       what is there are kept files, which have this name when they are not live
 *   .restoring/moving     the present files are being moved to this name; empty where there were none
 *   .restoring/placing    all of them have been moved: what has a live name is from `.restoring`; without `moving`: and all of that is there
 */
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { syncDirectory } from '../../core/sync-directory';
import { RollbackPoint } from '../../engine-api/restorer';
import { freeName, stampOf, timeOf } from '../../engine-api/stamp';

export const DUMP = 'dump.rdb';
export const AOF_DIRECTORY = 'appendonlydir';
export const OLD_AOF = 'appendonly.aof';

/** All that Redis reads when it starts. */
const READ = [AOF_DIRECTORY, OLD_AOF, DUMP];
const PREPARED = '.restoring';
const FROM = 'from';
const MOVING = 'moving';
const PLACING = 'placing';
const BEFORE = 'before_';

/** Changes the files of a Redis, and puts right what was killed on the way. */
export class RedisFiles {
  /** Where files are made ready. Made and removed by whoever does that, unless {@link swapIn} does. */
  public readonly prepared: string;

  constructor(private readonly directory: string) {
    this.prepared = this.at(PREPARED);
  }

  /** Those that the server reads. */
  public async present(): Promise<string[]> {
    const found = await Promise.all(READ.map(name => exists(this.at(name))));
    return READ.filter((_name, i) => found[i]);
  }

  /**
   * Puts what was made ready in the place of what is there.
   *
   * @returns the directory in which that is kept; `null` if there was nothing
   */
  public async swapIn(): Promise<string | null> {
    const kept = await this.keepPresent();
    await this.mark(PLACING, '');
    for (const name of READ) if (await exists(this.ready(name))) await rename(this.ready(name), this.at(name));
    await syncDirectory(this.at(DUMP));
    await rm(this.ready(MOVING)); // from here on it is done: what is left is rubbish
    await rm(this.ready(FROM), { force: true });
    await rm(this.prepared, { recursive: true });
    return kept;
  }

  /** As {@link swapIn}, with files that were kept. */
  public async swapBack(kept: string): Promise<string | null> {
    await writeFile(path.join(kept, FROM), kept, { flush: true });
    await rename(kept, this.prepared);
    return this.swapIn();
  }

  /** Puts right what was killed: the files that were live are live again, and kept ones are kept. Says what it did. */
  public async repair(): Promise<string[]> {
    if (!await exists(this.prepared)) return [];
    const from = await this.readMark(FROM);
    const moved = await this.readMark(MOVING);
    if (moved === null && await exists(this.ready(PLACING))) {
      await rm(this.prepared, { recursive: true });
      return [];
    }
    if (moved !== null) {
      await this.takeBack(from !== null);
      if (moved !== '') await this.putBack(moved);
      await rm(this.ready(MOVING));
    }
    const what = from === null ? 'a restore' : 'a rollback';
    if (from === null) {
      await rm(this.prepared, { recursive: true });
    } else {
      await rename(this.prepared, from);
      await rm(path.join(from, FROM));
    }
    return [moved === null || moved === ''
      ? `${this.prepared} was left by ${what} that was killed: it is removed`
      : `${what} that was killed had moved the files of ${this.directory} away: they are back`];
  }

  /** What swaps have kept, newest first. */
  public async kept(): Promise<readonly RollbackPoint[]> {
    const names = (await readdir(this.directory)).filter(name => name.startsWith(BEFORE)).sort().reverse();
    return names.flatMap(name => {
      const keptAt = timeOf(name.slice(BEFORE.length));
      return keptAt ? [{ name: this.at(name), keptAt, bytes: null }] : [];
    });
  }

  /** Moves what the server reads into a directory of its own, whose name is marked before. */
  private async keepPresent(): Promise<string | null> {
    const present = await this.present();
    const taken = [...await readdir(this.directory), path.basename(await this.readMark(FROM) ?? '')];
    const kept = present.length === 0 ? null : this.at(freeName(at => BEFORE + stampOf(at), new Date(), taken));
    await this.mark(MOVING, kept ?? '');
    if (kept === null) return null;
    await mkdir(kept);
    for (const name of present) await rename(this.at(name), path.join(kept, name));
    await syncDirectory(path.join(kept, DUMP));
    return kept;
  }

  /** What was put in place already is not live any more: removed, or made ready again. Afterwards whatever is live is what was live. */
  private async takeBack(keep: boolean): Promise<void> {
    if (!await exists(this.ready(PLACING))) return;
    for (const name of await this.present()) {
      if (keep) await rename(this.at(name), this.ready(name));
      else await rm(this.at(name), { recursive: true, force: true });
    }
    await syncDirectory(this.at(DUMP));
    await rm(this.ready(PLACING));
    await syncDirectory(this.ready(DUMP));
  }

  private async putBack(kept: string): Promise<void> {
    for (const name of READ) if (await exists(path.join(kept, name))) await rename(path.join(kept, name), this.at(name));
    await syncDirectory(this.at(DUMP));
    await rm(kept, { recursive: true, force: true });
  }

  /** On disk before anything is done of which it tells. */
  private async mark(name: string, text: string): Promise<void> {
    await writeFile(this.ready(name), text, { flush: true });
    await syncDirectory(this.ready(name));
  }

  private readMark(name: string): Promise<string | null> {
    return readFile(this.ready(name), 'utf8').catch(() => null);
  }

  private ready(name: string): string {
    return path.join(this.prepared, name);
  }

  private at(name: string): string {
    return path.join(this.directory, name);
  }
}

export function exists(file: string): Promise<boolean> {
  return stat(file).then(() => true, () => false);
}
