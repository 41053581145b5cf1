import { Readable } from 'node:stream';
import { holdKey, verificationKey } from '../../../src/contract/layout';
import { renderRecord } from '../../../src/runner/catalog/record';
import { observe } from '../../../src/runner/monitor/observe';
import { StoreSnapshot } from '../../../src/runner/monitor/store-snapshot';
import { StoredObject } from '../../../src/runner/store-api/store';
import { anArtifact, aRecord } from '../_fixtures';
import { MemoryStore } from '../stores/_memory';

const signal = new AbortController().signal;
const ID = 'app_20261122_020000';

/** A store that counts what it is asked for, and fails or hangs when told so. */
class WatchedStore extends MemoryStore {
  public readonly asked: string[] = [];
  public mode: 'works' | 'fails' | 'hangs' = 'works';

  public override async get(key: string, either: AbortSignal): Promise<Readable> {
    this.asked.push(key);
    return super.get(key, either);
  }

  public override async* list(prefix: string, either: AbortSignal): AsyncIterable<StoredObject> {
    this.asked.push(`list ${prefix}`);
    if (this.mode === 'fails') throw new Error('out of order');
    if (this.mode === 'hangs') await new Promise(() => {});
    yield* super.list(prefix, either);
  }
}

async function filled(): Promise<WatchedStore> {
  const store = new WatchedStore('volume');
  await store.create(`${ID}.json`, renderRecord(aRecord(ID)), signal);
  await store.put(anArtifact(ID).file, Readable.from([Buffer.from('abc')]), null, signal);
  for (const hour of [3, 4]) await store.create(verificationKey(ID, new Date(Date.UTC(2026, 10, 22, hour))), '{}', signal);
  await store.create('app_x_20261122_020000.json', 'another one', signal);
  await store.create('app_notes.txt', 'foreign', signal);
  return store;
}

test('reads each document once, of verifications only the newest, and nothing of other names', async () => {
  const store = await filled();
  const snapshot = new StoreSnapshot('app', store);
  expect(await snapshot.refresh(signal)).toBe(true);
  expect(store.asked.filter(key => !key.startsWith('list')).sort()).toEqual([`${ID}.json`, `${ID}.verified.20261122_040000.json`]);
  store.asked.length = 0;
  expect(await snapshot.refresh(signal)).toBe(false);
  expect(store.asked).toEqual(['list app_', 'list app.hold']);
  const { catalog, unreadable } = await observe('app', [snapshot], signal);
  expect(catalog!.backups.map(({ record }) => record.id)).toEqual([ID]);
  expect(unreadable).toEqual([`${ID}.verified.20261122_040000.json in memory can't be read, and is left out`]);
  expect(store.asked).toHaveLength(2); // reading the snapshot asks the store for nothing
});

test('what changes in the store is seen with the next look', async () => {
  const store = await filled();
  const snapshot = new StoreSnapshot('app', store);
  await snapshot.refresh(signal);
  await store.create(holdKey('app'), '', signal);
  await store.create(`${ID}.pinned`, '', signal);
  expect(await snapshot.refresh(signal)).toBe(true);
  expect([snapshot.held, snapshot.pinned]).toEqual([true, [ID]]);
  await store.remove([`${ID}.json`], signal);
  await snapshot.refresh(signal);
  expect((await observe('app', [snapshot], signal)).catalog!.backups).toEqual([]);
});

test.each<[WatchedStore['mode'], RegExp]>([['fails', /out of order/], ['hangs', /has not answered for 0.05 s/]])('a store that %s leaves what was seen, and says since when', async (mode, message) => {
  const store = await filled();
  const snapshot = new StoreSnapshot('app', store, 50);
  await snapshot.refresh(signal);
  const { readAt } = snapshot;
  store.mode = mode;
  await snapshot.refresh(signal);
  const { since } = snapshot.trouble!;
  await snapshot.refresh(signal);
  expect(snapshot.trouble).toMatchObject({ since, error: { message: expect.stringMatching(message) } });
  expect(snapshot.readAt).toBe(readAt);
  expect((await observe('app', [snapshot], signal)).catalog!.backups).toHaveLength(1);
  store.mode = 'works';
  await snapshot.refresh(signal);
  expect(snapshot.trouble).toBeUndefined();
});

test('takes nothing in', async () => {
  const snapshot = new StoreSnapshot('app', new MemoryStore());
  await expect(snapshot.create()).rejects.toThrow('is only looked at here');
  await expect(snapshot.put()).rejects.toThrow('is only looked at here');
  await expect(snapshot.remove()).rejects.toThrow('is only looked at here');
});
