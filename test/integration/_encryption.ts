import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { configOf, folder, sqlite } from './_configs';
import { RunOptions } from './_runner';
import { restoreOf } from './restore/_restore';
import { tempDir } from './servers/_process';
import { BackupConfig } from '../../src/contract/config';
import { aPair, Pair } from '../runner/age/_age';

export const home = tempDir('encryption');
export let key: Pair;
export let other: Pair;

/** To be called before the tests of a file. */
export async function makeKeys(): Promise<void> {
  [key, other] = await Promise.all([aPair(), aPair()]);
}

export function removeKeys(): void {
  rmSync(home, { recursive: true, force: true });
}

/** The stock program. */
export function age(args: readonly string[], input?: Buffer): Buffer {
  return execFileSync('age', args, { input, maxBuffer: 2 ** 30, stdio: ['pipe', 'pipe', 'ignore'] });
}

export function sqliteConfig(changes: Partial<BackupConfig> = {}): BackupConfig {
  const file = path.join(tempDir('data'), 'app.db');
  execFileSync('sqlite3', [file, 'CREATE TABLE t (i INTEGER, x TEXT); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO t SELECT i, hex(randomblob(20)) FROM n']);
  return configOf({ source: sqlite(file), stores: [folder(tempDir('volume'))], encryption: { recipients: [key.recipient] }, ...changes });
}

export function sqliteOf({ source }: BackupConfig): string {
  return source.engine === 'sqlite' ? source.path : '';
}

export function directoryOf({ stores: [store] }: BackupConfig): string {
  return store!.type === 'folder' ? store!.directory : '';
}

export function restoring(config: BackupConfig, identityFile: string | null): RunOptions {
  const target = { engine: 'sqlite', path: sqliteOf(config), lockTimeoutSeconds: 5, keepPrevious: true, assertions: [] } as const;
  return { config: { ...restoreOf(config, target), decryption: identityFile === null ? null : { identityFile } } };
}
