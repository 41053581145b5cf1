import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { preProcessFile } from 'typescript';
import * as library from '../src';

/*
 * constructs → contract ← runner. Four things hold the halves apart; each of them would go unnoticed without a test, since a
 * wrong import compiles.
 */
const ROOT = join(__dirname, '..');
const SRC = join(ROOT, 'src');

test.each(filesIn(SRC).filter(file => !file.startsWith('runner/') && !file.startsWith('contract/')))('%s does not import the runner', file => {
  expect(importsOf(file).filter(path => path.startsWith('runner/'))).toEqual([]);
});

test.each(filesIn(join(SRC, 'contract')).map(file => `contract/${file}`))('%s imports nothing but the contract', file => {
  expect(importsOf(file).filter(path => !/^contract\/[^/]+$/.test(path))).toEqual([]);
});

test.each(filesIn(join(SRC, 'runner')).map(file => `runner/${file}`))('%s does not import the constructs', file => {
  expect(importsOf(file).filter(path => /^[^/]+\.ts$/.test(path) || /^(cdk8s|cdk8s-plus-\d+|constructs)$/.test(path))).toEqual([]);
});

test('the runner is not in what jsii compiles', () => {
  // Only says something after a compile; `projen build` compiles before it tests.
  expect(existsSync(join(ROOT, 'lib', 'runner'))).toBe(false);
  expect(JSON.parse(readFileSync(join(ROOT, 'tsconfig.json'), 'utf8')).exclude).toContain('src/runner/**');
});

test('the public API is the constructs and what they take', () => {
  // Interfaces are not there at run time; API.md has them.
  expect(Object.keys(library).sort()).toEqual([
    'BackupAlertRules', 'BackupBucketLifecycle', 'BackupCronJob', 'BackupExporter', 'BackupSource', 'BackupStore', 'CaCertificate', 'Compression', 'Decryption', 'DrillVolume',
    'Encryption', 'LifecycleProvider', 'LifecycleStorageClass', 'OtherLifecycleRules', 'PostgresTls', 'RecoveryScenario', 'RedisTls', 'RestoreDrill', 'RestoreJob',
    'RestoreMode', 'RestorePoint',
    'RestoreTrigger', 'RestoreWorkload', 'Retention', 'S3Access', 'S3AccessPolicy', 'S3Checksums', 'S3Credentials',
    'S3Encryption', 'S3ObjectLockMode', 'S3StorageClass', 'StoreLayout', 'StoreLocation', 'TransitionMinimumObjectSize',
  ]);
  expect(importsOf('index.ts').filter(path => path.includes('/') || path.startsWith('_'))).toEqual([]);
});

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true }).map(String).filter(file => file.endsWith('.ts')).sort();
}

/** What a file of `src` imports: paths inside `src`, names of packages otherwise. */
function importsOf(file: string): string[] {
  const path = join(SRC, file);
  return preProcessFile(readFileSync(path, 'utf8')).importedFiles.map(({ fileName }) =>
    fileName.startsWith('.') ? `${relative(SRC, resolve(dirname(path), fileName))}.ts` : fileName);
}
