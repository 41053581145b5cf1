import { contextOf, DAY_MS, keysIn, open, policy, recordsIn, redisConfig, writeBackup } from './_history';
import { BackupConfig, RetentionConfig } from '../../../src/contract/config';
import { backupId } from '../../../src/contract/layout';
import { prune } from '../../../src/runner/prune/prune';
import { Store } from '../../../src/runner/store-api/store';
import { MemoryStore } from '../../runner/stores/_memory';
import { folder } from '../_configs';
import { tempDir } from '../servers/_process';
import { s3Store } from '../servers/_s3';
import { Radosgw, startRadosgw } from '../servers/radosgw';
import { startVersitygw, Versitygw } from '../servers/versitygw';

/* A year of nightly backups in memory, and the end of it in real stores: after a night, or a month, prune is told what time it is. */

let servers: { radosgw: Radosgw; versitygw: Versitygw };

beforeAll(async () => {
  const [radosgw, versitygw] = await Promise.all([startRadosgw(), startVersitygw()]);
  servers = { radosgw, versitygw };
});
afterAll(() => Promise.all(Object.values(servers ?? {}).map(server => server.stop())));

const FIRST_NIGHT = Date.UTC(2025, 10, 23, 2);
const NIGHTS = 365; // to 22 November 2026, a Sunday

const GUIDE: Partial<RetentionConfig> = { keepHours: 168 };
const AFTER_GUIDE = ['20261116', '20261117', '20261118', '20261119', '20261120', '20261121', '20261122'];

const GFS: Partial<RetentionConfig> = { keepDaily: 7, keepWeekly: 5, keepMonthly: 12, keepYearly: 3 };
const AFTER_GFS = [
  '20251231', '20260131', '20260228', '20260331', '20260430', '20260531', '20260630', '20260731', '20260831', '20260930',
  '20261025', '20261031', '20261101', '20261108', '20261115', ...AFTER_GUIDE,
];

function nights(from: number, to: number): Date[] {
  return Array.from({ length: to - from }, (_, i) => new Date(FIRST_NIGHT + (from + i) * DAY_MS));
}

/** Writes these nights, and prunes each time that `nightsAtOnce` more have been written. */
async function simulate(config: BackupConfig, stores: readonly Store[], times: readonly Date[], nightsAtOnce: number): Promise<void> {
  for (let i = 0; i < times.length; i += nightsAtOnce) {
    const batch = times.slice(i, i + nightsAtOnce);
    await Promise.all(batch.map(at => writeBackup(at, stores)));
    const now = new Date(batch.at(-1)!.getTime() + 300_000);
    const { failures, stopped, refused } = await prune(stores, { dryRun: false, unclaimed: false, now }, contextOf(config));
    expect({ failures, stopped, refused }).toEqual({ failures: [], stopped: [], refused: [] });
  }
}

/** What a year has left up to two months before its end, of which the rest is simulated. */
async function simulateTheEnd(config: BackupConfig, stores: readonly Store[], nightsAtOnce: number): Promise<void> {
  const [before, rest] = [new MemoryStore(), NIGHTS - 62];
  await simulate(config, [before], nights(0, rest), 31);
  const left = await recordsIn(before);
  for (const at of nights(0, rest)) if (left.includes(backupId('app', at))) await writeBackup(at, stores);
  expect(await recordsIn(stores[0]!)).toEqual(left);
  await simulate(config, stores, nights(rest, NIGHTS), nightsAtOnce);
}

/** Nothing but these backups is there, and they are whole. */
async function expectLeft(store: Store, days: readonly string[]): Promise<void> {
  expect(await recordsIn(store)).toEqual(days.map(day => `app_${day}_020000`));
  const keys = await keysIn(store);
  expect(keys.filter(key => !days.some(day => key.startsWith(`app_${day}_020000.`)))).toEqual([]);
  for (const extension of ['.rdb', '.sha256', '.json']) {
    expect(keys.filter(key => key.endsWith(extension) && !key.includes('.verified.'))).toHaveLength(days.length);
  }
}

const POLICIES = [['the 7 days of the guide', GUIDE, AFTER_GUIDE], ['7 days, 5 weeks, 12 months and 3 years', GFS, AFTER_GFS]] as const;

test.each(POLICIES)('a year under %s, pruned every night', async (_case, retention, expected) => {
  const store = new MemoryStore();
  await simulate(redisConfig([], retention), [store], nights(0, NIGHTS), 1);
  await expectLeft(store, expected);
});

test.each(POLICIES)('the end of a year on a volume under %s, pruned every night', async (_case, retention, expected) => {
  const config = redisConfig([folder(tempDir('volume'))], retention);
  const stores = open(config, {});
  await simulateTheEnd(config, stores, 1);
  await expectLeft(stores[0]!, expected);
});

test.each([['versitygw', ...POLICIES[0]], ['radosgw', ...POLICIES[1]]] as const)(
  'the end of a year in S3 (%s) under %s, pruned every month', async (server, _case, retention, expected) => {
    await servers[server].makeBucket('year');
    const { config: offsite, env } = s3Store(servers[server], 'year');
    const config = redisConfig([offsite], retention);
    const stores = open(config, env);
    await simulateTheEnd(config, stores, 31);
    await expectLeft(stores[0]!, expected);
  });

test('backups that stop for 40 days lose nothing, and go on with the floor', async () => {
  const store = new MemoryStore();
  const config = redisConfig([], GUIDE);
  const ids: string[] = [];
  for (const at of nights(0, 7)) ids.push(await writeBackup(at, [store]));
  const last = FIRST_NIGHT + 6 * DAY_MS;
  for (let day = 0; day <= 40; day++) {
    const { removed } = await prune([store], { dryRun: false, unclaimed: false, now: new Date(last + day * DAY_MS) }, contextOf(config));
    expect(removed).toBe(0);
  }
  expect(await recordsIn(store)).toEqual(ids);

  const resumed = await writeBackup(new Date(last + 41 * DAY_MS), [store]);
  await prune([store], { dryRun: false, unclaimed: false, now: new Date(last + 41 * DAY_MS + 60_000) }, contextOf(config));
  expect(await recordsIn(store)).toEqual([...ids.slice(-2), resumed]);
});

test('of more than 1,000 keys the old ones are pruned, and all others stay', async () => {
  await servers.radosgw.makeBucket('many');
  const { config: offsite, env } = s3Store(servers.radosgw, 'many');
  const config = { ...redisConfig([offsite], {}), retention: policy({ keepDaily: 310 }) };
  const stores = open(config, env);
  const all = nights(0, 350);
  for (let i = 0; i < all.length; i += 25) await Promise.all(all.slice(i, i + 25).map(at => writeBackup(at, stores)));
  expect((await keysIn(stores[0]!)).length).toBe(1050);
  const now = new Date(FIRST_NIGHT + 350 * DAY_MS);
  const { removed, failures, refused } = await prune(stores, { dryRun: false, unclaimed: false, now }, contextOf(config));
  expect({ removed, failures, refused }).toEqual({ removed: 40, failures: [], refused: [] });
  expect(await recordsIn(stores[0]!)).toEqual(all.slice(-310).map(at => backupId('app', at)));
  expect((await keysIn(stores[0]!)).length).toBe(931); // three for each, and one that tells that the newest was read back
});
