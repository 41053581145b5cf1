import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createReporter } from '../../../src/runner/core/reporter';
import { clearLeftScratch, leftScratch, removeScratchOfThisRun, scratchDirectory } from '../../../src/runner/core/scratch';
import { capture } from '../_fixtures';

function temporary(): string {
  return mkdtempSync(path.join(tmpdir(), 'scratch-'));
}

/** A directory as a run leaves it that was killed, with ten bytes in it. */
function dead(directory: string, name: string): string {
  const made = path.join(directory, name);
  mkdirSync(made, { mode: 0o700 });
  writeFileSync(path.join(made, 'app.dump'), '0123456789');
  const script = 'require("node:net").createServer().listen("live", () => process.kill(process.pid, "SIGKILL"))';
  expect(spawnSync(process.execPath, ['--eval', script], { cwd: made }).signal).toBe('SIGKILL');
  expect(existsSync(path.join(made, 'live'))).toBe(true);
  return made;
}

async function clear(directory: string): Promise<string> {
  const log = capture();
  await clearLeftScratch({ directory }, createReporter(log));
  return log.text();
}

test('a directory is for this user only, and nothing is left of it', async () => {
  const directory = temporary();
  const scratch = await scratchDirectory({ directory }, 'restore');
  expect((statSync(scratch.path).mode & 0o777).toString(8)).toBe('700'); // eslint-disable-line no-bitwise
  writeFileSync(path.join(scratch.path, 'app.dump'), 'rows');
  await scratch.remove();
  expect(readdirSync(directory)).toEqual([]);
  await scratch.remove(); // somebody else was faster
});

test('what killed runs have left is removed, in one line that says how much it was', async () => {
  const directory = temporary();
  const left = ['cdk8s-backup-fetch-Abcde1', 'cdk8s-backup-restore-Abcde2'].map(name => dead(directory, name));
  expect(await leftScratch({ directory })).toEqual({ dead: left.map(each => ({ path: each, bytes: 10 })), unknown: [] });
  const [line, ...more] = (await clear(directory)).trim().split('\n');
  expect(JSON.parse(line!)).toMatchObject({ level: 'warn', event: 'scratch.cleared', message: `Removed 2 directories (20 B), left in ${directory} by runs that were killed` });
  expect(more).toEqual([]);
  expect(readdirSync(directory)).toEqual([]);
  expect(await clear(directory)).toBe('');
});

test('what a run uses that lives is left alone, by others and by itself', async () => {
  const directory = temporary();
  const scratch = await scratchDirectory({ directory }, 'restore');
  writeFileSync(path.join(scratch.path, 'app.dump'), 'rows');
  expect(await clear(directory)).toBe('');
  expect(readdirSync(scratch.path).sort()).toEqual(['app.dump', 'live']);
  await scratch.remove();
});

test('a path that is longer than the address of a socket may be is proved as well', async () => {
  const directory = path.join(temporary(), 'd'.repeat(200));
  mkdirSync(directory);
  const scratch = await scratchDirectory({ directory }, 'fetch');
  writeFileSync(path.join(scratch.path, 'app.dump'), 'rows');
  const left = dead(directory, 'cdk8s-backup-fetch-Abcde1');
  expect((await leftScratch({ directory })).dead).toEqual([{ path: left, bytes: 10 }]);
  await clear(directory);
  expect(readdirSync(directory)).toEqual([path.basename(scratch.path)]);
  await scratch.remove();
});

test('what is not ours, or is not proved to be dead, is not touched', async () => {
  const directory = temporary();
  const elsewhere = dead(temporary(), 'cdk8s-backup-restore-Abcde1');
  symlinkSync(elsewhere, path.join(directory, 'cdk8s-backup-restore-Alink1'));
  writeFileSync(path.join(directory, 'cdk8s-backup-restore-Afile1'), 'a file');
  dead(directory, 'restore-Abcde1');
  dead(directory, 'cdk8s-backup-restore-Abcde1-mine');
  // Such as on a file system without sockets.
  const unproved = path.join(directory, 'cdk8s-backup-restore-Abcde2');
  mkdirSync(unproved);
  writeFileSync(path.join(unproved, 'app.dump'), '0123456789');
  if (process.geteuid!() === 0) chownSync(dead(directory, 'cdk8s-backup-restore-Others'), 12_345, 12_345);
  const before = readdirSync(directory, { recursive: true }).sort();
  expect(await leftScratch({ directory })).toEqual({ dead: [], unknown: [{ path: unproved, bytes: 10 }] });
  expect(await clear(directory)).toBe('');
  expect(readdirSync(directory, { recursive: true }).sort()).toEqual(before);
  expect(existsSync(path.join(elsewhere, 'app.dump'))).toBe(true);
});

test('a run that ends although something hangs removes all that it has', async () => {
  const directory = temporary();
  for (const purpose of ['restore', 'verify'] as const) {
    writeFileSync(path.join((await scratchDirectory({ directory }, purpose)).path, 'app.dump'), 'rows');
  }
  const log = capture();
  await removeScratchOfThisRun(createReporter(log));
  expect(log.text()).toBe('');
  expect(readdirSync(directory)).toEqual([]);
});

test('a directory that is not there is no error here: whoever needs it says so', async () => {
  expect(await clear('/nonexistent')).toBe('');
  await expect(scratchDirectory({ directory: '/nonexistent' }, 'restore')).rejects.toThrow('the scratch directory /nonexistent can\'t be used');
});
