import { Readable } from 'node:stream';
import fc from 'fast-check';
import { badBlock, denied, endless, EVIL_NAMES, refusalIn, refusalOf, runs, spoiled, WatchedStore } from './_hostile';
import { DrillRecord } from '../../src/contract/drill-record';
import { ExitCode } from '../../src/contract/exit-code';
import { FailedRun } from '../../src/contract/failed-run';
import { holdKey, parseKey, verificationKey } from '../../src/contract/layout';
import { VerificationRecord } from '../../src/contract/verification-record';
import { sourceOf } from '../../src/runner/catalog/artifact';
import { readCatalog } from '../../src/runner/catalog/catalog';
import { findBackup, isUsable, latest } from '../../src/runner/catalog/choose-backup';
import { claimedUntil, renderClaim } from '../../src/runner/catalog/claim';
import { readDrills, readFailedRuns, readVerifications } from '../../src/runner/catalog/history';
import { parseRecord, renderRecord } from '../../src/runner/catalog/record';
import { RunnerError } from '../../src/runner/core/errors';
import { samplesOf } from '../../src/runner/monitor/metrics';
import { observe } from '../../src/runner/monitor/observe';
import { StoreSnapshot } from '../../src/runner/monitor/store-snapshot';
import { readHolds, renderHold } from '../../src/runner/prune/hold';
import { isKey } from '../../src/runner/store-api/keys';
import { anArtifact, aRecord } from '../runner/_fixtures';

jest.setTimeout(60_000); // bounded by numbers of runs, and not by the time of a busy machine

const signal = new AbortController().signal;
const [OLD, ID] = ['app_20261121_020000', 'app_20261122_020000'];
const KEY = `${ID}.json`;
const SET = aRecord(ID, {
  members: { db: aRecord(ID).source, cache: aRecord(ID).source },
  artifacts: [anArtifact(ID, { file: `${ID}.db.db.zst`, member: 'db', recipients: ['age1x'] }), anArtifact(ID, { file: `${ID}.cache.rdb`, member: 'cache', counts: null })],
});

const verification: VerificationRecord = {
  version: 1, id: ID, store: 'volume', startedAt: '2026-11-22T03:00:00.000Z', finishedAt: '2026-11-22T03:01:00.000Z', formatRead: true, faults: [], repairedFrom: null, tools: { x: '1' },
};
const drill: DrillRecord = {
  version: 1,
  id: ID,
  name: 'app',
  backup: OLD,
  store: 'volume',
  startedAt: '2026-11-22T02:00:00.000Z',
  finishedAt: '2026-11-22T02:01:00.000Z',
  outcome: 'passed',
  faults: [],
  server: { engine: 'sqlite', version: '3' },
  bytes: 3,
  items: 1,
  seconds: { verify: 1, restore: 1, check: 1, total: 3 },
  recoveryPointAgeSeconds: 1,
  rtoTargetSeconds: null,
  checks: [{ name: 'objects', passed: true, detail: '1' }],
  tools: {},
};
const failedRun: FailedRun = {
  version: 1, name: 'app', startedAt: '2026-11-22T02:00:00.000Z', finishedAt: '2026-11-22T02:01:00.000Z', exitCode: 1, message: 'x',
};

/** A store with one good backup, the older one. */
async function withGood(): Promise<WatchedStore> {
  const store = new WatchedStore('volume');
  await store.put(anArtifact(OLD).file, Readable.from([Buffer.from('abc')]), null, signal);
  await store.create(`${OLD}.json`, renderRecord(aRecord(OLD)), signal);
  return store;
}

describe('a record', () => {
  test.each([['of a database', aRecord(ID)], ['of a set', SET]])('%s that was spoiled is refused, or names files of its own backup only', (_, valid) => {
    let accepted = 0;
    fc.assert(fc.property(spoiled(valid), json => {
      const result = refusalOf(() => parseRecord(KEY, json));
      if ('refused' in result) {
        expect(result.refused.exitCode).toBe(ExitCode.CORRUPT);
        expect(result.refused.message).toContain(KEY);
        return;
      }
      accepted++;
      const record = result.value;
      expect([record.id, record.name]).toEqual([ID, 'app']);
      for (const artifact of record.artifacts) {
        expect(isKey(artifact.file) && parseKey(artifact.file)?.id === ID && !/\p{Cc}/u.test(artifact.file)).toBe(true);
        expect(Number.isSafeInteger(artifact.bytes) && artifact.bytes >= 0).toBe(true);
        const source = refusalOf(() => sourceOf(record, artifact));
        if ('value' in source) expect(typeof source.value.engine).toBe('string');
      }
      for (const time of [record.startedAt, record.finishedAt]) expect(new Date(time).toISOString()).toMatch(/^\d{4}-/);
    }), runs(1500));
    expect(accepted).toBeGreaterThan(20); // texts and numbers that nobody can check are taken
  });

  test.each(EVIL_NAMES.map(name => [JSON.stringify(name), name]))('can\'t name the file %s', (_, file) => {
    expect(() => parseRecord(KEY, renderRecord(aRecord(ID, { artifacts: [anArtifact(ID, { file })] })))).toThrow('which is none of this backup');
  });

  test.each([`${ID}.json`, `${ID}.started`, `${ID}.pinned`, `${ID}.sha256`, verificationKey(ID, new Date(0))])('can\'t call %s an artifact', file => {
    expect(() => parseRecord(KEY, renderRecord(aRecord(ID, { artifacts: [anArtifact(ID, { file })] })))).toThrow('as an artifact, which is none');
  });

  test('can\'t name a file twice', () => {
    expect(() => parseRecord(KEY, renderRecord(aRecord(ID, { artifacts: [anArtifact(ID), anArtifact(ID)] })))).toThrow('which is another one already');
  });

  test.each(['constructor', '__proto__', 'toString'])('has no member %s that it does not name', member => {
    const record = parseRecord(KEY, renderRecord({ ...SET, artifacts: [anArtifact(ID, { member })] }));
    expect(() => sourceOf(record, record.artifacts[0]!)).toThrow(`is said to be of ${member}, and the record of ${ID} has no such member`);
  });

  test.each([
    ['artifacts', { artifacts: Array<number>(1_000_000).fill(0) }, 'artifacts.0'],
    ['tools', { tools: Object.fromEntries(Array.from({ length: 300_000 }, (_, i) => [i, 0])) }, 'tools.0'],
  ])('with a million wrong %s is refused for the first of them', (_, changes, first) => {
    const result = refusalOf(() => parseRecord(KEY, JSON.stringify({ ...aRecord(ID), ...changes })));
    expect((result as { refused: RunnerError }).refused.message).toBe(`the record ${KEY} can't be read: ${first}: ${first === 'tools.0' ? 'Invalid input: expected string, received number' : 'Invalid input: expected object, received number'}`);
  });

  test('with more tables than anybody has is read all the same', () => {
    const items = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`public.table_${i}`, i]));
    const record = aRecord(ID, { artifacts: [anArtifact(ID, { counts: { precision: 'exact', unit: 'rows', items } })] });
    const text = renderRecord(record);
    expect(renderRecord(parseRecord(KEY, text)) === text).toBe(true);
  });
});

describe('a bad record hides no good backup:', () => {
  test('whatever stands in it, the catalog and all that is made of it', async () => {
    await fc.assert(fc.asyncProperty(spoiled(aRecord(ID)), async json => {
      const store = await withGood();
      await store.create(KEY, json, signal);
      const catalog = await readCatalog('app', [store], signal);
      expect(catalog.backups.map(({ record }) => record.id)).toContain(OLD);
      expect(latest(catalog)).toBeDefined();
      expect(catalog.backups.length + catalog.unreadable.length).toBe(2);
      const snapshot = new StoreSnapshot('app', store);
      await snapshot.refresh(signal);
      expect(snapshot.trouble).toBeUndefined();
      const observation = await observe('app', [snapshot], signal);
      expect(observation.catalog!.backups.map(({ record }) => record.id)).toContain(OLD);
      for (const { value } of samplesOf(observation, { namespace: null })) expect(typeof value).toBe('number');
    }), runs(200));
  });

  test('one without an end is read no further than any record goes', async () => {
    const store = await withGood();
    await store.create(KEY, '', signal);
    for (const look of [() => readCatalog('app', [store], signal), () => new StoreSnapshot('app', store).refresh(signal)]) {
      const body = endless();
      store.broken.set(KEY, body.open);
      await look();
      expect(body.read()).toBeGreaterThan(16 * 1024 * 1024);
      expect(body.read()).toBeLessThan(20 * 1024 * 1024);
    }
    const catalog = await readCatalog('app', [store], signal);
    expect(catalog.backups.map(({ record }) => record.id)).toEqual([OLD]);
    expect(catalog.unreadable[0]!.message).toBe(`volume: ${KEY} in memory is larger than 16777216 bytes: it is none of ours`);
  });

  test.each([['that nobody may read', denied, ExitCode.DENIED], ['on a bad block', badBlock, ExitCode.UNAVAILABLE]])('one %s', async (_, failure, exitCode) => {
    const store = await withGood();
    await store.create(KEY, renderRecord(aRecord(ID)), signal);
    store.broken.set(KEY, failure(KEY));
    const catalog = await readCatalog('app', [store], signal);
    expect(catalog.unreadable).toEqual([expect.objectContaining({ exitCode, message: expect.stringContaining(KEY) })]);
    expect(findBackup(catalog, 'app', OLD).record.id).toBe(OLD);
    expect(() => findBackup(catalog, 'app', ID)).toThrow(`can't read ${KEY}`);
    const snapshot = new StoreSnapshot('app', store);
    await snapshot.refresh(signal);
    const observed = await observe('app', [snapshot], signal);
    expect(observed.catalog!.backups.filter(isUsable).map(({ record }) => record.id)).toEqual([OLD]);
    expect(observed.catalog!.unreadable).toHaveLength(1);

    // What is put right is seen with the next look, although the object is the same.
    store.broken.clear();
    expect(await snapshot.refresh(signal)).toBe(true);
    expect((await observe('app', [snapshot], signal)).catalog!.backups).toHaveLength(2);
  });

  test('but an older one is not restored for the latest where that can\'t be read just now', async () => {
    const store = await withGood();
    await store.create(KEY, renderRecord(aRecord(ID)), signal);
    store.broken.set(KEY, badBlock(KEY));
    const catalog = await readCatalog('app', [store], signal);
    expect(() => findBackup(catalog, 'app', 'latest')).toThrow('it may be the one that is wanted: try again, or name another backup');
    store.broken.set(KEY, denied(KEY));
    expect(findBackup(await readCatalog('app', [store], signal), 'app', 'latest').record.id).toBe(OLD);
  });

  test('one that was removed since it was listed is no fault at all', async () => {
    const store = await withGood();
    await store.create(KEY, renderRecord(aRecord(ID)), signal);
    store.broken.set(KEY, new RunnerError('gone', ExitCode.NOT_FOUND));
    const list = store.list.bind(store);
    let lists = 0;
    store.list = async function* (prefix, either) {
      lists++;
      for await (const object of list(prefix, either)) if (lists === 1 || object.key !== KEY) yield object;
    };
    const catalog = await readCatalog('app', [store], signal);
    expect(catalog.backups.map(({ record }) => record.id)).toEqual([OLD]);
    expect(catalog.unreadable).toEqual([]);
  });

  test('a store that gives out none of them is not taken for an empty one', async () => {
    const store = await withGood();
    store.broken.set(`${OLD}.json`, denied(`${OLD}.json`));
    await expect(readCatalog('app', [store], signal)).rejects.toMatchObject({ exitCode: ExitCode.DENIED });
    const snapshot = new StoreSnapshot('app', store);
    await snapshot.refresh(signal);
    expect(snapshot.trouble?.error.exitCode).toBe(ExitCode.DENIED);
  });

  test('a store that fails again and again is not asked for every record', async () => {
    const store = await withGood();
    for (let hour = 10; hour < 24; hour++) {
      const key = `app_20261122_${hour}0000.json`;
      await store.create(key, '', signal);
      store.broken.set(key, badBlock(key));
    }
    await expect(readCatalog('app', [store], signal)).rejects.toMatchObject({ exitCode: ExitCode.UNAVAILABLE });
  });
});

test.each<[string, string, object, typeof readVerifications | typeof readDrills | typeof readFailedRuns]>([
  ['a verification', verificationKey(ID, new Date(Date.UTC(2026, 10, 22, 3))), verification, readVerifications],
  ['a drill', `${ID}.drill.json`, drill, readDrills],
  ['a failed run', `${ID}.failed.json`, failedRun, readFailedRuns],
])('%s that was spoiled is left out and named, or is one of its own key', async (_, key, valid, read) => {
  await fc.assert(fc.asyncProperty(spoiled(valid), async json => {
    const store = new WatchedStore('volume');
    await store.create(key, json, signal);
    const { found, unreadable } = await read([key], store, signal);
    expect(found.length + unreadable.length).toBe(1);
    for (const { document } of found) {
      if ('id' in document) expect(document.id).toBe(ID);
      if ('name' in document) expect(document.name).toBe('app');
      for (const time of [document.startedAt, document.finishedAt]) expect(new Date(time).toISOString()).toMatch(/^\d{4}-/);
    }
    for (const message of unreadable) expect(message).toContain(key);
  }), runs(700));

  const store = new WatchedStore('volume');
  await store.create(key, JSON.stringify(valid), signal);
  expect((await read([key], store, signal)).found).toHaveLength(1);
  for (const broken of [denied(key), endless().open]) {
    store.broken.set(key, broken);
    expect((await read([key], store, signal)).unreadable).toEqual([expect.stringContaining(key)]);
  }
});

test('what a verification says of another backup counts for nothing', async () => {
  const store = new WatchedStore('volume');
  const key = verificationKey(OLD, new Date(0));
  await store.create(key, JSON.stringify({ ...verification, faults: ['damaged'] }), signal);
  expect(await readVerifications([key], store, signal)).toEqual({ found: [], unreadable: [`${key} in memory can't be read, and is left out`] });
});

test('a claim that was spoiled tells a time, or that nobody knows', async () => {
  const valid = JSON.parse(renderClaim(new Date(), new Date())) as object;
  await fc.assert(fc.asyncProperty(spoiled(valid), async json => {
    const store = new WatchedStore('volume');
    await store.create(`${ID}.started`, json, signal);
    const until = await claimedUntil(ID, store, signal);
    if (until !== null) expect(until.toISOString()).toMatch(/^\d{4}-/);
  }), runs(500));
  for (const broken of [denied(ID), endless().open, new RunnerError('gone', ExitCode.NOT_FOUND)]) {
    const store = new WatchedStore('volume');
    store.broken.set(`${ID}.started`, broken);
    expect(await claimedUntil(ID, store, signal)).toBeNull();
  }
});

test('a hold holds, whatever stands in it', async () => {
  const valid = JSON.parse(renderHold(new Date(), 'an incident')) as object;
  await fc.assert(fc.asyncProperty(spoiled(valid), async json => {
    const store = new WatchedStore('volume');
    await store.create(holdKey('app'), json, signal);
    expect(await readHolds('app', [store], signal)).toHaveLength(1);
  }), runs(300));
});

test('whatever a person calls a backup, it is found by its own name only', async () => {
  const catalog = await readCatalog('app', [await withGood()], signal);
  await fc.assert(fc.asyncProperty(fc.oneof(fc.string(), fc.constantFrom(...EVIL_NAMES), fc.string().map(text => OLD + text)), async wanted => {
    const result = await refusalIn(async () => findBackup(catalog, 'app', wanted));
    if ('value' in result) expect(wanted === 'latest' || parseKey(wanted)?.id === OLD).toBe(true);
    else expect(result.refused.exitCode).toBe(ExitCode.NOT_FOUND);
  }), runs(500));
});

test('a name that is in the message of a bad record is not taken for it', async () => {
  const store = await withGood();
  await store.create(KEY, '{', signal);
  const catalog = await readCatalog('app', [store], signal);
  for (const wanted of ['', 'JSON', 'record']) expect(() => findBackup(catalog, 'app', wanted)).toThrow(`there is no backup ${wanted}; the newest of app: ${OLD}`);
});
