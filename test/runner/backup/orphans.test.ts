import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { formatChecksums } from '../../../src/contract/layout';
import { settleOrphans } from '../../../src/runner/backup/orphans';
import { readCatalog } from '../../../src/runner/catalog/catalog';
import { renderClaim } from '../../../src/runner/catalog/claim';
import { renderRecord } from '../../../src/runner/catalog/record';
import { createReporter } from '../../../src/runner/core/reporter';
import { Store } from '../../../src/runner/store-api/store';
import { FolderStore } from '../../../src/runner/stores/folder/store';
import { aRecord, capture } from '../_fixtures';
import { MemoryStore } from '../stores/_memory';

const signal = new AbortController().signal;
const reporter = createReporter(capture());

async function keys(store: Store): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list('', signal)) found.push(key);
  return found;
}

const put = (store: Store, key: string, text = 'abc') => store.put(key, Readable.from([Buffer.from(text)]), null, signal);

describe('what killed runs have left', () => {
  const dead = JSON.stringify({ run: 'x', startedAt: '2026-11-20T02:00:00Z', deadlineAt: '2026-11-20T03:00:00Z' });
  const alive = JSON.stringify({ run: 'y', startedAt: '2026-11-20T02:00:00Z', deadlineAt: '2999-01-01T00:00:00Z' });

  test('is removed after their deadline: files without a record, and the claim', async () => {
    const store = new MemoryStore('a');
    await store.create('app_20261120_020000.started', dead, signal);
    await put(store, 'app_20261120_020000.db.zst');
    await put(store, 'app_20261120_020000.sha256');

    await settleOrphans('app', [store], reporter, signal);
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

    await settleOrphans('app', [store], reporter, signal);
    expect(await keys(store)).toEqual(before.filter(key => key !== `${finished.id}.started`)); // only the claim of the finished one
  });

  test('is removed of a finished backup as well, where the run was killed between the file\'s second name and the end of its first', async () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'claim-'));
    try {
      const store = new FolderStore({ type: 'folder', name: 'volume', directory, folder: null });
      const finished = aRecord('app_20261120_020000');
      await store.create(`${finished.id}.started`, dead, signal);
      await put(store, finished.artifacts[0]!.file);
      await store.create(`${finished.id}.json`, renderRecord(finished), signal);
      writeFileSync(path.join(directory, `.${finished.id}.json.partial-0123abcd`), 'half');
      writeFileSync(path.join(directory, '.app_20261121_020000.json.partial-0123abcd'), 'of a run that lives');

      await settleOrphans('app', [store], reporter, signal);
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

    await settleOrphans('app', [store], createReporter(log), signal);
    expect(JSON.parse(log.text())).toMatchObject({ level: 'warn', event: 'remains.left', message: expect.stringContaining('access denied') });
  });

  test('of a failed run that could only leave word is its claim', async () => {
    const store = new MemoryStore('a');
    await store.create('app_20261120_020000.started', dead, signal);
    await store.create('app_20261120_020000.failed.json', '{}', signal);

    await settleOrphans('app', [store], reporter, signal);
    expect(await keys(store)).toEqual(['app_20261120_020000.failed.json']);
  });
});

describe('a run that was killed between the records of two stores', () => {
  const record = aRecord('app_20261120_020000', { stores: ['offsite', 'volume'] });
  const { id, artifacts } = record;
  const file = artifacts[0]!.file;

  /** As the run leaves it; its deadline has passed unless another one is given. */
  async function killed(deadlineAt = new Date('2026-11-20T03:00:00Z'), startedAt = new Date('2026-11-20T02:00:00Z')) {
    const stores = [new MemoryStore('offsite'), new MemoryStore('volume')] as const;
    for (const store of stores) {
      await store.create(`${id}.started`, renderClaim(startedAt, deadlineAt), signal);
      await put(store, file);
      await store.create(`${id}.sha256`, formatChecksums(artifacts), signal);
    }
    await stores[0].create(`${id}.json`, renderRecord(record), signal);
    return stores;
  }

  test.each([['the first', false], ['the second', true]])('has its backup finished by the next one: all is where it was, and the missing record as well; %s store has it', async (_case, reversed) => {
    const stores = await killed();
    const log = capture();
    await settleOrphans('app', reversed ? [...stores].reverse() : stores, createReporter(log), signal);

    for (const store of stores) expect(await keys(store)).toEqual([file, `${id}.json`, `${id}.sha256`]);
    expect(Object.fromEntries((await readCatalog('app', stores, signal)).backups[0]!.copies)).toEqual({ offsite: { kind: 'whole' }, volume: { kind: 'whole' } });
    expect(log.text()).toContain(`Wrote the record of ${id} into volume`);
    expect(log.text()).not.toContain('remains.removed');
  });

  test('keeps its files also where they are not whole: they may be better than what the other store has', async () => {
    const stores = await killed();
    await stores[1].remove([`${id}.sha256`], signal);
    const log = capture();
    await settleOrphans('app', stores, createReporter(log), signal);
    expect(await keys(stores[1])).toEqual([file, `${id}.started`]);
    expect(log.text()).toContain(`cdk8s-backup verify ${id} --repair`);
  });

  test('is left alone before its deadline, for it may go on', async () => {
    const stores = await killed(new Date('2999-01-01T00:00:00Z'));
    await settleOrphans('app', stores, reporter, signal);
    expect(await keys(stores[1])).toEqual([file, `${id}.sha256`, `${id}.started`]);
  });

  test('is not taken for a repair that was: what that had begun to replace may be damaged', async () => {
    const stores = await killed(undefined, new Date('2026-11-20T02:30:00Z'));
    await settleOrphans('app', stores, reporter, signal);
    expect(await keys(stores[1])).toEqual([]);
    expect(await keys(stores[0])).toEqual([file, `${id}.json`, `${id}.sha256`]);
  });
});
