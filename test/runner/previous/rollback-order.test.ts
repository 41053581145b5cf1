import { Readable } from 'node:stream';
import { BackupRecord } from '../../../src/contract/record';
import { readCatalog } from '../../../src/runner/catalog/catalog';
import { renderRecord } from '../../../src/runner/catalog/record';
import { RunnerError } from '../../../src/runner/core/errors';
import { Reporter } from '../../../src/runner/core/reporter';
import { noteReplaced, safetyBackups, wayBack } from '../../../src/runner/previous/rollback-order';
import { safetyFields } from '../../../src/runner/previous/safety-record';
import { Store } from '../../../src/runner/store-api/store';
import { aRecord } from '../_fixtures';
import { MemoryStore } from '../stores/_memory';

const signal = new AbortController().signal;
const ADDRESS = '/data/app.db';
const said: string[] = [];
const reporter = { warn: (_event: string, message: string) => said.push(message) } as unknown as Reporter;

let store: Store;
let backup: BackupRecord;
let hour: number;
let fieldsOf: (restored: BackupRecord) => Partial<BackupRecord>;

beforeEach(async () => {
  store = new MemoryStore('volume');
  hour = 0;
  said.length = 0;
  fieldsOf = safetyFields;
  backup = await stored({});
});

/** What records of safety backups have, or had. */
const FORMS: readonly (readonly [string, (restored: BackupRecord) => Partial<BackupRecord>])[] = [
  ['records as they are written', safetyFields],
  ['records whose sentence is another one', restored => ({ ...safetyFields(restored), suspect: 'x' })],
  ['records that have only the sentence, as they were stored at first', restored => ({
    suspect: `it is what was there before the restore of ${restored.id}${restored.suspect === null ? '' : ', a rollback'}`,
  })],
];

describe.each(FORMS)('with %s', (_form, fields) => {
  beforeEach(() => {
    fieldsOf = fields;
  });

  test('a rollback takes the newest: what the last restore has replaced', async () => {
    const first = await attempt(backup);
    const second = await attempt(backup);
    expect(await inOrder()).toEqual([second.id, first.id]);
  });

  test('a rollback that ended well is undone by the next, and that by the one after it', async () => {
    const old = await attempt(backup);
    const undone = await attempt(old, 'ends well');
    expect(await inOrder()).toEqual([undone.id, old.id]);
    const again = await attempt(undone, 'ends well');
    expect(await inOrder()).toEqual([again.id, undone.id, old.id]);
  });

  test('one that did not end is gone on with, however often', async () => {
    const old = await attempt(backup);
    const failed = [await attempt(old), await attempt(old)];
    expect(await inOrder()).toEqual([old.id, failed[1]!.id, failed[0]!.id]);
    const ended = await attempt(old, 'ends well');
    expect((await inOrder())[0]).toBe(ended.id);
    await attempt(ended);
    expect((await inOrder())[0]).toBe(ended.id);
  });

  test('a rollback under a clock that was put back is undone by the next all the same', async () => {
    hour = 5;
    const old = await attempt(backup);
    hour = 2;
    const undone = await attempt(old, 'ends well');
    expect(await inOrder()).toEqual([undone.id, old.id]);
  });

  test('a restore after a rollback that did not end counts', async () => {
    const old = await attempt(backup);
    await attempt(old);
    const before = await attempt(backup);
    expect((await inOrder())[0]).toBe(before.id);
  });

  test('where what it was to bring back is gone, the newest is all there is', async () => {
    const old = await attempt(backup);
    const failed = await attempt(old);
    await store.remove([`${old.id}.json`], signal);
    expect(await inOrder()).toEqual([failed.id]);
  });
});

test('the oldest records say nothing of a rollback, and count', async () => {
  const old = await stored({ suspect: `it is what was there before the restore of ${backup.id}` });
  const rolledBack = await stored({ suspect: `it is what was there before the restore of ${old.id}` });
  expect(await inOrder()).toEqual([rolledBack.id, old.id]);
});

test('safety backups of others are none of its', async () => {
  await stored(safetyFields(backup), 'redis:6379');
  expect(await inOrder()).toEqual([]);
});

test('one store that takes the note is enough; where none does, it is said what the next rollback does', async () => {
  const old = await attempt(backup);
  const rolledBack = await stored(safetyFields(old));
  const refusing = { create: () => Promise.reject(new RunnerError('the disk is full', 16)) } as unknown as Store;
  await noteReplaced(rolledBack.id, old, { stores: [refusing], reporter }, signal);
  expect(said).toEqual([expect.stringMatching(new RegExp(`^No store takes the note .*the disk is full.*"cdk8s-backup rollback ${rolledBack.id}" undoes this one$`))]);
  expect((await inOrder())[0]).toBe(old.id);
  await noteReplaced(rolledBack.id, old, { stores: [refusing, store], reporter }, signal);
  expect(said).toHaveLength(1);
  expect((await inOrder())[0]).toBe(rolledBack.id);
});

test('a run that is told to stop when what it was to bring back is live notes it all the same', async () => {
  const old = await attempt(backup);
  const rolledBack = await stored(safetyFields(old));
  await noteReplaced(rolledBack.id, old, { stores: [store], reporter }, AbortSignal.abort(new Error('SIGTERM')));
  expect(said).toEqual([]);
  expect((await inOrder())[0]).toBe(rolledBack.id);
});

test('nothing is noted of a restore, nor where nothing was stored', async () => {
  const old = await attempt(backup, 'ends well');
  await noteReplaced(null, old, { stores: [store], reporter }, signal);
  const keys: string[] = [];
  for await (const { key } of store.list('app_', signal)) keys.push(key);
  expect(keys.filter(key => key.endsWith('.replaced'))).toEqual([]);
});

test('after a failed rollback what it has stored has to be named, as the next one goes on with it', async () => {
  const old = await attempt(backup);
  expect(wayBack(old.id, backup)).toBe('"cdk8s-backup rollback" brings it back');
  expect(wayBack('app_1', old)).toBe('"cdk8s-backup rollback app_1" brings it back');
});

/** What a restore of `restored` stores, and what it notes if it ends well. */
async function attempt(restored: BackupRecord, end?: 'ends well'): Promise<BackupRecord> {
  const record = await stored(fieldsOf(restored));
  if (end) await noteReplaced(record.id, restored, { stores: [store], reporter }, signal);
  return record;
}

async function stored(changes: Partial<BackupRecord>, address = ADDRESS): Promise<BackupRecord> {
  const id = `app_20261122_${String(hour++).padStart(2, '0')}0000`;
  const source = { engine: 'sqlite', serverVersion: '3.53.4', address, database: null } as const;
  const record = aRecord(id, { ...changes, source });
  await store.put(record.artifacts[0]!.file, Readable.from([Buffer.from('abc')]), null, signal);
  await store.create(`${id}.json`, renderRecord(record), signal);
  return record;
}

async function inOrder(): Promise<string[]> {
  return safetyBackups(await readCatalog('app', [store], signal), ADDRESS).map(({ record }) => record.id);
}
