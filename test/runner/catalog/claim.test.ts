import { Readable } from 'node:stream';
import { claimId, releaseClaim } from '../../../src/runner/catalog/claim';
import { Store } from '../../../src/runner/store-api/store';
import { aConfig } from '../_fixtures';
import { MemoryStore } from '../stores/_memory';

const signal = new AbortController().signal;

async function keys(store: Store): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list('', signal)) found.push(key);
  return found;
}

const put = (store: Store, key: string) => store.put(key, Readable.from([Buffer.from('abc')]), null, signal);

describe('a claim', () => {
  test('is held in every store', async () => {
    const stores = [new MemoryStore('a'), new MemoryStore('b')];
    const { id, startedAt } = await claimId(aConfig(), stores, signal);

    expect(id).toMatch(/^app_\d{8}_\d{6}$/);
    expect(startedAt.getMilliseconds()).toBe(0);
    for (const store of stores) expect(await keys(store)).toEqual([`${id}.started`]);
    await releaseClaim(id, stores);
    for (const store of stores) expect(await keys(store)).toEqual([]);
  });

  test('of runs in the same second is for different ids', async () => {
    const stores = [new MemoryStore('a'), new MemoryStore('b')];
    const claims = await Promise.all([1, 2, 3].map(() => claimId(aConfig(), stores, signal)));

    expect(new Set(claims.map(({ id }) => id)).size).toBe(3);
    for (const store of stores) expect(await keys(store)).toHaveLength(3);
  });

  test('is not taken where there are files already, in whichever store', async () => {
    const stores = [new MemoryStore('a'), new MemoryStore('b')];
    const first = await claimId(aConfig(), stores, signal);
    await releaseClaim(first.id, stores);
    await put(stores[1]!, `${first.id}.db.zst`); // as a clock that was set back would find it

    const second = await claimId(aConfig(), stores, signal);
    expect(second.id).not.toBe(first.id);
    expect(await keys(stores[1]!)).toEqual([`${first.id}.db.zst`, `${second.id}.started`]);
  });

  test('of a time that is given is for that id alone, holds from now on, and is refused where there is anything of it', async () => {
    const stores = [new MemoryStore('a'), new MemoryStore('b')];
    const at = new Date('2020-11-22T02:00:00Z');
    const { id, startedAt, content } = await claimId(aConfig(), stores, signal, at);
    expect([id, startedAt]).toEqual(['app_20201122_020000', at]);
    expect(Date.parse(JSON.parse(content).deadlineAt)).toBeGreaterThan(Date.now());

    await releaseClaim(id, stores);
    await put(stores[1]!, `${id}.dump`);
    await expect(claimId(aConfig(), stores, signal, at)).rejects.toThrow(`there are files of ${id} already, in memory or memory, and nothing is written over`);
    expect([await keys(stores[0]!), await keys(stores[1]!)]).toEqual([[], [`${id}.dump`]]);
  });

  test('leaves nothing in one store when it fails in another', async () => {
    class BrokenStore extends MemoryStore {
      public override create(): Promise<boolean> {
        return Promise.reject(new Error('access denied'));
      }
    }
    const good = new MemoryStore('a');
    await expect(claimId(aConfig(), [good, new BrokenStore('b')], signal)).rejects.toThrow('access denied');
    expect(await keys(good)).toEqual([]);
  });
});
