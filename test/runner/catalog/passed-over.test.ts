import { Readable } from 'node:stream';
import { ExitCode } from '../../../src/contract/exit-code';
import { verificationKey } from '../../../src/contract/layout';
import { VerificationRecord } from '../../../src/contract/verification-record';
import { Catalog, readCatalog } from '../../../src/runner/catalog/catalog';
import { findBackup, findBackupAt, isUsable, latest, passedOver } from '../../../src/runner/catalog/choose-backup';
import { renderDocument } from '../../../src/runner/catalog/history';
import { warnOfPassedOver } from '../../../src/runner/catalog/notes';
import { renderRecord } from '../../../src/runner/catalog/record';
import { RunnerError } from '../../../src/runner/core/errors';
import { Reporter } from '../../../src/runner/core/reporter';
import { Store } from '../../../src/runner/store-api/store';
import { aRecord } from '../_fixtures';
import { MemoryStore } from '../stores/_memory';

/* What reading back has shown decides which backup is the latest. */

const signal = new AbortController().signal;
const FIRST = 'app_20261120_020000';
const SECOND = 'app_20261121_020000';
const THIRD = 'app_20261122_020000';
const startOf = (id: string) => `2026-11-${id.slice(10, 12)}T02:00:00.000Z`;

async function twoStores(): Promise<readonly [MemoryStore, MemoryStore]> {
  const stores = [new MemoryStore('s3'), new MemoryStore('volume')] as const;
  for (const store of stores) {
    for (const id of [FIRST, SECOND, THIRD]) {
      const record = aRecord(id, { startedAt: startOf(id), finishedAt: startOf(id) });
      for (const { file } of record.artifacts) await store.put(file, Readable.from([Buffer.from('abc')]), null, signal);
      await store.create(`${id}.json`, renderRecord(record), signal);
    }
  }
  return stores;
}

async function readBack(store: Store, id: string, faults: readonly string[], at = '2026-11-23T03:00:00.000Z'): Promise<void> {
  const times = { startedAt: at, finishedAt: at };
  const document: VerificationRecord = { version: 1, id, store: store.name, ...times, formatRead: true, faults, repairedFrom: null, tools: {} };
  await store.create(verificationKey(id, new Date(at)), renderDocument(document), signal);
}

const idOf = (catalog: Catalog) => latest(catalog)?.record.id;
const newer = (catalog: Catalog) => passedOver(catalog, latest(catalog)).map(({ record }) => record.id);

test('the newest with a copy that was not found damaged is the latest; all readers of a catalog agree', async () => {
  const [s3, volume] = await twoStores();
  await readBack(s3, THIRD, ['other digest']);
  expect(idOf(await readCatalog('app', [s3, volume], signal))).toBe(THIRD);

  await readBack(volume, THIRD, ['other digest']);
  const catalog = await readCatalog('app', [s3, volume], signal);
  expect([idOf(catalog), findBackup(catalog, 'app', 'latest').record.id, newer(catalog)]).toEqual([SECOND, SECOND, [THIRD]]);
  expect(catalog.backups.map(isUsable)).toEqual([true, true, false]);
  expect(findBackup(catalog, 'app', THIRD).record.id).toBe(THIRD);
});

test('the newest verification counts, so a copy that was mended makes its backup the latest again', async () => {
  const [s3] = await twoStores();
  await readBack(s3, THIRD, ['other digest']);
  await readBack(s3, THIRD, [], '2026-11-23T04:00:00.000Z');
  expect(idOf(await readCatalog('app', [s3], signal))).toBe(THIRD);
});

test('a copy that says it will be found good is not known to be; one that can\'t be told from a good one hides nothing', async () => {
  const [s3] = await twoStores();
  await readBack(s3, THIRD, ['other digest'], '2026-11-23T03:00:00.000Z');
  await s3.create(verificationKey(SECOND, new Date('2026-11-23T03:00:00Z')), '{"version":', signal);
  expect(idOf(await readCatalog('app', [s3], signal))).toBe(SECOND);
});

test('before a time as well: only damaged ones from then or before are passed over', async () => {
  const [s3] = await twoStores();
  await readBack(s3, THIRD, ['x']);
  await readBack(s3, SECOND, ['x']);
  const catalog = await readCatalog('app', [s3], signal);
  const at = new Date('2026-11-21T12:00:00Z');
  const chosen = findBackupAt(catalog, 'app', at);
  expect([chosen.record.id, passedOver(catalog, chosen, at).map(({ record }) => record.id)]).toEqual([FIRST, [SECOND]]);
});

test('where all are damaged, a name is asked for: nothing is chosen in silence, and nothing is called missing', async () => {
  const [s3] = await twoStores();
  for (const id of [FIRST, SECOND, THIRD]) await readBack(s3, id, ['other digest']);
  const catalog = await readCatalog('app', [s3], signal);
  const message = `every backup of app that could serve was found damaged when it was read back: ${THIRD} (s3: damaged, as reading it back has shown at 2026-11-23T03:00:00.000Z: other digest), and 2 older`;
  expect(() => findBackup(catalog, 'app', 'latest')).toThrow(message);
  expect(() => findBackup(catalog, 'app', 'latest')).toThrow(expect.objectContaining({ exitCode: ExitCode.CORRUPT }));
  expect(() => findBackupAt(catalog, 'app', new Date('2026-11-21T12:00:00Z'))).toThrow(`damaged when it was read back: ${SECOND}`);
  expect(findBackup(catalog, 'app', FIRST).record.id).toBe(FIRST);
});

test('a store that gives out no verification does not keep anybody from its backups', async () => {
  class Mute extends MemoryStore {
    public override async get(key: string, either: AbortSignal): Promise<Readable> {
      if (key.includes('.verified.')) throw new RunnerError('try later', ExitCode.UNAVAILABLE);
      return super.get(key, either);
    }
  }
  const mute = new Mute('s3');
  const [s3] = await twoStores();
  for await (const { key } of s3.list('', signal)) await mute.put(key, await s3.get(key, signal), null, signal);
  await readBack(mute, THIRD, ['other digest']);
  expect(idOf(await readCatalog('app', [mute], signal))).toBe(THIRD);
});

test('it is told which was passed over, since when it is known to be damaged, what is lost by that, and how to take it all the same', async () => {
  const [s3] = await twoStores();
  await readBack(s3, THIRD, ['other digest']);
  const catalog = await readCatalog('app', [s3], signal);
  const told: string[] = [];
  const reporter = { warn: (event: string, message: string) => told.push(`${event}: ${message}`) } as unknown as Reporter;
  warnOfPassedOver(catalog, latest(catalog)!, reporter);
  expect(told).toEqual([expect.stringMatching(`^backup.passed-over: ${THIRD} is newer than ${SECOND}, .* at 2026-11-23T03:00:00.000Z: other digest\\)\\. `
    + `${SECOND} has nothing that was written from ${startOf(SECOND)} to ${startOf(THIRD)}\\. .*cdk8s-backup restore ${THIRD}`)]);
});
