import { cpSync, existsSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { drill, drillOf, plant } from './_drill';
import { BackupConfig, DRILL_DATABASE, DrillConfig, SqliteTargetConfig } from '../../../src/contract/config';
import { DRILL_SUFFIX } from '../../../src/contract/layout';
import { configOf, folder, sqlite } from '../_configs';
import { backup, filesIn, run } from '../_runner';
import { flipByte } from '../restore/_restore';
import { tempDir } from '../servers/_process';

let taken: { readonly directory: string; readonly id: string; readonly config: BackupConfig };
let file: string;

beforeAll(async () => {
  const directory = tempDir('volume');
  file = path.join(tempDir('app'), 'shop.db');
  const database = new DatabaseSync(file);
  database.exec(`
    CREATE TABLE orders (id INTEGER PRIMARY KEY, at TEXT, seconds INTEGER, milliseconds INTEGER);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
    INSERT INTO orders SELECT i, datetime('now', '-' || i || ' minutes'), unixepoch() - i * 60, (unixepoch() - i * 60) * 1000 FROM n;
  `);
  database.close();
  const config = configOf({ source: sqlite(file), stores: [folder(directory)], compression: { algorithm: 'none', level: 0 } });
  const { id } = await backup({ config });
  taken = { directory, id, config };
});

interface Copy {
  readonly directory: string;
  readonly scratch: string;
  readonly id: string;
  config(changes?: Partial<DrillConfig>, target?: Partial<SqliteTargetConfig>): DrillConfig;
}

function copied(): Copy {
  const directory = tempDir('volume');
  const scratch = tempDir('scratch');
  const files = filesIn(taken.directory).filter(name => name.startsWith(taken.id));
  for (const name of files) cpSync(path.join(taken.directory, name), path.join(directory, name));
  const target = { engine: 'sqlite', path: path.join(scratch, `${DRILL_DATABASE}.db`), lockTimeoutSeconds: 10, keepPrevious: false, assertions: [] } as const;
  return {
    directory,
    scratch,
    id: taken.id,
    config: (changes, other) => drillOf(
      { ...taken.config, stores: [folder(directory)] }, { ...target, ...other }, { scratch: { directory: scratch, limitBytes: null }, ...changes },
    ),
  };
}

test('a backup restores into a file of the scratch directory; all is checked, timed and recorded, and nothing is left', async () => {
  const { config, scratch, id } = copied();
  const freshness = ['SELECT max(at) FROM orders', 'SELECT max(seconds) FROM orders', 'SELECT max(milliseconds) FROM orders'].map(sql => ({ sql, maxAgeSeconds: 300 }));
  const drilled = await drill(config({ freshness, rtoSeconds: 100 }, { assertions: ['SELECT count(*) = 1000 FROM orders'] }));
  expect(drilled.stderr).not.toContain('"level":"error"');
  expect(drilled).toMatchObject({ code: 0 });
  expect(drilled.record).toMatchObject({ backup: id, outcome: 'passed', items: 1000, server: { engine: 'sqlite', version: expect.stringMatching(/^3\./) } });
  expect(drilled.record.checks.map(({ name, passed }) => [name, passed])).toEqual([
    ['integrity', true], ['row counts', true], ['SELECT count(*) = 1000 FROM orders', true], ...freshness.map(({ sql }) => [`freshness of ${sql}`, true]),
  ]);
  expect(filesIn(scratch)).toEqual([]);
});

test('a drill that fails with a mistaken --set is not recorded; one that finds damage with it is', async () => {
  const copy = copied();
  const wrong = ['drill', '--set', 'target.engine=sqlite', '--set', 'target.assertions=["SELECT count(*) = 1000 FROM orders"]', '--set', 'scratch.directory=/nowhere'];
  const mistaken = await run(wrong, { config: copy.config() });
  expect(mistaken).toMatchObject({ message: expect.stringMatching(/\. It is not recorded, since a value of --set may be the reason$/), result: { outcome: 'failed', stores: [] } });
  expect(mistaken.code).not.toBe(0);
  expect(filesIn(copy.directory).filter(name => name.endsWith(DRILL_SUFFIX))).toEqual([]);

  expect((await run(wrong.slice(0, -2), { config: copy.config() })).code).toBe(0);
  expect(filesIn(copy.directory).filter(name => name.endsWith(DRILL_SUFFIX))).toHaveLength(1);
  flipByte(copy.directory, copy.id);
  expect((await run(wrong.slice(0, -2), { config: copy.config() })).code).toBe(11);
  expect(filesIn(copy.directory).filter(name => name.endsWith(DRILL_SUFFIX))).toHaveLength(2);
});

describe('a drill fails, says why, and leaves a record and nothing else, when', () => {
  async function failing(copy: Copy, config: DrillConfig, code: number, message: string | RegExp) {
    const drilled = await drill(config);
    const expected = typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message);
    expect({ code: drilled.code, message: drilled.message }).toEqual({ code, message: expected });
    expect(drilled.record).toMatchObject({ outcome: 'failed', faults: [expected] });
    expect(filesIn(copy.scratch)).toEqual([]);
    return drilled.record;
  }

  test('the schema is there and a table is empty', async () => {
    const copy = copied();
    const hollow = path.join(tempDir('hollow'), 'shop.db');
    cpSync(file, hollow);
    const database = new DatabaseSync(hollow);
    database.exec('DELETE FROM orders');
    database.close();
    plant(copy.directory, copy.id, readFileSync(hollow));
    await failing(copy, copy.config(), 11, /app_\d+_\d+ does not restore: .* does not have the rows that its record says: 0 rows in orders instead of 1000: /);
  });

  test('the file was cut off when it was taken', async () => {
    const copy = copied();
    plant(copy.directory, copy.id, readFileSync(file).subarray(0, 8192));
    await failing(copy, copy.config(), 11, /app_\d+_\d+ does not restore: .*(is corrupt|can't be read as a database)/);
  });

  test('a bit of the artifact is another one', async () => {
    const copy = copied();
    flipByte(copy.directory, copy.id);
    await failing(copy, copy.config(), 11, 'no store has a good copy of');
  });

  test.each([
    ['the data are stale', 'SELECT datetime(max(at), \'-2 hours\') FROM orders', /the data are stale: the newest is of .*, 2 h .* before app_\d+_\d+ began, and may be 1 h older/],
    ['there are none', 'SELECT max(at) FROM orders WHERE id < 0', 'it returns nothing'],
    ['it is no time', 'SELECT \'soon\'', 'it returns a text of 4 characters, which is not shown since it may be of a row. It has to return one time'],
    ['it is no SQL', 'SELECT FROM WHERE', 'it can\'t be asked for: near "FROM"'],
  ])('%s', async (_case, sql, message) => {
    const copy = copied();
    await failing(copy, copy.config({ freshness: [{ sql, maxAgeSeconds: 3600 }] }), 11, message);
  });

  test('the scratch directory may not have as much', async () => {
    const copy = copied();
    await failing(copy, copy.config({ scratch: { directory: copy.scratch, limitBytes: 10_000 } }), 16, 'give the drill a larger \'scratchSize\'');
  });
});

test('two drills at once are in nobody\'s way', async () => {
  const { config, scratch } = copied();
  const drilled = await Promise.all([copied(), copied()].map(copy => drill({ ...config(), stores: [folder(copy.directory)] })));
  expect(drilled).toMatchObject(drilled.map(() => ({ code: 0, record: { outcome: 'passed' } })));
  expect(filesIn(scratch)).toEqual([]);
});

describe('what is no place for a drill is not touched:', () => {
  test('the database itself, and every other file outside of the scratch directory', async () => {
    const { config } = copied();
    const before = readFileSync(file);
    const outside = path.join(path.dirname(file), `${DRILL_DATABASE}.db`);
    for (const target of [file, outside]) {
      expect(await drill(config({}, { path: target }))).toMatchObject({ code: 10, message: expect.stringContaining('is no file for a drill: it has to be in the scratch directory') });
    }
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(existsSync(outside)).toBe(false);
  });

  test('what has the name already, such as a link that leads out of it', async () => {
    const { config, scratch } = copied();
    const before = readFileSync(file);
    symlinkSync(file, path.join(scratch, `${DRILL_DATABASE}.db`));
    expect(await drill(config())).toMatchObject({ code: 0 });
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(filesIn(scratch)).toEqual([`${DRILL_DATABASE}.db`]);
  });
});
