import { Readable } from 'node:stream';
import { anArtifact, aRecord } from './_fixtures';
import { ExitCode } from '../../src/contract/exit-code';
import { BackupRecord } from '../../src/contract/record';
import { findBackup, findBackupAt, isUsable, latest, readCatalog } from '../../src/runner/catalog';
import { RunnerError } from '../../src/runner/errors';
import { renderRecord } from '../../src/runner/record';
import { MemoryStore } from '../../src/runner/stores/memory';
import { Store } from '../../src/runner/stores/store';

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
    null,
    `${SECOND}.db.zst has 3 bytes instead of 4`,
    `${THIRD}.db.zst missing`,
  ]);
  expect(catalog.backups.map(isUsable)).toEqual([true, false, false]);
  expect(latest(catalog)?.record.id).toBe(FIRST);
});

test('stores are compared with each other', async () => {
  const s3 = await storeWith('s3', aRecord(FIRST), aRecord(SECOND));
  const volume = await storeWith('volume', aRecord(SECOND, { finishedAt: '2026-11-22T03:00:00.000Z' }), aRecord(THIRD));

  const { backups } = await readCatalog('app', [s3, volume], signal);
  expect(backups.map(({ copies }) => Object.fromEntries(copies))).toEqual([
    { s3: null, volume: 'record missing' },
    { s3: null, volume: 'record differs from the one in another store' },
    { s3: 'record missing', volume: null },
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
    expect(Object.fromEntries(catalog.backups[0]!.copies)).toEqual({ s3: 'store not reachable', volume: null });
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
