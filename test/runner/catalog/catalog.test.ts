import { Readable } from 'node:stream';
import { ExitCode } from '../../../src/contract/exit-code';
import { BackupRecord } from '../../../src/contract/record';
import { readCatalog } from '../../../src/runner/catalog/catalog';
import { findBackup, findBackupAt, isUsable, latest, newestOf, refuseDiffering } from '../../../src/runner/catalog/choose-backup';
import { renderRecord } from '../../../src/runner/catalog/record';
import { RunnerError } from '../../../src/runner/core/errors';
import { Store } from '../../../src/runner/store-api/store';
import { anArtifact, aRecord } from '../_fixtures';
import { MemoryStore } from '../stores/_memory';

const signal = new AbortController().signal;
const FIRST = 'app_20261120_020000';
const SECOND = 'app_20261121_020000';
const THIRD = 'app_20261122_020000';

async function storeWith(name: string, ...records: BackupRecord[]): Promise<Store> {
  const store = new MemoryStore(name);
  for (const record of records) {
    for (const { file } of record.artifacts) await store.put(file, Readable.from([Buffer.from('abc')]), null, signal);
    await store.create(`${record.id}.json`, renderRecord(record), signal);
  }
  return store;
}

test('the latest is the newest record, and files without a record do not exist', async () => {
  const store = await storeWith('s3', aRecord(SECOND), aRecord(FIRST));
  await store.put(`${THIRD}.db.zst`, Readable.from([Buffer.from('abc')]), null, signal);

  const catalog = await readCatalog('app', [store], signal);
  expect(catalog.backups.map(({ record }) => record.id)).toEqual([FIRST, SECOND]);
  expect(latest(catalog)?.record.id).toBe(SECOND);
});

test('a backup belongs to exactly one name', async () => {
  const store = await storeWith('s3', aRecord(FIRST), aRecord('app_x_20261121_020000'));

  expect((await readCatalog('app', [store], signal)).backups.map(({ record }) => record.id)).toEqual([FIRST]);
  expect((await readCatalog('app_x', [store], signal)).backups.map(({ record }) => record.id)).toEqual(['app_x_20261121_020000']);
});

test('a suspect backup is not the latest until somebody accepts it', async () => {
  const store = await storeWith('s3', aRecord(FIRST), aRecord(SECOND, { suspect: 'it is empty' }));
  expect(latest(await readCatalog('app', [store], signal))?.record.id).toBe(FIRST);

  await store.create(`${SECOND}.accepted`, '{}', signal);
  expect(latest(await readCatalog('app', [store], signal))?.record.id).toBe(SECOND);
});

test('a copy with a missing or short file is not usable, and says why', async () => {
  const store = await storeWith('s3',
    aRecord(FIRST),
    aRecord(SECOND, { artifacts: [anArtifact(SECOND, { bytes: 4 })] }),
    aRecord(THIRD));
  await store.remove([`${THIRD}.db.zst`], signal);

  const catalog = await readCatalog('app', [store], signal);
  expect(catalog.backups.map(({ copies }) => copies.get('s3'))).toEqual([
    { kind: 'whole' },
    { kind: 'other-size', file: `${SECOND}.db.zst`, bytes: 3, recordedBytes: 4 },
    { kind: 'file-missing', file: `${THIRD}.db.zst` },
  ]);
  expect(catalog.backups.map(isUsable)).toEqual([true, false, false]);
  expect(latest(catalog)?.record.id).toBe(FIRST);
});

test('stores are compared with each other', async () => {
  const s3 = await storeWith('s3', aRecord(FIRST), aRecord(SECOND));
  const volume = await storeWith('volume', aRecord(SECOND, { finishedAt: '2026-11-22T03:00:00.000Z' }), aRecord(THIRD));

  const { backups } = await readCatalog('app', [s3, volume], signal);
  expect(backups.map(({ copies }) => Object.fromEntries(copies))).toEqual([
    { s3: { kind: 'whole' }, volume: { kind: 'record-missing' } },
    { s3: { kind: 'record-differs', from: ['volume'] }, volume: { kind: 'record-differs', from: ['s3'] } },
    { s3: { kind: 'record-missing' }, volume: { kind: 'whole' } },
  ]);
});

test('a damaged record hides no other', async () => {
  const store = await storeWith('s3', aRecord(FIRST));
  await store.create(`${SECOND}.json`, '{"version":', signal);

  const catalog = await readCatalog('app', [store], signal);
  expect(catalog.backups).toHaveLength(1);
  expect(catalog.unreadable.map(({ message }) => message)).toEqual([expect.stringContaining(`s3: the record ${SECOND}.json can't be read`)]);
  expect(() => findBackup(catalog, 'app', SECOND)).toThrow('can\'t be read');
});

describe('a store that can\'t be reached', () => {
  class DeadStore extends MemoryStore {
    public override async* list(): AsyncGenerator<never> {
      throw new RunnerError('s3 is down', ExitCode.UNAVAILABLE);
    }
  }

  test('is named, and hides no other', async () => {
    const catalog = await readCatalog('app', [new DeadStore('s3'), await storeWith('volume', aRecord(FIRST))], signal);
    expect([...catalog.unreachable.keys()]).toEqual(['s3']);
    expect(Object.fromEntries(catalog.backups[0]!.copies)).toEqual({ s3: { kind: 'unknown' }, volume: { kind: 'whole' } });
    expect(latest(catalog)?.record.id).toBe(FIRST);
  });

  test('fails where it is the only one', async () => {
    await expect(readCatalog('app', [new DeadStore('s3')], signal)).rejects.toThrow('s3 is down');
  });
});

describe('a backup is found by', () => {
  const find = async (wanted: string) => findBackup(await readCatalog('app', [await storeWith('s3', aRecord(FIRST), aRecord(SECOND))], signal), 'app', wanted).record.id;

  test.each([['latest', SECOND], [FIRST, FIRST], [`${FIRST}.db.zst`, FIRST], [`${FIRST}.sha256`, FIRST]])('%s', async (wanted, id) => {
    expect(await find(wanted)).toBe(id);
  });

  test.each([['app_20200101_000000'], ['nonsense'], ['app_x_20261121_020000']])('not by %s', async wanted => {
    await expect(find(wanted)).rejects.toThrow(`there is no backup ${wanted}; the newest of app: ${SECOND}, ${FIRST}`);
  });

  test('nothing where there is none', async () => {
    const empty = await readCatalog('app', [new MemoryStore('s3')], signal);
    expect(() => findBackup(empty, 'app', 'latest')).toThrow('there is no backup of app');
  });
});

test('the newest from a time or before: nothing later is in it, and suspect ones are left out', async () => {
  const at = (id: string, startedAt: string, changes: Partial<BackupRecord> = {}) => aRecord(id, { startedAt, ...changes });
  const catalog = await readCatalog('app', [await storeWith('s3',
    at(FIRST, '2026-11-20T02:00:00.000Z'), at(SECOND, '2026-11-21T02:00:00.000Z', { suspect: 'it is empty' }), at(THIRD, '2026-11-22T02:00:00.000Z'),
  )], signal);

  expect(findBackupAt(catalog, 'app', new Date('2026-11-22T02:00:00Z')).record.id).toBe(THIRD);
  expect(findBackupAt(catalog, 'app', new Date('2026-11-22T01:59:59Z')).record.id).toBe(FIRST);
  expect(() => findBackupAt(catalog, 'app', new Date('2026-11-20T01:00:00Z'))).toThrow(`there is no backup of app from 2026-11-20T01:00:00.000Z or before; the oldest is ${FIRST}`);
});

describe('records that differ between stores', () => {
  async function differing(): Promise<[Store, Store]> {
    return [
      await storeWith('s3', aRecord(FIRST), aRecord(SECOND)),
      await storeWith('volume', aRecord(FIRST), aRecord(SECOND, { tools: { pg_dump: 'another' } })),
    ];
  }

  test.each([['one order', false], ['the other', true]])('are never chosen between, whichever store comes first: %s', async (_case, reversed) => {
    const stores = await differing();
    const catalog = await readCatalog('app', reversed ? stores.reverse() : stores, signal);
    const message = /the records of app_20261121_020000 differ between (s3 and volume|volume and s3): .* name the store that you trust: "cdk8s-backup restore app_20261121_020000 --store/;
    expect(() => findBackup(catalog, 'app', 'latest')).toThrow(message);
    expect(() => findBackupAt(catalog, 'app', new Date('2026-11-22T02:00:00Z'))).toThrow(message);
    expect(() => refuseDiffering(findBackup(catalog, 'app', SECOND))).toThrow(message);
    expect(isUsable(findBackup(catalog, 'app', SECOND))).toBe(false);
    refuseDiffering(findBackup(catalog, 'app', FIRST));
  });

  test('leave the backup to whoever names a store', async () => {
    for (const store of await differing()) expect(findBackup(await readCatalog('app', [store], signal), 'app', 'latest').record.id).toBe(SECOND);
  });

  test('hide nothing that is newer', async () => {
    const [s3, volume] = await differing();
    for (const store of [s3, volume]) {
      await store.put(`${THIRD}.db.zst`, Readable.from([Buffer.from('abc')]), null, signal);
      await store.create(`${THIRD}.json`, renderRecord(aRecord(THIRD)), signal);
    }
    expect(findBackup(await readCatalog('app', [s3, volume], signal), 'app', 'latest').record.id).toBe(THIRD);
  });
});

describe('a backup from the future', () => {
  const NEXT_YEAR = 'app_20991122_020000';
  const future = aRecord(NEXT_YEAR, { startedAt: '2099-11-22T02:00:00.000Z', finishedAt: '2099-11-22T02:00:05.000Z' });

  class ClockStore extends MemoryStore {
    constructor(name: string, public readonly clockOffsetMs: number) {
      super(name);
    }
  }

  async function at(store: Store, ...records: BackupRecord[]): Promise<Store> {
    for (const record of records) {
      await store.put(record.artifacts[0]!.file, Readable.from([Buffer.from('abc')]), null, signal);
      await store.create(`${record.id}.json`, renderRecord(record), signal);
    }
    return store;
  }

  test('is never the latest, nor the newest before any time, nor what others are measured by; it is taken where it is named', async () => {
    const catalog = await readCatalog('app', [await storeWith('s3', aRecord(FIRST), future)], signal);
    expect(latest(catalog)?.record.id).toBe(FIRST);
    expect(newestOf(catalog)?.record.id).toBe(FIRST);
    expect(findBackupAt(catalog, 'app', new Date('2100-01-01T00:00:00Z')).record.id).toBe(FIRST);
    expect(findBackup(catalog, 'app', NEXT_YEAR)).toMatchObject({ ahead: { time: new Date('2099-11-22T02:00:05.000Z'), whose: 'the clock here', whenStored: false } });
  });

  test('is told by the clock of the store: what a clock here that is behind takes for one is none', async () => {
    const year = Date.parse('2099-11-22T02:00:00Z') - Date.now();
    const newest = async (offsetMs: number) => {
      const stores = [await at(new ClockStore('s3', offsetMs), aRecord(FIRST)), await at(new MemoryStore('volume'), aRecord(FIRST), future)];
      return latest(await readCatalog('app', stores, signal))?.record.id;
    };
    expect(await newest(year + 3_600_000)).toBe(NEXT_YEAR);
    expect(await newest(year - 3_600_000)).toBe(FIRST);
  });

  test('stays one when its time has come, where the store says that it was stored before', async () => {
    const soon = new Date(Date.now() + 90 * 60_000).toISOString();
    const id = `app_${soon.slice(0, 19).replaceAll('-', '').replaceAll(':', '').replace('T', '_')}`;
    const store = await at(new ClockStore('s3', 2 * 3_600_000), aRecord(FIRST), aRecord(id, { startedAt: soon, finishedAt: soon }));
    expect(latest(await readCatalog('app', [store], signal))?.record.id).toBe(FIRST);
  });
});
