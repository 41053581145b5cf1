import { copyFileSync, renameSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { restore, restoreOf } from './_restore';
import { configOf, folder, sqlite } from '../_configs';
import { backup, processesBelow } from '../_runner';
import { tempDir, until } from '../servers/_process';

// Of two restores at once: what the other one has brought is not this one's, so its failure is no reason against a retry.
test('a file that somebody else replaces while a restore waits for its lock is not told as restored, and a retry may help', async () => {
  const file = path.join(tempDir('sqlite-meanwhile'), 'app.db');
  const other = `${file}.other`;
  const holder = new DatabaseSync(file);
  try {
    holder.exec('create table t (id); insert into t values (1)');
    copyFileSync(file, other);
    const config = configOf({ source: sqlite(file), stores: [folder(tempDir('volume'))] });
    await backup({ config });
    holder.exec('begin exclusive');
    const ending = restore({ config: restoreOf(config, { engine: 'sqlite', path: file, lockTimeoutSeconds: 5, keepPrevious: true, assertions: [] }) });
    await until('the restore asks for the lock', 30_000, async () => processesBelow(process.pid).length > 0);
    renameSync(other, file);
    const ended = await ending;
    expect(ended.message).toMatch(/is in use.*app\.db has been replaced by another restore, or by somebody, meanwhile/);
    expect(ended).toMatchObject({ code: 20 });
  } finally {
    holder.close();
  }
});
