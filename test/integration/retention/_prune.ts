import { BackupConfig } from '../../../src/contract/config';
import { Store } from '../../../src/runner/store-api/store';
import { folder } from '../_configs';
import { Ended, run, RunOptions } from '../_runner';
import { open, redisConfig } from './_history';
import { tempDir } from '../servers/_process';
import { s3Store } from '../servers/_s3';
import { FaultProxy, startFaultProxy } from '../servers/fault-proxy';
import { startVersitygw, Versitygw } from '../servers/versitygw';

export let s3: Versitygw;
export let proxy: FaultProxy;
let count = 0;

/** To be called before the tests of a file. */
export async function startStores(): Promise<void> {
  s3 = await startVersitygw();
  proxy = await startFaultProxy(s3.endpoint);
}

export async function stopStores(): Promise<void> {
  await proxy?.stop();
  await s3?.stop();
}

export const never = new AbortController().signal;
export const WEEK = { keepHours: 168 };

export interface Place {
  readonly config: BackupConfig;
  readonly options: RunOptions;
  readonly bucket: string;
  readonly directory: string;
  readonly s3: Store;
  readonly volume: Store;
  readonly both: readonly Store[];
}

/** A bucket behind the proxy and a folder, both empty. */
export async function place(changes: Partial<BackupConfig> = {}): Promise<Place> {
  const bucket = `prune-${count++}`;
  await s3.makeBucket(bucket);
  const directory = tempDir('volume');
  const { config: offsite, env } = s3Store({ ...s3, endpoint: proxy.endpoint }, bucket);
  const config = redisConfig([offsite, folder(directory)], WEEK, changes);
  const [first, second] = open({ stores: [s3Store(s3, bucket).config, folder(directory)] }, env); // the tests look around the proxy
  return { config, options: { config, env }, bucket, directory, s3: first!, volume: second!, both: [first!, second!] };
}

/** What `prune --json` says. */
export function planOf(ended: Ended) {
  const { entries, ...rest } = JSON.parse(ended.stdout) as {
    entries: { store: string; id: string; what: string; action: string; reason: string; files: string[]; uploads: string[] }[];
    stopped: { store: string | null; reason: string }[];
    removed: number;
    refused: string[];
  };
  return { ...rest, entries, deleted: entries.filter(({ action }) => action === 'delete') };
}

export async function prune(options: RunOptions, ...args: string[]) {
  const ended = await run(['prune', '--json', ...args], options);
  expect({ code: ended.code, stderr: ended.code === 0 ? '' : ended.stderr }).toEqual({ code: 0, stderr: '' });
  return { ...planOf(ended), events: ended.events };
}

/** The time in an id, ISO 8601. */
export function timeOf(id: string): string {
  const [, y, mo, d, h, mi, s] = /_(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)$/.exec(id)!;
  return `${y}-${mo}-${d}T${h}:${mi}:${s}Z`;
}
