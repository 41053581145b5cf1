import { setTimeout as sleep } from 'node:timers/promises';
import { LifecycleRule, PutBucketLifecycleConfigurationCommand, PutBucketPolicyCommand, S3Client } from '@aws-sdk/client-s3';
import { DAY_MS, keysIn, writeBackup } from './_history';
import { Store } from '../../../src/runner/store-api/store';
import { openStore } from '../../../src/runner/stores/open';
import { configOf, sqlite } from '../_configs';
import { run, RunOptions } from '../_runner';
import { tempDir } from '../servers/_process';
import { rootClient, s3Store } from '../servers/_s3';
import { Radosgw, startRadosgw } from '../servers/radosgw';

/* A bucket whose own lifecycle deletes: the server acts by its rules, and a day of them is a second. */

let s3: Radosgw;
let client: S3Client;
let count = 0;

beforeAll(async () => {
  s3 = await startRadosgw({ lifecycleDaySeconds: 1 });
  client = rootClient(s3);
});
afterAll(async () => {
  client?.destroy();
  await s3?.stop();
});

interface Place {
  readonly bucket: string;
  readonly stores: readonly Store[];
  readonly options: RunOptions;
}

async function place(withVolume: boolean): Promise<Place> {
  const bucket = `expiry-${count++}`;
  await s3.makeBucket(bucket);
  const { config, env } = s3Store(s3, bucket);
  const stores = [config, ...withVolume ? [{ type: 'folder', name: 'volume', directory: tempDir('volume'), folder: null } as const] : []];
  return { bucket, stores: stores.map(store => openStore(store, env)), options: { config: configOf({ source: sqlite('/data/app.db'), stores }), env } };
}

async function expire({ bucket }: Place, days: number, changes: Partial<LifecycleRule> = {}): Promise<void> {
  const rule: LifecycleRule = { ID: 'old ones', Status: 'Enabled', Filter: { Prefix: 'db/nightly/app_' }, Expiration: { Days: days }, ...changes };
  await client.send(new PutBucketLifecycleConfigurationCommand({ Bucket: bucket, LifecycleConfiguration: { Rules: [rule] } }));
}

const inDays = (days: number) => new Date(Math.ceil((Date.now() + days * DAY_MS) / DAY_MS) * DAY_MS).toISOString().slice(0, 10);

test('a pin that no store can hold fails with the day on which the bucket deletes the backup, and so it does', async () => {
  const at = await place(false);
  const id = await writeBackup(new Date(), at.stores);
  await expire(at, 1000);
  const day = inDays(1000);
  const pinned = await run(['pin', id], at.options);
  expect(pinned).toMatchObject({ code: 1, stdout: `${id} is pinned: no prune removes it before "cdk8s-backup unpin ${id}".\n` });
  expect(pinned.message).toContain(`no store keeps ${id} until it is unpinned: offsite: the lifecycle rule "old ones" of its bucket deletes ${id} from ${day} on`);
  expect(pinned.message).toContain(`or put a copy elsewhere: cdk8s-backup fetch ${id}`);

  await expire(at, 1);
  while ((await keysIn(at.stores[0]!)).length > 0) await sleep(200);
});

test('a pin says which copy the bucket deletes, and the other copy stays', async () => {
  const at = await place(true);
  const id = await writeBackup(new Date(), at.stores);
  await expire(at, 1000);
  const pinned = await run(['pin', id], at.options);
  expect(pinned.code).toBe(0);
  expect(pinned.events.filter(({ level }) => level !== 'info')).toEqual([expect.objectContaining({ event: 'pin.not-kept', store: 'offsite', backup: id })]);

  await expire(at, 1);
  while ((await keysIn(at.stores[0]!)).length > 0) await sleep(200);
  expect(await keysIn(at.stores[1]!)).toContain(`${id}.pinned`);
  expect(JSON.parse((await run(['list', '--json'], at.options)).stdout)).toMatchObject({ backups: [{ id }] });
});

test('a hold says which rule of the bucket goes on deleting', async () => {
  const at = await place(true);
  await expire(at, 7);
  const held = await run(['hold', '--reason', 'an incident'], at.options);
  expect(held.code).toBe(0);
  expect(held.events.filter(({ level }) => level !== 'info')).toEqual([expect.objectContaining({
    event: 'hold.not-kept', message: expect.stringContaining('offsite: the lifecycle rule "old ones" of its bucket goes on deleting backups of app after 7 days, held or not'),
  })]);
});

test.each<[string, Partial<LifecycleRule>]>([
  ['that is switched off', { Status: 'Disabled' }],
  ['about another name', { Filter: { Prefix: 'db/nightly/web_' } }],
  ['about another backup of the name', { Filter: { Prefix: 'db/nightly/app_1999' } }],
  ['about tags', { Filter: { Tag: { Key: 'a', Value: 'b' } } }],
  ['that discards old versions only', { Expiration: undefined, NoncurrentVersionExpiration: { NoncurrentDays: 1 } }],
])('a rule %s does not trouble a pin', async (_case, changes) => {
  const at = await place(false);
  const id = await writeBackup(new Date(), at.stores);
  await expire(at, 1000, changes);
  const pinned = await run(['pin', id], at.options);
  expect([pinned.code, ...pinned.events.filter(({ level }) => level !== 'info')]).toEqual([0]);
});

test('where the rules can\'t be read, a pin and a hold say that nobody knows', async () => {
  const at = await place(false);
  const id = await writeBackup(new Date(), at.stores);
  const other = await s3.addUser('reader');
  const policy = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { AWS: ['arn:aws:iam:::user/reader'] }, Action: ['s3:ListBucket', 's3:GetObject', 's3:PutObject'], Resource: [`arn:aws:s3:::${at.bucket}`, `arn:aws:s3:::${at.bucket}/*`] }] };
  await client.send(new PutBucketPolicyCommand({ Bucket: at.bucket, Policy: JSON.stringify(policy) }));
  const { env } = s3Store({ ...s3, ...other }, at.bucket);
  for (const args of [['pin', id], ['hold', '--reason', 'an incident']]) {
    const ended = await run(args, { ...at.options, env });
    expect(ended.code).toBe(0);
    expect(ended.events.filter(({ level }) => level !== 'info')).toEqual([expect.objectContaining({
      event: 'lifecycle.not-known', message: expect.stringContaining('allow s3:GetLifecycleConfiguration'),
    })]);
  }
});
