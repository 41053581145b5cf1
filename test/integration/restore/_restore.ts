import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { BackupConfig, RestoreConfig, TargetConfig } from '../../../src/contract/config';
import { Ended, run, Running, RunOptions, start } from '../_runner';

/** A restore of the latest backup, with every value that the tests at hand do not care about. */
export function restoreOf({ version, name, stores, encryption, scratch }: BackupConfig, target: TargetConfig): RestoreConfig {
  return { version, kind: 'restore', name, target, stores, backup: 'latest', notAfter: null, store: null, workloads: [], healthUrl: null, decryption: null, encryption, activeDeadlineSeconds: 300, scratch };
}

export function restore(options: RunOptions, ...args: readonly string[]): Promise<Ended> {
  return run(['restore', '--yes', ...args], options);
}

export function startRestore(options: RunOptions): Running {
  return start(['restore', '--yes'], options);
}

/** Changes a byte in the middle of what a store holds of a backup. */
export function flipByte(directory: string, id: string): void {
  const file = artifactOf(directory, id);
  const bytes = readFileSync(file);
  const middle = Math.floor(bytes.length / 2);
  bytes[middle] = bytes[middle]! ^ 1; // eslint-disable-line no-bitwise
  writeFileSync(file, bytes);
}

/** Takes the last byte away. */
export function cutShort(directory: string, id: string): void {
  const file = artifactOf(directory, id);
  truncateSync(file, readFileSync(file).length - 1);
}

export function artifactOf(directory: string, id: string): string {
  const name = readdirSync(directory).find(file => file.startsWith(`${id}.`) && /\.(rdb|db|dump)/.test(file));
  return path.join(directory, name!);
}
