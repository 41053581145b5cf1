import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { aConfig, aRecord, capture } from './_fixtures';
import { claimId, releaseClaim, removeRemains } from '../../src/runner/claim';
import { renderRecord } from '../../src/runner/record';
import { createReporter } from '../../src/runner/reporter';
import { FolderStore } from '../../src/runner/stores/folder';
import { MemoryStore } from '../../src/runner/stores/memory';
import { Store } from '../../src/runner/stores/store';

const signal = new AbortController().signal;
const reporter = createReporter(capture());

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

describe('what killed runs have left', () => {
  const dead = JSON.stringify({ run: 'x', startedAt: '2026-11-20T02:00:00Z', deadlineAt: '2026-11-20T03:00:00Z' });
  const alive = JSON.stringify({ run: 'y', startedAt: '2026-11-20T02:00:00Z', deadlineAt: '2999-01-01T00:00:00Z' });

  test('is removed after their deadline: files without a record, and the claim', async () => {
    const store = new MemoryStore('a');
    await store.create('app_20261120_020000.started', dead, signal);
    await put(store, 'app_20261120_020000.db.zst');
    await put(store, 'app_20261120_020000.sha256');

    await removeRemains('app', [store], reporter, signal);
    expect(await keys(store)).toEqual([]);
  });

  test('leaves finished backups, living runs, other names and unreadable claims alone', async () => {
    const store = new MemoryStore('a');
    const finished = aRecord('app_20261120_020000');
    await store.create(`${finished.id}.started`, dead, signal);
    await put(store, finished.artifacts[0]!.file);
    await store.create(`${finished.id}.json`, renderRecord(finished), signal);
    await store.create('app_20261121_020000.started', alive, signal);
    await put(store, 'app_20261121_020000.db.zst');
    await store.create('app_x_20261120_020000.started', dead, signal);
    await put(store, 'app_x_20261120_020000.db.zst');
    await store.create('app_20261122_020000.started', '{"run":', signal);
    const before = await keys(store);

    await removeRemains('app', [store], reporter, signal);
    expect(await keys(store)).toEqual(before.filter(key => key !== `${finished.id}.started`)); // only the claim of the finished one
  });

  test('is removed of a finished backup as well, where the run was killed between the file\'s second name and the end of its first', async () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'claim-'));
    try {
      const store = new FolderStore({ type: 'folder', name: 'volume', directory });
      const finished = aRecord('app_20261120_020000');
      await store.create(`${finished.id}.started`, dead, signal);
      await put(store, finished.artifacts[0]!.file);
      await store.create(`${finished.id}.json`, renderRecord(finished), signal);
      writeFileSync(path.join(directory, `.${finished.id}.json.partial-0123abcd`), 'half');
      writeFileSync(path.join(directory, '.app_20261121_020000.json.partial-0123abcd'), 'of a run that lives');

      await removeRemains('app', [store], reporter, signal);
      expect(readdirSync(directory).sort()).toEqual(['.app_20261121_020000.json.partial-0123abcd', finished.artifacts[0]!.file, `${finished.id}.json`]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test('is a warning where it can\'t be removed', async () => {
    class ReadOnlyStore extends MemoryStore {
      public override remove(): Promise<void> {
        return Promise.reject(new Error('access denied'));
      }
    }
    const store = new ReadOnlyStore('a');
    await store.create('app_20261120_020000.started', dead, signal);
    const log = capture();

    await removeRemains('app', [store], createReporter(log), signal);
    expect(JSON.parse(log.text())).toMatchObject({ level: 'warn', event: 'remains.left', message: expect.stringContaining('access denied') });
  });
});
