import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, linkSync, mkdirSync, renameSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SqliteTargetConfig } from '../../../src/contract/config';
import { filesIn, killAllBelow } from '../_runner';
import { cutShort, flipByte, restore, startRestore } from './_restore';
import { BackedUp, backUp, DAMAGE, dump, editRecord, keptIn, killedWriter, succeeds, withDatabase } from './_sqlite';
import { tempDir, until } from '../servers/_process';

describe('nothing is changed', () => {
  test.each<[string, (backedUp: BackedUp) => void, Partial<SqliteTargetConfig>, number, RegExp]>([
    ['with a flipped byte', ({ directory, id }) => flipByte(directory, id), {}, 11, /no store has a good copy|damaged/],
    ['with a truncated artifact', ({ directory, id }) => cutShort(directory, id), {}, 15, /latest|whole|bytes instead/],
    ['when an assertion fails', () => {}, { assertions: ['SELECT count(*) > 5000 FROM orders'] }, 11, /does not pass what the config asserts/],
    ['when an assertion is no SQL', () => {}, { assertions: ['SELECT x FROM nowhere'] }, 11, /no such table: nowhere/],
    ['when the rows are not those of the record', ({ directory, id }) => editRecord(directory, id, '"orders": 3000', '"orders": 2999'), {}, 11, /its record says/],
    ['without the directory', () => {}, { path: '/no/such/directory/app.db' }, 15, /there is no \/no\/such\/directory/],
    ['on a directory', ({ file }) => mkdirSync(`${file}.d`), { path: 'app.db.d' }, 10, /is not a file/],
  ])('%s', async (_, prepare, changes, code, message) => {
    const backedUp = await backUp('wal');
    const { file, restoring } = backedUp;
    withDatabase(file, DAMAGE);
    prepare(backedUp);
    const [before, names] = [dump(file), filesIn(path.dirname(file))];
    const target = changes.path?.startsWith('app') ? { path: path.join(path.dirname(file), changes.path) } : changes;
    const ended = await restore(restoring(target));
    expect(ended.message).toMatch(message);
    expect(ended.message).toMatch(/Nothing was changed|is as it was/);
    expect(ended.code).toBe(code);
    expect(dump(file)).toBe(before);
    expect(filesIn(path.dirname(file))).toEqual(names);
  });

  test('on a disk that is full, whether that is seen before or only then', async () => {
    const small = tempDir('small');
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', small]);
    try {
      const { file, directory, id, restoring, content } = await backUp('delete', small);
      const { bavail, bsize } = statfsSync(small);
      writeFileSync(path.join(small, 'filler'), Buffer.alloc(bavail * bsize - statSync(file).size * 0.8)); // which is more than it takes compressed
      const before = await restore(restoring());
      expect(before).toMatchObject({ code: 16, message: expect.stringMatching(/free, and the restored file needs/) });

      editRecord(directory, id, /"plainBytes": \d+/, '"plainBytes": null');
      const then = await restore(restoring());
      expect(then).toMatchObject({ code: 16, message: expect.stringMatching(/is full: make room.*is as it was/s) });
      expect(dump(file)).toBe(content);
      expect(filesIn(small)).toEqual(['app.db', 'filler']);
    } finally {
      execFileSync('umount', [small]);
    }
  });
});

describe('a restore that was killed', () => {
  test('while it wrote has changed nothing, and the next one clears up', async () => {
    const { file, content, restoring } = await backUp('wal', undefined, 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40) INSERT INTO orders SELECT 5000 + i, 1, NULL, randomblob(1000000) FROM n');
    withDatabase(file, DAMAGE);
    const damaged = dump(file);
    const running = startRestore(restoring());
    await until('it writes', 20_000, () => Promise.resolve(existsSync(`${file}.restoring`)));
    killAllBelow(running.process.pid!);
    await running.ended;
    await until('the lock is gone', 5000, () => Promise.resolve(succeeds(() => dump(file))));
    expect(dump(file) === damaged).toBe(true);
    const again = await restore(restoring());
    expect(again.code).toBe(0);
    expect(again.events.map(({ event }) => event)).toContain('restore.repaired');
    expect(dump(file) === content).toBe(true);
    expect(existsSync(`${file}.restoring`)).toBe(false);
  });

  test.each<[string, (file: string, kept: string) => void]>([
    ['after the database has got its second name', (file, kept) => linkSync(file, kept)],
    ['after the write-ahead log was moved', (file, kept) => {
      linkSync(file, kept);
      renameSync(`${file}-wal`, `${kept}-wal`);
    }],
    ['while the name was without a file, where there are no links', (file, kept) => {
      renameSync(file, kept);
      renameSync(`${file}-wal`, `${kept}-wal`);
    }],
  ])('%s is undone by the next one', async (_, killedThen) => {
    const { file, content, restoring } = await backUp('wal');
    await killedWriter(file, 'wal'); // its rows are in the log only
    copyFileSync(file, `${file}.restoring`);
    killedThen(file, `${file}.before_20260101_000000`);
    const ended = await restore(restoring({ assertions: ['SELECT false'] }));
    expect(ended.code).toBe(11);
    expect(ended.events.map(({ event }) => event)).toContain('restore.repaired');
    expect(dump(file)).toContain('written and not checkpointed');
    expect(keptIn(file)).toEqual([]);

    expect((await restore(restoring())).code).toBe(0);
    expect(dump(file)).toBe(content);
  });
});
