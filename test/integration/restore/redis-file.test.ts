import { existsSync, mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { backUpAndDamage, digestOf } from './_redis';
import { restore } from './_restore';
import { filesIn, run } from '../_runner';
import { until } from '../servers/_process';
import { RedisServer, startRedis } from '../servers/redis';

const servers: RedisServer[] = [];

afterAll(async () => {
  await Promise.all(servers.map(server => server.stop()));
});

test.each([[false, false], [true, true], [false, true], [true, false]])('files of a stopped server, AOF on before: %s, and after: %s', async (aofBefore, aofAfter) => {
  const server = await start({ aof: aofBefore });
  const { id, digest, restoring } = await backUpAndDamage(server);
  // While the backup's snapshot is still being cleaned up after, the server refuses.
  if (!aofBefore) await until('the server has saved', 10_000, async () => await server.cli(['save']) === 'OK');
  await server.kill9();
  const { directory } = server;
  const names = filesIn(directory);

  const ended = await restore(restoring({ mode: 'rdb-file', directory }));
  expect(ended).toMatchObject({ code: 0, result: { event: 'restore.finished', id, holds: `redis files in ${directory} are ${id}` } });
  expect(existsSync(path.join(directory, '.restoring'))).toBe(false);
  expect(statSync(path.join(directory, 'dump.rdb')).uid).toBe(statSync(directory).uid);

  const again = await start({ aof: aofAfter, directory });
  expect(await digestOf(again)).toBe(digest);
  await again.cli(['set', 'written', 'afterwards']);
  await again.cli(['save']);
  await again.kill9();
  expect(await digestOf(await start({ aof: aofAfter, directory }))).not.toBe(digest);
  await servers.at(-1)!.kill9();

  if (aofBefore === aofAfter) {
    expect(await run(['rollback', '--yes'], restoring({ mode: 'rdb-file', directory }))).toMatchObject({ code: 0 });
    expect(filesIn(directory).filter(name => !name.startsWith('before_'))).toEqual(names);
    const back = await start({ aof: aofBefore, directory });
    expect(await back.cli(['get', 'new'])).toBe('written after the backup');
  }
});

test.each([['moving', false], ['placing', true]])('a restore that was killed while it was %s them: the next one puts them back first', async (_, placing) => {
  const server = await start({ aof: true });
  const { digest, restoring } = await backUpAndDamage(server);
  const damaged = await digestOf(server);
  await server.kill9();
  const { directory } = server;
  const kept = path.join(directory, 'before_20260101_000000');
  mkdirSync(kept);
  mkdirSync(path.join(directory, '.restoring'));
  writeFileSync(path.join(directory, '.restoring', 'moving'), kept);
  renameSync(path.join(directory, 'appendonlydir'), path.join(kept, 'appendonlydir'));
  if (placing) {
    writeFileSync(path.join(directory, '.restoring', 'placing'), '');
    for (const name of filesIn(directory).filter(file => file === 'dump.rdb')) renameSync(path.join(directory, name), path.join(kept, name));
    writeFileSync(path.join(directory, 'dump.rdb'), 'new');
  }
  const target = restoring({ mode: 'rdb-file', directory });
  expect(await run(['rollback', '--yes'], target)).toMatchObject({ code: 15 }); // which repairs, and finds nothing that was kept
  expect(filesIn(directory).filter(name => name === 'dump.rdb' || name.startsWith('before_') || name === '.restoring')).toEqual([]);
  const again = await start({ aof: true, directory });
  expect(await digestOf(again)).toBe(damaged);
  await again.kill9();
  expect((await restore(target)).code).toBe(0);
  expect(await digestOf(await start({ aof: true, directory }))).toBe(digest);
});

test.each([
  ['before a file was moved', ['from']],
  ['while the present files were moved', ['from', 'moving']],
  ['while the kept files were put in their place', ['from', 'moving', 'placing']],
  ['when all was done', ['placing']],
])('a rollback that was killed %s: what was live is live, and what was kept can be rolled back to', async (_, marks) => {
  const server = await start({ aof: true });
  const { digest, restoring } = await backUpAndDamage(server);
  const damaged = await digestOf(server);
  await server.kill9();
  const { directory } = server;
  const target = restoring({ mode: 'rdb-file', directory });
  const [kept, at] = [path.join(directory, 'before_20260101_000000'), (name: string) => path.join(directory, name)];
  expect((await restore(target)).code).toBe(0);
  const done = !marks.includes('from');
  if (!done) renameSync(filesIn(directory).filter(name => name.startsWith('before_')).map(at)[0]!, at('.restoring'));
  else mkdirSync(at('.restoring'));
  for (const mark of marks) writeFileSync(path.join(at('.restoring'), mark), mark === 'placing' ? '' : kept.replace('2026', mark === 'from' ? '2025' : '2026'));
  if (marks.includes('moving')) {
    mkdirSync(kept);
    renameSync(at('appendonlydir'), path.join(kept, 'appendonlydir'));
    if (marks.includes('placing')) {
      renameSync(at('dump.rdb'), path.join(kept, 'dump.rdb'));
      renameSync(path.join(at('.restoring'), 'appendonlydir'), at('appendonlydir'));
    }
  }

  expect(await run(['rollback', '--yes', 'nothing-of-this-name'], target)).toMatchObject({ code: 15 }); // which repairs first
  expect(filesIn(directory).filter(name => /^\.restoring|^before_2026/.test(name)).length).toBe(done ? 1 : 0);
  const live = await start({ aof: true, directory });
  expect(await digestOf(live)).toBe(digest);
  await live.kill9();
  expect((await run(['rollback', '--yes'], target)).code).toBe(0);
  expect(await digestOf(await start({ aof: true, directory }))).toBe(damaged);
  expect(filesIn(directory)).not.toContain('.restoring');
});

async function start(options: Parameters<typeof startRedis>[0]): Promise<RedisServer> {
  const server = await startRedis(options);
  servers.push(server);
  return server;
}
