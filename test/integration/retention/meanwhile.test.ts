import { text } from 'node:stream/consumers';
import { DAY_MS, keysIn, open, recordsIn, redisConfig, writeBackup, writeNights } from './_history';
import { settleOrphans } from '../../../src/runner/backup/orphans';
import { useArtifact } from '../../../src/runner/catalog/artifact';
import { renderClaim } from '../../../src/runner/catalog/claim';
import { parseRecord } from '../../../src/runner/catalog/record';
import { removeBackup } from '../../../src/runner/catalog/remove';
import { RunnerError } from '../../../src/runner/core/errors';
import { createReporter } from '../../../src/runner/core/reporter';
import { discardBackup } from '../../../src/runner/previous/safety';
import { renderHold } from '../../../src/runner/prune/hold';
import { prune } from '../../../src/runner/prune/prune';
import { Store } from '../../../src/runner/store-api/store';
import { repairCopy } from '../../../src/runner/verification/repair';
import { capture } from '../../runner/_fixtures';
import { MemoryStore } from '../../runner/stores/_memory';
import { folder } from '../_configs';
import { killAllBelow, run, start } from '../_runner';
import { until } from '../servers/_process';
import { s3Store } from '../servers/_s3';
import { startFaultProxy } from '../servers/fault-proxy';
import { startVersitygw } from '../servers/versitygw';

/* Two who work on one backup at a time. */

const never = new AbortController().signal;
const config = redisConfig([folder('/a', 'a')], { keepHours: 168 });
const at = new Date(Math.floor(Date.now() / 1000) * 1000 - 30 * DAY_MS);

/** Calls back before it does what it is told. */
class WatchedStore extends MemoryStore {
  public before: (what: 'create' | 'remove', keys: readonly string[]) => Promise<void> = async () => {};

  public override async create(key: string, content: string, signal: AbortSignal): Promise<boolean> {
    await this.before('create', [key]);
    return super.create(key, content, signal);
  }

  public override async remove(keys: readonly string[], signal: AbortSignal): Promise<void> {
    await this.before('remove', keys);
    return super.remove(keys, signal);
  }
}

async function recordOf(id: string, store: Store) {
  return parseRecord(`${id}.json`, await text(await store.get(`${id}.json`, never)));
}

function contextOf(log = capture()) {
  return { config: { ...config, activeDeadlineSeconds: 600 }, reporter: createReporter(log), signal: never };
}

describe('a prune', () => {
  test('leaves a backup that is pinned after it was claimed for removal', async () => {
    const store = new WatchedStore('a');
    const id = await writeBackup(at, [store]);
    store.before = async what => {
      if (what !== 'create') return;
      store.before = async () => {};
      await store.create(`${id}.started`, renderClaim(new Date(0), new Date(0)), never); // somebody's of long ago
      await store.create(`${id}.pinned`, '{}', never);
    };
    expect(await removeBackup(await recordOf(id, store), store, never)).toEqual({ kind: 'refused', reason: `it is pinned, and "cdk8s-backup unpin ${id}" ends that` });
    expect(await keysIn(store)).toEqual([`${id}.json`, `${id}.pinned`, `${id}.rdb`, `${id}.sha256`]);
  });

  test('ends as soon as somebody holds it, and says that it has begun', async () => {
    const store = new WatchedStore('a');
    const nights = await writeNights(30, 0, [store]);
    store.before = async (what, keys) => {
      if (what === 'remove' && keys.some(key => key.endsWith('.json'))) await store.create('app.hold', renderHold(new Date(), 'incident 7'), never);
    };
    const log = capture();
    const outcome = await prune([store], { dryRun: false, unclaimed: false, now: new Date() }, contextOf(log));
    const left = await recordsIn(store);
    expect(left.length).toBeLessThan(nights.length);
    expect(nights.length - left.length).toBeLessThanOrEqual(8); // those that were being removed
    expect(outcome).toMatchObject({ removed: nights.length - left.length, failures: [], stopped: [{ store: 'a', begun: true, reason: expect.stringContaining('incident 7') }] });
    expect(log.text()).toContain('Nothing more is removed from a: pruning is held in a since');
  });
});

describe('a discard of a safety backup', () => {
  test('that is killed half way leaves what proves that the rest may go, and the next run removes it', async () => {
    const store = new WatchedStore('a');
    const id = await writeBackup(at, [store], { suspect: 'it is what was there before the restore of app_20261101_020000' });
    const before = await keysIn(store);
    store.before = async (what, keys) => {
      if (what === 'remove' && keys.includes(`${id}.rdb`)) throw new Error('killed');
    };
    await expect(discardBackup(id, { config: restoreConfig(), stores: [store] }, never)).rejects.toThrow('killed');
    expect(await keysIn(store)).toEqual([...before.filter(key => key !== `${id}.json`), `${id}.started`].sort());
    store.before = async () => {};
    await settleOrphans('app', [store], createReporter(capture()), never);
    expect(await keysIn(store)).toEqual([]);
  });

  test('leaves it where another run works on it, or somebody has pinned it, and says so', async () => {
    const [repairing, pinned] = [new MemoryStore('a'), new MemoryStore('b')];
    const id = await writeBackup(at, [repairing, pinned]);
    await repairing.create(`${id}.started`, renderClaim(new Date(), new Date(Date.now() + 60_000)), never);
    await pinned.create(`${id}.pinned`, '{}', never);
    await expect(discardBackup(id, { config: restoreConfig(), stores: [repairing, pinned] }, never)).rejects
      .toThrow(`${id} is not removed from every store: a does not let it go: another run works on it; b does not let it go: it is pinned, and "cdk8s-backup unpin ${id}" ends that`);
    expect([await recordsIn(repairing), await recordsIn(pinned)]).toEqual([[id], [id]]);
  });

  test('takes what stands beside it as well, and nothing else', async () => {
    const stores = [new MemoryStore('a'), new MemoryStore('b')];
    const id = await writeBackup(at, stores);
    for (const suffix of ['.accepted', '.replaced', '.txt']) await stores[0]!.create(id + suffix, '{}', never);
    await discardBackup(id, { config: restoreConfig(), stores }, never);
    expect([await keysIn(stores[0]!), await keysIn(stores[1]!)]).toEqual([[`${id}.txt`], []]);
  });

  function restoreConfig(): never {
    return { name: 'app' } as never; // nothing else of it is asked for
  }
});

describe('a repair', () => {
  test('ends when its claim does, also by hand, and the next one finishes', async () => {
    const [good, bad] = [new MemoryStore('good'), new WatchedStore('bad')];
    const id = await writeBackup(at, [good]);
    const record = await recordOf(id, good);
    let stopped: Promise<void> | undefined;
    const put = bad.put.bind(bad);
    bad.put = async (key, body, bytes, signal) => {
      await (stopped ??= new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))));
      return put(key, body, bytes, signal);
    };
    const context = contextOf();
    const repair = repairCopy(record, good, bad, { ...context, config: { ...context.config, activeDeadlineSeconds: 1 } });
    await expect(repair).rejects.toThrow('stopped at the deadline of 1.0 s: its copy has no record yet, and the next repair keeps the files that are good');
    expect(await keysIn(bad)).toEqual([]);
    stopped = Promise.resolve();
    await repairCopy(record, good, bad, context);
    expect(await recordsIn(bad)).toEqual([id]);
  });

  test('that others took for dead, as on a machine that slept, writes no record over what they have removed, and leaves their claim', async () => {
    const [good, bad] = [new MemoryStore('good'), new WatchedStore('bad')];
    const id = await writeBackup(at, [good]);
    const others = renderClaim(new Date(), new Date(Date.now() + 60_000));
    const put = bad.put.bind(bad);
    bad.put = async (key, body, bytes, signal) => {
      const stored = await put(key, body, bytes, signal);
      if (!key.endsWith('.sha256')) return stored;
      await bad.remove([`${id}.started`], never);
      await bad.create(`${id}.started`, others, never);
      return stored;
    };
    await expect(repairCopy(await recordOf(id, good), good, bad, contextOf())).rejects.toThrow(`not repaired: another run has taken over ${id} in memory meanwhile`);
    expect(await recordsIn(bad)).toEqual([]);
    expect(await text(await bad.get(`${id}.started`, never))).toBe(others);
  });
});

test('pin does not say of a backup that a prune is removing that it is kept', async () => {
  const s3 = await startVersitygw();
  const proxy = await startFaultProxy(s3.endpoint);
  try {
    await s3.makeBucket('meanwhile');
    const { config: store, env } = s3Store({ ...s3, endpoint: proxy.endpoint }, 'meanwhile');
    const one = redisConfig([store], { keepHours: 168 });
    const stores = open(one, env);
    const [oldest] = await writeNights(12, 0, stores);
    proxy.inject({ kind: 'hang' }, ({ method, url }) => (method === 'DELETE' || url.includes('?delete')) && true, Infinity);
    const pruning = start(['prune'], { config: one, env });
    await until('the prune removes the oldest', 60_000, async () => (await keysIn(stores[0]!)).includes(`${oldest}.started`));
    const pinning = start(['pin', oldest!], { config: one, env });
    await until('it is pinned', 60_000, async () => (await keysIn(stores[0]!)).includes(`${oldest}.pinned`));
    killAllBelow(pruning.process.pid!);
    await pruning.ended;
    proxy.heal();
    await stores[0]!.remove([`${oldest}.json`], never); // what the prune was about to do
    expect(await pinning.ended).toMatchObject({ code: 15, stdout: '', message: `${oldest} was removed a moment before it was pinned: choose another, see "cdk8s-backup list"` });
    expect(await run(['pin', 'latest'], { config: one, env })).toMatchObject({ code: 0, stdout: expect.stringContaining('is pinned') });
  } finally {
    await proxy.stop();
    await s3.stop();
  }
});

test('what is removed while it is read is told as that, and not as damaged', async () => {
  const store = new MemoryStore('a');
  const id = await writeBackup(at, [store]);
  const record = await recordOf(id, store);
  const backup = { record, copies: new Map([['a', { kind: 'whole' }]]), accepted: false, ahead: null, differing: null, readBack: new Map() } as never;
  await store.remove([`${id}.rdb`], never);
  const read = () => useArtifact(backup, record.artifacts[0]!, [store], async body => void await text(body), createReporter(capture()), never);
  await expect(read()).rejects.toThrow(`no store has a good copy of ${id}.rdb`);
  await store.remove([`${id}.json`], never);
  const failure = await read().catch((error: unknown) => error);
  expect(failure).toMatchObject({ exitCode: 15, message: `${id} was removed while it was read, by a prune or by hand: choose another, see "cdk8s-backup list"` });
  expect(failure).toBeInstanceOf(RunnerError);
});
