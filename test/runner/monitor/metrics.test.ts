import { Readable } from 'node:stream';
import { Metrics } from '../../../src/contract/metrics';
import { BackupRecord } from '../../../src/contract/record';
import { renderRecord } from '../../../src/runner/catalog/record';
import { inspectBackups } from '../../../src/runner/monitor/inspect-backups';
import { samplesOf } from '../../../src/runner/monitor/metrics';
import { Store } from '../../../src/runner/store-api/store';
import { aRecord } from '../_fixtures';
import { MemoryStore } from '../stores/_memory';

const signal = new AbortController().signal;
const ID = 'app_20261121_020000';

async function storeWith(name: string, record: BackupRecord): Promise<MemoryStore> {
  const store = new MemoryStore(name);
  for (const { file } of record.artifacts) await store.put(file, Readable.from([Buffer.from('abc')]), null, signal);
  await store.create(`${record.id}.json`, renderRecord(record), signal);
  return store;
}

async function differing(...stores: Store[]): Promise<number | undefined> {
  return samplesOf(await inspectBackups('app', stores, signal), { namespace: 'shop' }).find(({ metric }) => metric === Metrics.DIFFERING)?.value;
}

class Unreachable extends MemoryStore {
  public list(): AsyncIterable<never> {
    throw new Error('it is down');
  }
}

test('that no records differ is said only where all stores were read, so a store that is down clears no alert', async () => {
  const s3 = await storeWith('s3', aRecord(ID));
  expect(await differing(s3)).toBe(0);
  expect(await differing(s3, await storeWith('volume', aRecord(ID)))).toBe(0);
  expect(await differing(s3, new Unreachable('volume'))).toBeUndefined();

  const changed = await storeWith('volume', aRecord(ID, { tools: { pg_dump: 'another' } }));
  expect(await differing(s3, changed)).toBe(1);
  expect(await differing(s3, changed, new Unreachable('third'))).toBe(1);
});
