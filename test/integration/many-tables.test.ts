import { statSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { configOf, folder, sqlite } from './_configs';
import { backup, list, run } from './_runner';
import { restore, restoreOf } from './restore/_restore';
import { tempDir } from './servers/_process';

test('a database whose tables would fill more than a record can have is backed up, listed, shown, and restored with all of its rows', async () => {
  const file = path.join(tempDir('many'), 'app.db');
  const database = new DatabaseSync(file);
  // A record is read up to 16 MiB, which are 160,000 tables of 64 characters, or these.
  const tables = Array.from({ length: 180 }, (_, i) => `${i}_${'t'.repeat(100_000)}`);
  for (const [i, table] of tables.entries()) database.exec(`CREATE TABLE "${table}" (x); INSERT INTO "${table}" VALUES (${i})`);
  database.close();
  const directory = tempDir('store');
  const target = { engine: 'sqlite', path: path.join(tempDir('target'), 'app.db'), lockTimeoutSeconds: 1, keepPrevious: true, assertions: [] } as const;
  const config = configOf({ source: sqlite(file), stores: [folder(directory)] });

  const { id } = await backup({ config });
  expect(statSync(path.join(directory, `${id}.json`)).size).toBeLessThan(2 * 1024 ** 2);
  expect((await list({ config })).latest).toBe(id);
  expect((await run(['show', 'latest'], { config })).stdout).toMatch(/180 +in all/);
  const restored = await restore({ config: restoreOf(config, target) });
  expect([restored.code, restored.message]).toEqual([0, expect.anything()]);
  const live = new DatabaseSync(target.path);
  expect(tables.map(table => live.prepare(`SELECT x FROM "${table}"`).get())).toEqual(tables.map((_, i) => ({ x: i })));
  live.close();
});
