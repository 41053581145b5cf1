import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CreateBucketCommand, CreateMultipartUploadCommand, PutObjectCommand, PutObjectLegalHoldCommand } from '@aws-sdk/client-s3';
import { DAY_MS, keysIn, open, policy, recordsIn, redisConfig, writeBackup, writeNights } from './_history';
import { BackupConfig } from '../../../src/contract/config';
import { backupId } from '../../../src/contract/layout';
import { Store } from '../../../src/runner/store-api/store';
import { configOf, folder, sqlite } from '../_configs';
import { backup, Ended, filesIn, run, RunOptions, start } from '../_runner';
import { tempDir, until } from '../servers/_process';
import { rootClient, s3Store } from '../servers/_s3';
import { FaultProxy, isAny, startFaultProxy } from '../servers/fault-proxy';
import { startVersitygw, Versitygw } from '../servers/versitygw';

let s3: Versitygw;
let proxy: FaultProxy;
let count = 0;

beforeAll(async () => {
  s3 = await startVersitygw();
  proxy = await startFaultProxy(s3.endpoint);
});
afterAll(async () => {
  await proxy?.stop();
  await s3?.stop();
});
afterEach(() => proxy.heal());

const never = new AbortController().signal;
const WEEK = { keepHours: 168 };

interface Place {
  readonly config: BackupConfig;
  readonly options: RunOptions;
  readonly bucket: string;
  readonly directory: string;
  readonly s3: Store;
  readonly volume: Store;
  readonly both: readonly Store[];
}

/** A bucket behind the proxy and a folder, both empty. */
async function place(changes: Partial<BackupConfig> = {}): Promise<Place> {
  const bucket = `prune-${count++}`;
  await s3.makeBucket(bucket);
  const directory = tempDir('volume');
  const { config: offsite, env } = s3Store({ ...s3, endpoint: proxy.endpoint }, bucket);
  const config = redisConfig([offsite, folder(directory)], WEEK, changes);
  const [first, second] = open({ stores: [s3Store(s3, bucket).config, folder(directory)] }, env); // the tests look around the proxy
  return { config, options: { config, env }, bucket, directory, s3: first!, volume: second!, both: [first!, second!] };
}

/** What `prune --json` says. */
function planOf(ended: Ended) {
  const { entries, ...rest } = JSON.parse(ended.stdout) as {
    entries: { store: string; id: string; what: string; action: string; reason: string; files: string[]; uploads: string[] }[];
    stopped: { store: string | null; reason: string }[];
    removed: number;
    refused: string[];
  };
  return { ...rest, entries, deleted: entries.filter(({ action }) => action === 'delete') };
}

async function prune(options: RunOptions, ...args: string[]) {
  const ended = await run(['prune', '--json', ...args], options);
  expect({ code: ended.code, stderr: ended.code === 0 ? '' : ended.stderr }).toEqual({ code: 0, stderr: '' });
  return { ...planOf(ended), events: ended.events };
}

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
    const bucket = `locked-${count++}`;
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

/** The time in an id, ISO 8601. */
function timeOf(id: string): string {
  const [, y, mo, d, h, mi, s] = /_(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)$/.exec(id)!;
  return `${y}-${mo}-${d}T${h}:${mi}:${s}Z`;
}
