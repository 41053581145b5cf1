import { randomUUID } from 'node:crypto';
import { fault, faultOf, Finding, ok, warning } from './finding';
import { checkLifecycle } from './lifecycle';
import { StoreConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { keyPrefix } from '../../contract/layout';
import { latest, readSmall } from '../catalog';
import { messageOf } from '../errors';
import { LookConfig } from '../load-config';
import { formatBytes, formatSeconds } from '../reporter';
import { openStore } from '../stores/open';
import { Store } from '../stores/store';
import { observe } from '../watch/observe';
import { Shelf } from '../watch/shelf';
import { bytesOf } from '../watch/trend';

const REMOVAL_MS = 20_000;
/** As for S3: from here on names and times of backups contradict those of the store visibly. */
const CLOCK_WARNING_SECONDS = 60;

export interface StoreCheckOptions {
  readonly config: LookConfig;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** Of the next backup; `null` if the source did not say. */
  readonly expectedBytes: number | null;
}

/** Whether a store can be reached, listed, written, read and deleted from, and has room for the next backup. */
export async function checkStore(storeConfig: StoreConfig, options: StoreCheckOptions): Promise<Finding[]> {
  const { config, env, signal } = options;
  const subject = `store ${storeConfig.name}`;
  const findings: Finding[] = [];
  let store: Store;
  try {
    store = openStore(storeConfig, env, message => findings.push(warning(subject, message, null)));
    await store.check(signal);
  } catch (error) {
    signal.throwIfAborted();
    return [...findings, faultOf(subject, error)];
  }
  findings.push(ok(subject, `${store.location} is there and can be listed`));
  const shelf = new Shelf(config.name, store);
  await shelf.refresh(signal);
  if (shelf.trouble) return [...findings, faultOf(subject, shelf.trouble.error)];
  const { catalog } = await observe(config.name, [shelf], signal);
  const newest = catalog && latest(catalog)?.record;
  findings.push(newest
    ? ok(subject, `${catalog.backups.length} backups, the newest that can be used is ${newest.id}`)
    : warning(subject, `no backup of ${config.name} can be used`, 'take one: cdk8s-backup backup; if there should be some, the prefix, the bucket or the name is another one'));
  for (const { message } of catalog?.unreadable ?? []) findings.push(warning(subject, message, null));
  if (shelf.held) findings.push(warning(subject, `pruning of ${config.name} is on hold`, 'once the incident is over: cdk8s-backup release'));
  // Whoever only restores, or only looks, may have keys that only read.
  if ('source' in config) findings.push(...await probe(subject, config.name, store, signal), ...await room(subject, store, options, newest ? bytesOf(newest) : null));
  if (storeConfig.type === 's3') findings.push(...await checkLifecycle(subject, storeConfig, options));
  return findings;
}

/** Writes a small object, reads it back and deletes it. No reader takes its name for one of a backup. */
async function probe(subject: string, name: string, store: Store, signal: AbortSignal): Promise<Finding[]> {
  const key = `${keyPrefix(name)}doctor-${randomUUID()}.probe`;
  const content = 'probe of cdk8s-backup doctor: it may be deleted\n';
  const findings: Finding[] = [];
  const before = Date.now();
  let written = false;
  try {
    try {
      written = await store.create(key, content, signal);
      const after = Date.now();
      if (await readSmall(store, key, signal) !== content) {
        findings.push(fault(subject, 'what was written is not what is read back', 'don\'t use this store', ExitCode.CORRUPT));
      } else {findings.push(ok(subject, 'can be written and read back'));}
      for await (const object of store.list(key, signal)) {
        const seconds = object.modifiedAt.getTime() / 1000;
        // To the second, as S3 tells it.
        const off = seconds < before / 1000 - 1 ? before / 1000 - seconds : Math.max(0, seconds - after / 1000 - 1);
        findings.push(off < CLOCK_WARNING_SECONDS
          ? ok(subject, 'its clock is that of this machine')
          : warning(subject, `its clock and that of this machine are ${formatSeconds(off)} apart`, 'names and times of backups follow the clock here: set both by NTP'));
      }
    } finally {
      // A write whose answer was lost may have been one all the same.
      await store.remove([key], AbortSignal.timeout(REMOVAL_MS));
    }
    findings.push(ok(subject, 'can be deleted from'));
  } catch (error) {
    signal.throwIfAborted();
    findings.push(faultOf(subject, error));
    if (written) {
      findings.push(warning(subject, `the probe ${key} may still be there (${messageOf(error)})`,
        'a backup that fails can\'t be cleaned up either, and prune can\'t work: allow the deletion of objects, and delete the probe by hand'));
    }
  }
  return findings;
}

async function room(subject: string, store: Store, { expectedBytes, signal }: StoreCheckOptions, newestBytes: number | null): Promise<Finding[]> {
  if (!store.freeBytes) return [];
  const free = await store.freeBytes(signal);
  // The newest one has the size after compression; the source can only guess.
  const needed = newestBytes ?? expectedBytes ?? 0;
  const message = `${formatBytes(free)} are free, and the next backup needs about ${formatBytes(needed)}`;
  if (free < needed) return [fault(subject, message, 'enlarge the volume, or shorten the retention', ExitCode.NO_SPACE)];
  return [free < 2 * needed ? warning(subject, message, 'there is room for one more: enlarge the volume, or shorten the retention') : ok(subject, message)];
}
