import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { backupId } from '../../../src/contract/layout';
import { Store } from '../../../src/runner/store-api/store';
import { run } from '../_runner';
import { DAY_MS, recordsIn, writeBackup, writeNights } from './_history';
import { never, place, Place, proxy, prune, startStores, stopStores } from './_prune';
import { isAny } from '../servers/fault-proxy';

beforeAll(startStores);
afterAll(stopStores);
afterEach(() => proxy.heal());

describe('nothing is removed', () => {
  /** Nothing goes from these stores, and the log says why. */
  async function expectStopped({ options }: Place, reason: RegExp, stores: readonly Store[], left: number): Promise<void> {
    const { stopped, events, entries } = await prune(options);
    expect(stopped[0]!.reason).toMatch(reason);
    expect(events.find(({ event }) => event === 'prune.stopped')!.message).toMatch(reason);
    expect(entries.find(({ reason: text }) => text.startsWith('would go'))).toBeDefined();
    for (const store of stores) expect(await recordsIn(store)).toHaveLength(left);
  }

  test('when backups have stopped for 40 days', async () => {
    const at = await place();
    const ids = await writeNights(7, 40, at.both);
    expect(await prune(at.options)).toMatchObject({ removed: 0, stopped: [] });
    for (const store of at.both) expect(await recordsIn(store)).toEqual(ids);
  });

  test('after a run that failed', async () => {
    const at = await place();
    await writeNights(10, 1, at.both);
    await at.volume.create(`${backupId('app', new Date())}.failed.json`, '{}', never);
    await expectStopped(at, /the newest run failed, app_\d+_\d+, and the last backup is app_\d+_\d+: nothing goes until a run succeeds/, at.both, 10);
  });

  test('while the newest backup is suspect; once it is accepted, pruning goes on', async () => {
    const at = await place();
    await writeNights(10, 1, at.both);
    const suspect = await writeBackup(new Date(Date.now() - 60_000), at.both, { suspect: 'the source is empty' });
    await expectStopped(at, new RegExp(`the newest backup ${suspect} is suspect: the source is empty; .*cdk8s-backup accept ${suspect}`), at.both, 11);
    expect(await run(['accept', suspect], at.options)).toMatchObject({ code: 0 });
    expect((await prune(at.options)).removed).toBeGreaterThan(0);
  });

  test('while anybody holds it, in any single store; a hold that can\'t be read holds as well', async () => {
    const at = await place();
    await writeNights(10, 0, at.both);
    expect(await run(['hold', '--reason', 'incident 42'], at.options)).toMatchObject({ code: 0, stdout: expect.stringContaining('Pruning of app is held, by offsite and volume') });
    await expectStopped(at, /held in offsite since \d{4}-\S+: incident 42, and held in volume .*cdk8s-backup release/, at.both, 10);

    await at.s3.remove(['app.hold'], never);
    await expectStopped(at, /held in volume/, at.both, 10);
    writeFileSync(path.join(at.directory, 'app.hold'), 'half a doc');
    await expectStopped(at, /held in volume, by a document that can't be read/, at.both, 10);

    expect(await run(['release'], at.options)).toMatchObject({ code: 0, stdout: expect.stringContaining('Pruning of app goes on') });
    expect(await run(['release'], at.options)).toMatchObject({ code: 0, stdout: 'Pruning of app was not held.\n' });
    expect((await prune(at.options)).removed).toBe(6);
  });

  test('while a store can\'t be read: it may hold', async () => {
    const at = await place();
    await writeNights(10, 0, at.both);
    proxy.inject({ kind: 'status', status: 403, code: 'AccessDenied' }, isAny, 999);
    const ended = await run(['prune'], at.options);
    expect(ended.code).toBe(14);
    expect(ended.message).toMatch(/^nothing is removed from any store, since one of them can't be read and may hold what must stay: offsite/);
    expect(await recordsIn(at.volume)).toHaveLength(10);
  });

  test('from a store whose newest copy is damaged; the others go on', async () => {
    const at = await place();
    const ids = await writeNights(10, 0, at.both);
    const file = path.join(at.directory, `${ids[9]}.rdb`);
    const bytes = readFileSync(file);
    bytes[12] = bytes[12]! === 0 ? 1 : 0;
    writeFileSync(file, bytes);
    await expectStopped(at, new RegExp(`the newest backup ${ids[9]} can't be read back from volume, .*SHA-256.*verify --repair`), [at.volume], 10);
    expect(await recordsIn(at.s3)).toEqual(ids.slice(3));
    // From now on it is known, without reading it again.
    await expectStopped(at, new RegExp(`the newest backup ${ids[9]} is in doubt in volume, damaged`), [at.volume], 10);
  });

  test('when all backups are from the future', async () => {
    const at = await place();
    const future = await writeBackup(new Date(Date.now() + 3 * DAY_MS), at.both);
    const { stopped, removed } = await prune(at.options);
    expect(removed).toBe(0);
    expect(stopped[0]!.reason).toMatch(/all backups are from the future: .* it says .* by the clock of offsite it is/);
    for (const store of at.both) expect(await recordsIn(store)).toEqual([future]);
  });
});

test('a backup, and word of a failure, from the future let no older backup go and keep none: they don\'t count', async () => {
  const at = await place();
  const ids = await writeNights(10, 0, at.both);
  const future = await writeBackup(new Date(Date.now() + 300 * DAY_MS), at.both);
  for (const store of at.both) await store.create(`${future}.failed.json`, '{}', never);
  const { entries, removed } = await prune(at.options);
  expect(removed).toBe(6);
  for (const store of at.both) expect(await recordsIn(store)).toEqual([...ids.slice(3), future]);
  expect(entries.find(({ id }) => id === future)!.reason).toMatch(/from the future: it says .* by the clock of offsite it is .*: not counted/);
});
