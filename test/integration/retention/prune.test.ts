import { existsSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CreateBucketCommand, CreateMultipartUploadCommand, PutObjectCommand, PutObjectLegalHoldCommand } from '@aws-sdk/client-s3';
import { backupId } from '../../../src/contract/layout';
import { configOf, sqlite } from '../_configs';
import { backup, filesIn, run, start } from '../_runner';
import { DAY_MS, keysIn, open, policy, recordsIn, redisConfig, writeNights } from './_history';
import { never, place, proxy, prune, s3, startStores, stopStores, timeOf, WEEK } from './_prune';
import { tempDir, until } from '../servers/_process';
import { rootClient, s3Store } from '../servers/_s3';

beforeAll(startStores);
afterAll(stopStores);
afterEach(() => proxy.heal());

test('a dry run says of everything why it stays or goes, and changes nothing; the run does just that, and logs it', async () => {
  const at = await place();
  const ids = await writeNights(10, 0, at.both);
  const before = filesIn(at.directory);
  const plan = await prune(at.options, '--dry-run');
  expect(filesIn(at.directory)).toEqual(before);
  expect(plan.deleted.map(({ store, id, reason }) => [store, id, reason])).toEqual(['offsite', 'volume'].flatMap(store =>
    ids.slice(0, 3).map((id, i) => [store, id, `${9 - i} days older than the newest good one, and no rule keeps it`])));
  expect(plan.deleted[0]!.files).toEqual([`${ids[0]}.json`, `${ids[0]}.rdb`, `${ids[0]}.sha256`]);
  expect(plan.entries.find(({ id }) => id === ids[9])!.reason).toBe('the newest; one of the last 3, below which nothing goes; younger than 7 days');

  const text = await run(['prune', '--dry-run'], at.options);
  expect(text.stdout).toMatch(new RegExp(`offsite\\s+backup\\s+${ids[0]}\\s+delete\\s+9 days older`));
  expect(text.stdout).toContain('Would remove 6 of 20, once the newest backup was read back. Nothing was changed.');

  const result = await prune(at.options);
  expect(result).toMatchObject({ removed: 6, refused: [], stopped: [] });
  for (const store of at.both) expect(await recordsIn(store)).toEqual(ids.slice(3));
  const logged = result.events.filter(({ event }) => event === 'prune.delete');
  expect(logged).toHaveLength(6);
  // What stays is a number: why is in the dry run.
  expect(result.events.filter(({ event }) => event !== 'prune.delete').map(({ event, message }) => [event, message])).toEqual(['offsite', 'volume'].map(store =>
    ['prune.kept', `${store} keeps 7 backups; "cdk8s-backup prune --dry-run" says of each why`]));
  expect(logged[0]!.message).toBe(`Removing backup ${ids[0]} in offsite: 9 days older than the newest good one, and no rule keeps it`);
  // The newest was read back for it, which is noted in both stores.
  for (const store of at.both) expect((await keysIn(store)).filter(key => key.startsWith(`${ids[9]}.verified.`))).toHaveLength(1);
  expect((await prune(at.options)).removed).toBe(0);
});

test('foreign objects under the prefix and the backups of app_x stay, whatever they look like', async () => {
  const at = await place();
  const ids = await writeNights(10, 0, at.both);
  const others = await writeNights(10, 0, at.both, { name: 'app_x' });
  const old = ids[0]!;
  const foreign = [
    'app', 'app.txt', 'app_notes.txt', 'app_20200101.dump', 'README', 'app-20200101_020000.dump',
    'app_20200101_020000.txt', `${old}.notes.txt`, `${old}.json.bak`, 'app_20200231_020000.dump',
    'app_20200102_020000.dump', 'app_20200102_020000.sha256', // as another program may have written them
    'app_20200103_020000.drill.json',
  ];
  for (const key of foreign) for (const store of at.both) await store.create(key, key, never);
  const { removed, entries } = await prune(at.options);
  expect(removed).toBe(6);
  for (const store of at.both) {
    expect(await recordsIn(store)).toEqual(ids.slice(3));
    expect(await recordsIn(store, 'app_x')).toEqual(others);
    expect(await keysIn(store)).toEqual(expect.arrayContaining(foreign));
  }
  expect(entries.find(({ id }) => id === 'app_20200102_020000')).toMatchObject({ what: 'files without a record', action: 'keep', reason: expect.stringContaining('no claim proves that this program wrote it') });

  const unclaimed = await prune(at.options, '--unclaimed');
  expect(unclaimed.deleted.map(({ id }) => id)).toEqual(['app_20200102_020000', 'app_20200102_020000']);
  for (const store of at.both) {
    const gone = ['app_20200102_020000.dump', 'app_20200102_020000.sha256'];
    const keys = await keysIn(store);
    expect(foreign.filter(key => !keys.includes(key))).toEqual(gone);
  }
});

test('a pinned backup stays until it is unpinned, also where only one store knows of the pin', async () => {
  const at = await place();
  const ids = await writeNights(10, 0, at.both);
  expect(await run(['pin', ids[0]!], at.options)).toMatchObject({ code: 0 });
  await at.s3.remove([`${ids[0]}.pinned`], never);
  await prune(at.options);
  for (const store of at.both) expect(await recordsIn(store)).toEqual([ids[0], ...ids.slice(3)]);
  expect(await run(['unpin', ids[0]!], at.options)).toMatchObject({ code: 0 });
  await prune(at.options);
  for (const store of at.both) {
    expect(await recordsIn(store)).toEqual(ids.slice(3));
    expect((await keysIn(store)).filter(key => key.startsWith(ids[0]!))).toEqual([]);
  }
});

test('killed half way, it leaves no record without its files, and the next one finishes', async () => {
  const at = await place();
  const ids = await writeNights(30, 0, at.both);
  // Records are removed one by one; after the third of them everything hangs.
  let deletions = 0;
  proxy.inject({ kind: 'hang' }, ({ method }) => ['POST', 'DELETE'].includes(method) && ++deletions > 12, 999);
  const { process: child, ended } = start(['prune'], at.options);
  await until('prune hangs', 60_000, () => Promise.resolve(deletions > 15));
  child.kill('SIGKILL');
  await ended;
  proxy.heal();
  const keys = await keysIn(at.s3);
  const records = await recordsIn(at.s3);
  expect(records.length).toBeLessThan(30);
  for (const id of records) expect(keys).toEqual(expect.arrayContaining([`${id}.json`, `${id}.rdb`, `${id}.sha256`]));
  expect(keys.some(key => key.endsWith('.rdb') && !records.includes(key.slice(0, -4)))).toBe(true); // rubbish, and no lie
  expect(await run(['list'], at.options)).toMatchObject({ code: 0 });

  await prune(at.options);
  for (const store of at.both) {
    expect(await recordsIn(store)).toEqual(ids.slice(-7));
    expect((await keysIn(store)).filter(key => !ids.slice(-7).some(id => key.startsWith(id)))).toEqual([]);
  }
});

test('what killed runs have left goes; what a run may be writing stays', async () => {
  const at = await place();
  await writeNights(3, 0, at.both);
  const claim = (deadlineAt: Date) => JSON.stringify({ run: 'x', startedAt: '2026-01-01T00:00:00.000Z', deadlineAt: deadlineAt.toISOString() });
  const soon = new Date(Date.now() + 3_600_000);
  for (const store of at.both) {
    await store.create('app_20260101_020000.started', claim(new Date(0)), never); // killed
    await store.create('app_20260101_020000.dump.zst', 'half', never);
    await store.create('app_20260101_020000.notes.txt', 'of a person', never);
    await store.create('app_20260102_020000.started', claim(soon), never); // runs
    await store.create('app_20260102_020000.rdb', 'half', never);
    await store.create('app_20260103_020000.started', 'half a cl', never); // nobody knows
    await store.create('app_20260103_020000.rdb', 'half', never);
  }
  const client = rootClient(s3);
  for (const id of ['app_20260104_020000', 'app_20260102_020000', 'app_x_20260104_020000', backupId('app', new Date())]) {
    await client.send(new CreateMultipartUploadCommand({ Bucket: at.bucket, Key: `db/nightly/${id}.rdb` }));
  }
  writeFileSync(path.join(at.directory, '.app_20260104_020000.rdb.partial-0123abcd'), 'half');
  const ofHold = path.join(at.directory, '.app.hold.partial-0123abcd');
  writeFileSync(ofHold, 'half');
  utimesSync(ofHold, new Date('2026-01-04T02:00:00Z'), new Date('2026-01-04T02:00:00Z'));
  const { deleted } = await prune(at.options);
  expect(deleted.map(({ store, id, reason }) => [store, id, reason.replace(/[:,].*/, '')])).toEqual([
    ['offsite', 'app_20260101_020000', 'left by a run that was killed'],
    ['offsite', 'app_20260104_020000', 'uploads that were never finished'],
    ['volume', 'app.hold', 'uploads that were never finished'],
    ['volume', 'app_20260101_020000', 'left by a run that was killed'],
    ['volume', 'app_20260104_020000', 'uploads that were never finished'],
  ]);
  for (const store of at.both) {
    const old = (await keysIn(store)).filter(key => key.startsWith('app_202601'));
    expect(old).toEqual([
      'app_20260101_020000.notes.txt', 'app_20260102_020000.rdb', 'app_20260102_020000.started', 'app_20260103_020000.rdb', 'app_20260103_020000.started',
    ]);
    const uploads: string[] = [];
    for await (const { key } of store.unfinished('', never)) uploads.push(key.slice(0, -4));
    expect(uploads).not.toContain('app_20260104_020000');
    expect(uploads).not.toContain('app.'); // of the hold
    if (store === at.s3) expect(uploads).toHaveLength(3);
  }
});

describe('a store that does not let go', () => {
  test('answers 403: reported, the others go on, and the exit code is good', async () => {
    const at = await place();
    const ids = await writeNights(10, 0, at.both);
    const refuses = ({ method }: { method: string }) => method === 'DELETE' || method === 'POST';
    proxy.inject({ kind: 'status', status: 403, code: 'AccessDenied' }, refuses, 999);
    const { refused, removed, events } = await prune(at.options);
    expect(removed).toBe(3);
    expect(refused).toHaveLength(3);
    expect(events.find(({ event }) => event === 'prune.refused')!.message).toMatch(/backup app_\S+ stays in offsite, which does not let it go: .*access denied/);
    expect(await recordsIn(at.s3)).toEqual(ids); // whole, record and all
    expect(await recordsIn(at.volume)).toEqual(ids.slice(3));
    proxy.heal();
    expect(await prune(at.options)).toMatchObject({ removed: 3, refused: [] });
    expect(await recordsIn(at.s3)).toEqual(ids.slice(3));
  });

  test('breaks down half way: the exit code says that a retry helps, and a retry finishes', async () => {
    const at = await place();
    const ids = await writeNights(10, 0, at.both);
    const deletes = ({ method, url }: { method: string; url: string }) => method === 'DELETE' || (method === 'POST' && url.includes('delete'));
    proxy.inject({ kind: 'status', status: 503, code: 'SlowDown' }, deletes, 999);
    const ended = await run(['prune'], at.options);
    expect(ended.code).toBe(20);
    expect(ended.events.find(({ event }) => event === 'prune.failed')!.message).toMatch(/can't be removed from offsite now, the next prune goes on with it/);
    proxy.heal();
    await prune(at.options);
    for (const store of at.both) expect(await recordsIn(store)).toEqual(ids.slice(3));
  });

  test('has Object Lock', async () => {
    const bucket = 'locked';
    const client = rootClient(s3);
    await client.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: true }));
    const { config: offsite, env } = s3Store(s3, bucket);
    const config = redisConfig([offsite], WEEK);
    const stores = open(config, env);
    const ids = await writeNights(10, 0, stores);
    // The oldest is under a legal hold, record and all.
    for (const extension of ['json', 'rdb', 'sha256']) {
      await client.send(new PutObjectLegalHoldCommand({ Bucket: bucket, Key: `db/nightly/${ids[0]}.${extension}`, LegalHold: { Status: 'ON' } }));
    }
    const { refused, removed } = await prune({ config, env });
    expect(removed).toBe(2);
    expect(refused).toEqual([expect.stringMatching(new RegExp(`^backup ${ids[0]} in offsite: `))]);
    expect(await recordsIn(stores[0]!)).toEqual([ids[0], ...ids.slice(3)]);
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'still-writable', Body: 'x' }));
  });
});

describe('at the end of a backup', () => {
  function sqliteSource() {
    const file = path.join(tempDir('sqlite'), 'a.db');
    new DatabaseSync(file).exec('CREATE TABLE t (x); INSERT INTO t VALUES (1)');
    return sqlite(file);
  }

  test('what is past the retention goes, after the new backup was read back', async () => {
    const at = await place();
    const ids = await writeNights(10, 1, at.both);
    const config = { ...at.config, source: sqliteSource(), pruneAfterBackup: true, retention: policy(WEEK) };
    const { id } = await backup({ ...at.options, config });
    for (const store of at.both) {
      expect(await recordsIn(store)).toEqual([...ids.slice(-6).filter(one => Date.now() - 7 * DAY_MS < Date.parse(timeOf(one))), id]);
      expect((await keysIn(store)).filter(key => key.startsWith(`${id}.verified.`))).toHaveLength(1);
    }
  });

  test('a prune that fails does not make the good backup look failed, and is not silent', async () => {
    const at = await place();
    await writeNights(10, 1, at.both);
    const deletes = ({ method, url }: { method: string; url: string }) => method === 'DELETE' || (method === 'POST' && url.includes('delete'));
    proxy.inject({ kind: 'status', status: 503, code: 'SlowDown' }, deletes, 999);
    const config = { ...at.config, source: sqliteSource(), pruneAfterBackup: true };
    const ended = await run(['backup'], { ...at.options, config });
    expect(ended.code).toBe(0);
    expect(ended.result.id).toMatch(/^app_/);
    const error = ended.events.find(({ level, event }) => level === 'error' && event === 'prune.incomplete')!;
    expect(error.message).toMatch(new RegExp(`${ended.result.id} is complete. Backups past their retention stay until the next run`));
  });

  test('a suspect backup removes nothing', async () => {
    const at = await place();
    await writeNights(10, 1, at.both);
    const file = path.join(tempDir('sqlite'), 'a.db');
    new DatabaseSync(file).exec('CREATE TABLE t (x)');
    const config = { ...configOf({ source: sqlite(file), stores: at.config.stores, retention: policy(WEEK) }), pruneAfterBackup: true };
    expect(await run(['backup'], { ...at.options, config })).toMatchObject({ code: 13 });
    for (const store of at.both) expect(await recordsIn(store)).toHaveLength(11);
  });
});

test('the runs that failed stay as long as a backup that is kept, and no more than 100 of them', async () => {
  const at = await place();
  const ids = await writeNights(10, 0, at.both);
  const failed = (minutes: number) => `${backupId('app', new Date(Date.parse(timeOf(ids[9]!)) - minutes * 60_000))}.failed.json`;
  for (let i = 1; i <= 110; i++) await at.volume.create(failed(i), '{}', never);
  await at.volume.create(failed(60 * 24 * 30), '{}', never);
  await prune(at.options);
  expect((await keysIn(at.volume)).filter(key => key.endsWith('.failed.json'))).toHaveLength(100);
  expect(existsSync(path.join(at.directory, failed(1)))).toBe(true);
});
