import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesIn, importsOf, SRC } from './_imports';
import { publicApi } from './_public-api';
import * as library from '../src';

/*
 * constructs → contract ← runner. Four things hold the halves apart; each of them would go unnoticed without a test, since a
 * wrong import compiles.
 */
const ROOT = join(SRC, '..');

const ALL = filesIn('.');
const RUNNER = ALL.filter(file => file.startsWith('runner/'));
const CONTRACT = ALL.filter(file => file.startsWith('contract/'));
const CONSTRUCTS = ALL.filter(file => file.startsWith('constructs/') || file === 'index.ts');

test('every file is in one of the three', () => {
  expect(ALL.filter(file => ![...RUNNER, ...CONTRACT, ...CONSTRUCTS].includes(file))).toEqual([]);
  expect([RUNNER.length > 100, CONTRACT.length > 5, CONSTRUCTS.length > 50]).toEqual([true, true, true]);
});

test.each(CONSTRUCTS)('%s does not import the runner', file => {
  expect(importsOf(file).filter(path => RUNNER.includes(path))).toEqual([]);
});

test.each(CONTRACT)('%s imports nothing but the contract', file => {
  expect(importsOf(file).filter(path => !CONTRACT.includes(path))).toEqual([]);
});

test.each(RUNNER)('%s does not import the constructs', file => {
  expect(importsOf(file).filter(path => CONSTRUCTS.includes(path) || /^(cdk8s|cdk8s-plus-\d+|constructs)$/.test(path))).toEqual([]);
});

test('the runner is not in what jsii compiles', () => {
  // Only says something after a compile; `projen build` compiles before it tests.
  expect(existsSync(join(ROOT, 'lib', 'runner'))).toBe(false);
  expect(JSON.parse(readFileSync(join(ROOT, 'tsconfig.json'), 'utf8')).exclude).toContain('src/runner/**');
});

test('what is handed in is of no version of cdk8s-plus', () => {
  // An app may have any of them. An object is an IConstruct; enums and options have their own types, with the names of cdk8s-plus.
  expect(publicApi().filter(entry => entry.includes('kplus.'))).toEqual([]);
});

test('the public API is the constructs and what they take', () => {
  // Interfaces are not there at run time; docs/reference/api has them.
  expect(Object.keys(library).sort()).toEqual([
    'AzureAccessTier', 'AzureCredentials', 'BackupAlertRules', 'BackupBucketLifecycle', 'BackupCronJob', 'BackupDefaults', 'BackupExporter', 'BackupSource', 'BackupStore', 'CaCertificate', 'Compression', 'Cpu', 'Decryption', 'DrillVolume',
    'Encryption', 'ImagePullPolicy', 'LifecycleProvider', 'LifecycleStorageClass', 'OtherLifecycleRules', 'PersistentVolumeAccessMode', 'PostgresTls', 'RecoveryPlan', 'RecoveryPlanPart', 'RecoveryRunbook', 'RecoveryScenario', 'RedisTls', 'RestoreDrill', 'RestoreJob',
    'RestoreMode', 'RestorePoint',
    'RestoreTrigger', 'RestoreWorkload', 'Retention', 'S3Access', 'S3AccessPolicy', 'S3Checksums', 'S3Credentials',
    'S3Encryption', 'S3ObjectLockMode', 'S3StorageClass', 'StoreLayout', 'StoreLocation', 'TransitionDefaultMinimumObjectSize',
  ]);
  expect(importsOf('index.ts').filter(path => !/^constructs\/[a-z-]+\/index\.ts$/.test(path))).toEqual([]);
});
