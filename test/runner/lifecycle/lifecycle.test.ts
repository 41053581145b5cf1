import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { LIFECYCLE_ENV, LIFECYCLE_VERSION, LifecycleConfig, renderLifecycleConfig } from '../../../src/contract/lifecycle';
import { AnyRule, difference, sameRules, showDifference } from '../../../src/runner/lifecycle/diff';
import { loadLifecycle } from '../../../src/runner/lifecycle/load';
import { aConfig, anS3Store } from '../_fixtures';

const store = anS3Store({ bucketName: 'shop-backups', prefix: 'shop', region: 'eu-central-1' });

const rule: AnyRule = { ID: 'cdk8s-backup.a', Status: 'Enabled', Filter: { Prefix: 'shop/' }, Expiration: { Days: 90 } };

function config(changes: Partial<LifecycleConfig> = {}): LifecycleConfig {
  return { version: LIFECYCLE_VERSION, store, document: { Rules: [rule as any] }, transitionDefaultMinimumObjectSize: null, ...changes };
}

function file(name: string, text: string): string {
  const created = path.join(mkdtempSync(path.join(tmpdir(), 'lifecycle.')), name);
  writeFileSync(created, text);
  return created;
}

const toA = { Days: 1, StorageClass: 'A' };
const toB = { Days: 2, StorageClass: 'B' };

describe('difference', () => {
  const of = (present: readonly AnyRule[], wanted: readonly AnyRule[], minimumSizes: readonly [string | null, string | null] = [null, null]) =>
    difference({ rules: present, minimumSize: minimumSizes[0] }, { rules: wanted, minimumSize: minimumSizes[1] });

  test('tells added, changed, removed and unchanged rules apart, and those of others', () => {
    const present = [rule, { ...rule, ID: 'cdk8s-backup.b' }, { ...rule, ID: 'cdk8s-backup.c' }, { ...rule, ID: 'logs' }, { ...rule, ID: undefined }];
    const wanted = [rule, { ...rule, ID: 'cdk8s-backup.b', Status: 'Disabled' }, { ...rule, ID: 'cdk8s-backup.d' }];
    expect(of(present, wanted)).toEqual({
      added: ['cdk8s-backup.d'],
      changed: ['cdk8s-backup.b'],
      removed: ['cdk8s-backup.c'],
      unchanged: ['cdk8s-backup.a'],
      others: ['logs', '(without an ID)'],
      minimumSize: null,
      isEmpty: false,
    });
  });

  test.each<[string, AnyRule, AnyRule]>([
    ['a prefix in And', { Filter: { And: { Prefix: 'a' } } }, { Filter: { Prefix: 'a' } }],
    ['no filter at all', { Filter: { Prefix: '' } }, { Filter: {} }],
    ['the old prefix', { Prefix: 'a', Filter: undefined }, { Filter: { Prefix: 'a' } }],
    ['one tag in And', { Filter: { And: { Tags: [{ Key: 'a', Value: 'b' }] } } }, { Filter: { Tag: { Key: 'a', Value: 'b' } } }],
    ['dates', { Expiration: { Date: new Date('2027-01-01') } }, { Expiration: { Date: '2027-01-01T00:00:00.000Z' } }],
    ['no transitions', { Transitions: [] }, {}],
    ['the order of transitions', { Transitions: [toA, toB] }, { Transitions: [toB, toA] }],
  ])('sees no difference in %s', (_, one, other) => {
    expect(of([{ ...rule, ...one }], [{ ...rule, ...other }]).isEmpty).toBe(true);
    expect(sameRules([{ ...rule, ...one }], [{ ...rule, ...other }])).toBe(true);
  });

  test.each<[string, AnyRule]>([
    ['status', { Status: 'Disabled' }],
    ['prefix', { Filter: { Prefix: 'Shop/' } }],
    ['tags', { Filter: { And: { Prefix: 'shop/', Tags: [{ Key: 'a', Value: 'b' }] } } }],
    ['sizes', { Filter: { And: { Prefix: 'shop/', ObjectSizeGreaterThan: 131072 } } }],
    ['expiration', { Expiration: { Days: 91 } }],
    ['delete markers', { Expiration: { ExpiredObjectDeleteMarker: true } }],
    ['transitions', { Transitions: [{ Days: 0, StorageClass: 'GLACIER_IR' }] }],
    ['old versions', { NoncurrentVersionExpiration: { NoncurrentDays: 4 } }],
    ['moves of old versions', { NoncurrentVersionTransitions: [{ NoncurrentDays: 0, StorageClass: 'GLACIER_IR' }] }],
    ['unfinished uploads', { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 3 } }],
  ])('sees a difference in %s', (_, changes) => {
    expect(of([rule], [{ ...rule, ...changes }]).changed).toEqual(['cdk8s-backup.a']);
    expect(sameRules([rule], [{ ...rule, ...changes }])).toBe(false);
  });

  test('compares the header with what AWS takes without one', () => {
    expect(of([rule], [rule], ['all_storage_classes_128K', null]).isEmpty).toBe(true);
    expect(of([rule], [rule], ['varies_by_storage_class', null]).minimumSize).toEqual({ from: 'varies_by_storage_class', to: 'all_storage_classes_128K' });
    expect(of([rule], [rule], [null, 'varies_by_storage_class']).minimumSize).toEqual({ from: 'all_storage_classes_128K', to: 'varies_by_storage_class' });
  });

  test('is shown with what was and what will be', () => {
    const present = { rules: [rule, { ...rule, ID: 'logs' }], minimumSize: null };
    const wanted = { rules: [{ ...rule, Expiration: { Days: 120 } }], minimumSize: 'varies_by_storage_class' };
    expect(`${showDifference(difference(present, wanted), present, wanted).join('\n')}\n`).toMatchInlineSnapshot(`
"- cdk8s-backup.a  {"status":"Enabled","prefix":"shop/","expiration":"day 90"}
+ cdk8s-backup.a  {"status":"Enabled","prefix":"shop/","expiration":"day 120"}
! logs  not ours
- transition-default-minimum-object-size all_storage_classes_128K
+ transition-default-minimum-object-size varies_by_storage_class
"
`);
  });
});

describe('loadLifecycle', () => {
  const backup = aConfig({ stores: [store, { type: 'folder', name: 'local', directory: '/backups', folder: null }] });
  const document = JSON.stringify({ Rules: [rule] });

  test('reads the environment of a lifecycle Job', async () => {
    expect(await loadLifecycle({ set: [] }, { [LIFECYCLE_ENV]: JSON.stringify(config()) })).toEqual(config());
  });

  test('reads a manifest, and changes values', async () => {
    const manifest = file('app.yaml', JSON.stringify({
      kind: 'Job',
      metadata: { name: 'backup-lifecycle-1' },
      spec: { template: { spec: { containers: [{ env: [{ name: LIFECYCLE_ENV, value: renderLifecycleConfig(config()) }] }] } } },
    }));
    const loaded = await loadLifecycle({ manifest, set: ['store.endpoint=http://localhost:9000'] }, {});
    expect(loaded).toEqual(config({ store: { ...store, endpoint: 'http://localhost:9000' } }));
  });

  test('reads a file, for the bucket of a backup', async () => {
    const options = { config: file('backup.json', JSON.stringify(backup)), lifecycle: file('rules.json', document), set: [] };
    expect(await loadLifecycle(options, {})).toEqual(config());
    expect(await loadLifecycle({ ...options, store: 'offsite', transitionDefaultMinimumObjectSize: 'varies_by_storage_class' }, {}))
      .toEqual(config({ transitionDefaultMinimumObjectSize: 'varies_by_storage_class' }));
  });

  test.each<[string, object, string]>([
    ['a store that is not there', { store: 'local' }, 'has no S3 store local; it has offsite'],
    ['a header that AWS does not know', { transitionDefaultMinimumObjectSize: 'any' }, 'transitionDefaultMinimumObjectSize: Invalid option'],
    ['rules that would not be ours', { lifecycle: JSON.stringify({ Rules: [{ ...rule, ID: 'x' }] }) }, 'document.Rules.0.ID: must begin with "cdk8s-backup."'],
    ['no rules', { lifecycle: '{"Rules":[]}' }, 'document.Rules'],
    ['no JSON', { lifecycle: '{' }, 'rules.json is not JSON'],
  ])('fails for %s', async (_, changes: any, message) => {
    const options = { config: file('backup.json', JSON.stringify(backup)), set: [], ...changes, lifecycle: file('rules.json', changes.lifecycle ?? document) };
    await expect(loadLifecycle(options, {})).rejects.toThrow(message);
  });

  test('fails for a backup with several buckets, or with none', async () => {
    const lifecycle = file('rules.json', document);
    const two = aConfig({ stores: [store, { ...store, name: 'second' }] });
    await expect(loadLifecycle({ config: file('a.json', JSON.stringify(two)), lifecycle, set: [] }, {})).rejects.toThrow('several S3 stores, say which with --store: offsite, second');
    const none = aConfig({ stores: [{ type: 'folder', name: 'local', directory: '/backups', folder: null }] });
    await expect(loadLifecycle({ config: file('a.json', JSON.stringify(none)), lifecycle, set: [] }, {})).rejects.toThrow('has no S3 store, and only a bucket has a lifecycle');
  });

  test('fails for what a Job says itself, for another version, and without anything', async () => {
    await expect(loadLifecycle({ store: 'x', set: [] }, {})).rejects.toThrow('--store goes with --lifecycle FILE');
    await expect(loadLifecycle({ set: [] }, { [LIFECYCLE_ENV]: '{"version":2}' })).rejects.toThrow(/^the lifecycle has version 2, this runner of cdk8s-backup \S+ reads version 1: the library that wrote it is newer than the image/);
    await expect(loadLifecycle({ set: [] }, {})).rejects.toThrow(`, or ${LIFECYCLE_ENV}`);
  });
});
