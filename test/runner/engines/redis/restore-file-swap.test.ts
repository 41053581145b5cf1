import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { RedisFiles } from '../../../../src/runner/engines/redis/restore-file-swap';

let directory: string;
const at = (name: string) => path.join(directory, name);

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'redis-files-'));
  jest.useFakeTimers({ now: new Date('2026-11-22T02:00:00Z'), doNotFake: ['nextTick', 'setImmediate', 'setTimeout'] });
});

afterEach(() => {
  jest.useRealTimers();
  rmSync(directory, { recursive: true });
});

test('a restore and its rollbacks in the same second each keep what they replace', async () => {
  writeFileSync(at('dump.rdb'), 'old');
  const files = new RedisFiles(directory);
  prepare('new');
  expect(await files.swapIn()).toBe(at('before_20261122_020000'));
  expect(live()).toBe('new');
  const back = await files.swapBack(at('before_20261122_020000'));
  expect(live()).toBe('old');
  expect(back).toBe(at('before_20261122_020001'));
  expect((await files.kept()).map(({ name }) => name)).toEqual([back]);
  await files.swapBack(back!);
  expect(live()).toBe('new');
  expect(readdirSync(directory).filter(name => name.startsWith('.'))).toEqual([]);
});

test('two restores in the same second keep both', async () => {
  writeFileSync(at('dump.rdb'), '1');
  const files = new RedisFiles(directory);
  for (const content of ['2', '3']) {
    prepare(content);
    await files.swapIn();
  }
  expect((await files.kept()).map(({ name, keptAt }) => [path.basename(name), keptAt.toISOString(), readFileSync(path.join(name, 'dump.rdb'), 'utf8')])).toEqual([
    ['before_20261122_020001', '2026-11-22T02:00:01.000Z', '2'],
    ['before_20261122_020000', '2026-11-22T02:00:00.000Z', '1'],
  ]);
});

test('a directory that was empty is empty again', async () => {
  const files = new RedisFiles(directory);
  prepare('new');
  writeFileSync(path.join(files.prepared, 'moving'), '');
  writeFileSync(path.join(files.prepared, 'placing'), '');
  writeFileSync(at('dump.rdb'), 'new');
  await files.repair();
  expect(readdirSync(directory)).toEqual([]);
});

test('a repair that is killed is gone on with', async () => {
  const files = new RedisFiles(directory);
  prepare('new');
  mkdirSync(at('before_20260101_000000'));
  writeFileSync(path.join(files.prepared, 'moving'), at('before_20260101_000000'));
  writeFileSync(at('dump.rdb'), 'old'); // it has removed what was new, and has put the first of the old files back
  writeFileSync(path.join(at('before_20260101_000000'), 'appendonly.aof'), 'old');
  await files.repair();
  expect([live(), readFileSync(at('appendonly.aof'), 'utf8'), existsSync(files.prepared)]).toEqual(['old', 'old', false]);
  expect(await files.repair()).toEqual([]);
});

function prepare(content: string): void {
  mkdirSync(at('.restoring'));
  writeFileSync(path.join(at('.restoring'), 'dump.rdb'), content);
}

function live(): string {
  return readFileSync(at('dump.rdb'), 'utf8');
}
