import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { restoreOf } from './_restore';
import { RestoreConfig } from '../../../src/contract/config';
import { SqliteTargetConfig } from '../../../src/contract/engines/sqlite';
import { RUN_ENV } from '../../../src/contract/run';
import { API_URL_ENV } from '../../../src/runner/kubernetes/api';
import { configOf, folder, sqlite } from '../_configs';
import { backup, RunOptions } from '../_runner';
import { tempDir } from '../servers/_process';
import { KubectlProxy } from '../servers/kubectl-proxy';

/** A backup with one row, and a database that has another since. */
export interface Site {
  readonly id: string;
  /** With the same `job`, a pod of the same Job. */
  options(job: string, changes?: Partial<RestoreConfig>): RunOptions;
  write(note: string): void;
  notes(): string[];
}

export function sqliteTarget(file: string): SqliteTargetConfig {
  return { engine: 'sqlite', path: file, lockTimeoutSeconds: 5, keepPrevious: true, assertions: [] };
}

/** @param restore of every Job that restores it */
export async function site(proxy: KubectlProxy, restore: Partial<RestoreConfig>): Promise<Site> {
  const file = path.join(tempDir('site'), 'app.db');
  const database = <T>(use: (opened: DatabaseSync) => T): T => {
    const opened = new DatabaseSync(file);
    try {
      return use(opened);
    } finally {
      opened.close();
    }
  };
  const write = (note: string) => database(opened => opened.prepare('INSERT INTO notes VALUES (?)').run(note));
  database(opened => opened.exec('CREATE TABLE notes (note TEXT)'));
  write('backed up');
  const config = configOf({ source: sqlite(file), stores: [folder(tempDir('volume'))] });
  const { id } = await backup({ config });
  write('to be undone');
  return {
    id,
    write,
    notes: () => database(opened => opened.prepare('SELECT note FROM notes').all().map(({ note }) => String(note))),
    options: (job, changes) => ({
      config: { ...restoreOf(config, sqliteTarget(file)), ...restore, ...changes },
      env: { [API_URL_ENV]: proxy.url, [RUN_ENV]: job },
    }),
  };
}
