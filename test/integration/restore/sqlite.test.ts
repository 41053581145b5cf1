import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { hold } from '../../../src/runner/engines/sqlite/restore-hold';
import { NO_ABORT } from '../../runner/engines/_dump';
import { filesIn, processesBelow, run } from '../_runner';
import { cutShort, restore, startRestore } from './_restore';
import { backUp, DAMAGE, dump, keptIn, killedWriter, startUser, succeeds, withDatabase } from './_sqlite';
import { tempDir, until } from '../servers/_process';

describe.each(['wal', 'delete'] as const)('in journal mode %s', mode => {
  test('the file holds what was backed up, with its mode, and the one before is kept', async () => {
    const { file, id, content, restoring } = await backUp(mode);
    withDatabase(file, DAMAGE);
    const damaged = dump(file);
    chmodSync(file, 0o640);
    const ended = await restore(restoring({ assertions: ['SELECT count(*) = 3000 FROM orders'] }));
    expect(ended).toMatchObject({ code: 0, result: { event: 'restore.finished', id, notes: [] } });
    expect(dump(file)).toBe(content);
    expect((statSync(file).mode & 0o777).toString(8)).toBe('640'); // eslint-disable-line no-bitwise
    const [kept, ...more] = keptIn(file);
    expect(more).toEqual([]);
    expect(ended.result).toMatchObject({ previous: path.join(path.dirname(file), kept!), wayBack: expect.stringContaining('"cdk8s-backup rollback" brings it back') });
    expect(ended.result).toMatchObject({ wayBack: expect.stringContaining(`"cdk8s-backup restore-manifest --rollback ${path.join(path.dirname(file), kept!)}" prints the Job`) });
    expect(dump(path.join(path.dirname(file), kept!))).toBe(damaged);
  });

  test('rollback brings the one before back, again and again, and discard removes it', async () => {
    const { file, content, restoring } = await backUp(mode);
    withDatabase(file, DAMAGE);
    const damaged = dump(file);
    expect((await restore(restoring())).code).toBe(0);
    const before = filesIn(path.dirname(file));
    const name = path.join(path.dirname(file), keptIn(file)[0]!);
    const plan = await run(['rollback', '--dry-run'], restoring());
    expect([plan.code, JSON.parse(plan.stdout)]).toEqual([0, expect.objectContaining({ event: 'rollback.plan', name, others: [], missing: [], steps: [expect.stringContaining(name)] })]);
    expect((await run(['rollback', name, '--dry-run', '--log-format', 'text'], restoring())).stdout).toMatch(
      /^Rollback of sqlite .*\. Nothing is changed by this plan\.\n {2}1\. make .* \(kept at .* UTC, .*\) live again, and keep what is live now\n$/);
    expect(JSON.parse((await run(['discard', '--dry-run'], restoring())).stdout)).toMatchObject({ event: 'discard.plan', name });
    expect((await run(['discard', '--dry-run', '--log-format', 'text'], restoring())).stdout).toMatch(/^This would remove .* for good\. Nothing is changed by this plan\.\n$/);
    expect(await run(['rollback', 'nothing', '--dry-run'], restoring())).toMatchObject({ code: 15 });
    expect(filesIn(path.dirname(file))).toEqual(before);
    expect(dump(file)).toBe(content);

    expect(await run(['rollback', '--yes'], restoring())).toMatchObject({ code: 0 });
    expect(dump(file)).toBe(damaged);
    expect(await run(['rollback', '--yes'], restoring())).toMatchObject({ code: 0 });
    expect(dump(file)).toBe(content);
    expect(keptIn(file)).toHaveLength(1);
    expect(await run(['discard', '--yes'], restoring())).toMatchObject({ code: 0 });
    expect(filesIn(path.dirname(file))).toEqual(['app.db']);
  });

  test('a write-ahead log or journal that a killed process has left is not replayed into the restored file', async () => {
    const { file, content, restoring } = await backUp(mode);
    await killedWriter(file, mode);
    expect(existsSync(`${file}-${mode === 'wal' ? 'wal' : 'journal'}`)).toBe(true);
    const killed = tempDir('killed');
    for (const name of filesIn(path.dirname(file))) copyFileSync(path.join(path.dirname(file), name), path.join(killed, name));

    expect((await restore(restoring())).code).toBe(0);
    expect(dump(file)).toBe(content);
    const [kept] = keptIn(file);
    expect(dump(path.join(path.dirname(file), kept!))).toBe(dump(path.join(killed, 'app.db'))); // what was committed is in it
  });

  test('refused while another process has it open, by name', async () => {
    const { file, restoring } = await backUp(mode);
    const before = readFileSync(file);
    const user = await startUser(file, mode === 'wal' ? 'SELECT count(*) FROM orders' : 'BEGIN IMMEDIATE');
    try {
      const ended = await restore(restoring());
      expect(ended).toMatchObject({ code: 20, message: expect.stringContaining(`(${user.pid}): stop the application first`) });
      expect(ended.message).toContain('Nothing was changed');
      // Where the other process can't be seen, its lock is.
      await expect(hold(file, 1, NO_ABORT)).rejects.toMatchObject({ exitCode: 20, message: expect.stringContaining('is in use') });
      expect(readFileSync(file).equals(before)).toBe(true);
    } finally {
      user.kill('SIGKILL');
      await once(user, 'exit');
    }
    expect((await restore(restoring())).code).toBe(0);
  });

  test('nobody else can use the file while it is held, and afterwards it is as it was', async () => {
    const { file, content } = await backUp(mode);
    const held = await hold(file, 1, NO_ABORT);
    const other = new DatabaseSync(file);
    expect(() => other.exec('INSERT INTO customers VALUES (3, \'late\')')).toThrow('locked');
    other.close();
    await held.release();
    await until('it is free', 5000, () => Promise.resolve(succeeds(() => withDatabase(file, 'BEGIN IMMEDIATE; ROLLBACK'))));
    expect(dump(file)).toBe(content);
  });
});

describe('the file that is replaced', () => {
  test('may be no database any more', async () => {
    const { file, content, restoring } = await backUp('wal');
    writeFileSync(file, 'this is no database, and was one before');
    writeFileSync(`${file}-wal`, 'stale');
    const ended = await restore(restoring());
    expect(ended).toMatchObject({ code: 0, result: { notes: [expect.stringContaining('could not be read')] } });
    expect(dump(file)).toBe(content);
    const [kept, log] = keptIn(file).map(name => readFileSync(path.join(path.dirname(file), name), 'utf8'));
    expect([kept, log]).toEqual(['this is no database, and was one before', 'stale']);
    expect(await run(['rollback', '--yes'], restoring())).toMatchObject({ code: 11, message: expect.stringContaining('move it by hand') });
    expect(dump(file)).toBe(content);
  });

  test('may be missing, and its write-ahead log may not', async () => {
    const { file, content, restoring } = await backUp('wal');
    await killedWriter(file, 'wal');
    rmSync(file);
    expect(await restore(restoring())).toMatchObject({ code: 0, result: { previous: null, wayBack: null } });
    expect(dump(file)).toBe(content);
  });

  test('may be named by a link', async () => {
    const { file, content, restoring } = await backUp('wal');
    withDatabase(file, DAMAGE);
    const link = path.join(tempDir('link'), 'link.db');
    symlinkSync(file, link);
    expect((await restore(restoring({ path: link }))).code).toBe(0);
    expect(dump(file)).toBe(content);
    expect(filesIn(path.dirname(link))).toEqual(['link.db']);
  });

  test('is no safety backup, which can\'t be left out', async () => {
    const { restoring } = await backUp('delete');
    expect(await restore(restoring(), '--no-safety-backup')).toMatchObject({ code: 2, message: expect.stringMatching(/no safety backup is taken here: the file that is replaced is kept/) });
  });

  test('is not kept where that is not wanted', async () => {
    const { file, content, restoring } = await backUp('wal');
    expect(await restore(restoring({ keepPrevious: false }))).toMatchObject({ code: 0, result: { previous: null } });
    expect(dump(file)).toBe(content);
    expect(filesIn(path.dirname(file))).toEqual(['app.db']);
  });
});

test('the file is taken away by a restore in another pod, which can\'t see this one: it is not the backup that is bad', async () => {
  const { file, content, restoring } = await backUp('wal');
  withDatabase(file, DAMAGE);
  const damaged = dump(file);
  const slowly = 'SELECT count(*) > 0 FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000000) SELECT i FROM n)';
  const running = startRestore(restoring({ assertions: [slowly] }));
  await until('it checks what it has written', 20_000, () => Promise.resolve(processesBelow(running.process.pid!).some(({ args }) => args.includes('"kind":"examine"'))));
  rmSync(`${file}.restoring`);
  const { code, message } = await running.ended;
  expect([code, message]).toEqual([20, expect.stringMatching(/another restore of the same file runs.*is as it was$/)]);
  expect(dump(file) === damaged).toBe(true);
  expect(await restore(restoring())).toMatchObject({ code: 0 });
  expect(dump(file) === content).toBe(true);
});

test('a plan changes nothing and says what will be done', async () => {
  const { file, id, restoring } = await backUp('wal');
  const before = readFileSync(file);
  const plan = await run(['restore', '--dry-run'], restoring());
  expect(plan).toMatchObject({ code: 0, result: { event: 'restore.plan', id, missing: [], replaces: expect.stringMatching(/app\.db, \d+ kB$/) } });
  expect(readFileSync(file).equals(before)).toBe(true);
  expect(filesIn(path.dirname(file))).toEqual(['app.db']);
});

test('whoever is to confirm it is told what is lost, and how to type what comes next', async () => {
  const { file, id, directory, restoring } = await backUp('wal');
  const config = path.join(tempDir('config'), 'restore config.json');
  const typed = async (keepPrevious: boolean, ...args: string[]) => {
    writeFileSync(config, JSON.stringify(restoring({ keepPrevious }).config));
    return run(['restore', '--config', config, ...args], {});
  };
  const kept = await typed(true);
  expect(kept).toMatchObject({
    code: 2,
    message: expect.stringMatching(new RegExp(
      `^This restores ${id} to .*: data from \\d\\d:\\d\\d:\\d\\d UTC, (just now|.* ago)\\. It replaces .*app\\.db, \\d+ kB\\. `
    + 'Later writes are kept in .*app\\.db\\.before_YYYYMMDD_HHMMSS\\. Nobody is here')),
  });
  expect((await typed(false)).message).toContain('Later writes are lost: nothing keeps them.');
  expect((await typed(true, 'app_20010101_000000')).message).toMatch(/there is no backup app_20010101_000000/);
  expect((await typed(true, '--at', '2001-01-01T00:00:00')).message).toMatch(/does not say in which time zone/);
  const at = await typed(true, '--at', '2099-01-01T00:00:00+01:00', '--dry-run');
  expect(at.events.map(({ event, message }) => [event, message])).toContainEqual(
    ['restore.at', expect.stringMatching(`^--at 2099-01-01T00:00:00\\+01:00 is 2098-12-31 23:00:00 UTC \\(in .*\\): the newest backup from then or before is ${id}$`)]);

  cutShort(directory, id);
  expect((await typed(true)).message).toContain(`see "cdk8s-backup list --config '${config}'". Name one`);
  expect(existsSync(`${file}.restoring`)).toBe(false);
});
