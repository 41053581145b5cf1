import { setTimeout as sleep } from 'node:timers/promises';
import { fault, faultOf, DoctorFinding, ok, warning, StoreCheckOptions } from './finding';
import { checkLifecycle } from './lifecycle';
import { BackupConfig, StoreConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { backupId, keyPrefix, parseKey, STARTED_SUFFIX } from '../../contract/layout';
import { latest } from '../catalog/choose-backup';
import { filesOf, renderClaim } from '../catalog/claim';
import { backupsElsewhere } from '../catalog/elsewhere';
import { readSmall } from '../catalog/read-small';
import { bytesOf } from '../catalog/sizes';
import { isDenied } from '../core/errors';
import { formatBytes, formatSeconds } from '../core/format';
import { observe } from '../monitor/observe';
import { StoreSnapshot } from '../monitor/store-snapshot';
import { Store } from '../store-api/store';
import { bucketsAmong, openStore } from '../stores/open';

const REMOVAL_MS = 20_000;
const PROBE_ATTEMPTS = 3;
/** As for S3: from here on names and times of backups contradict those of the store visibly. */
const CLOCK_WARNING_SECONDS = 60;

/** Whether a store can be reached, listed, written, read and deleted from, and has room for the next backup. */
export async function checkStore(storeConfig: StoreConfig, options: StoreCheckOptions): Promise<DoctorFinding[]> {
  const { config, env, signal } = options;
  const subject = `store ${storeConfig.name}`;
  const findings: DoctorFinding[] = [];
  let store: Store;
  try {
    store = openStore(storeConfig, env, message => findings.push(warning(subject, message, null)));
    await store.check(signal, keyPrefix(config.name), 'source' in config ? 'writing' : 'reading');
  } catch (error) {
    signal.throwIfAborted();
    return [...findings, faultOf(subject, error)];
  }
  findings.push(ok(subject, `${store.location} is there and can be listed`));
  const snapshot = new StoreSnapshot(config.name, store);
  await snapshot.refresh(signal);
  if (snapshot.trouble) return [...findings, faultOf(subject, snapshot.trouble.error)];
  const { catalog } = await observe(config.name, [snapshot], signal);
  const newest = catalog && latest(catalog)?.record;
  findings.push(newest
    ? ok(subject, `${catalog.backups.length} backups, the newest that can be used is ${newest.id}`)
    : warning(subject, `no backup of ${config.name} can be used`, 'take one: cdk8s-backup backup; if there should be some, the prefix, the layout, the bucket or the name is another one'));
  for (const sentence of await backupsElsewhere(config.name, [store], signal)) findings.push(warning(subject, sentence, null));
  for (const { message } of catalog?.unreadable ?? []) findings.push(warning(subject, message, null));
  if (snapshot.held) findings.push(warning(subject, `pruning of ${config.name} is on hold`, 'once the incident is over: cdk8s-backup release'));
  // Whoever only restores, or only looks, may have keys that only read.
  if ('source' in config) findings.push(...await probe(subject, config, store, signal), ...await room(subject, store, options, newest ? bytesOf(newest.artifacts) : null));
  for (const bucket of bucketsAmong([storeConfig])) findings.push(...await checkLifecycle(subject, bucket, options));
  return findings;
}

/**
 * Writes a small object, reads it back and deletes it. It looks like the claim of a run that has ended: no reader takes that for a
 * backup, credentials for one backup may write it, and where they may not delete, prune does.
 */
async function probe(subject: string, { name, pruneAfterBackup }: BackupConfig, store: Store, signal: AbortSignal): Promise<DoctorFinding[]> {
  const findings: DoctorFinding[] = [];
  let key = '';
  let refusal: unknown;
  try {
    const written = await writeProbe(name, store, signal);
    if (written === null) return [warning(subject, 'whether it can be written was not tried: runs began in all of the last seconds', 'try again')];
    key = written.key;
    const after = Date.now();
    try {
      findings.push(await readSmall(store, key, signal) === written.content
        ? ok(subject, 'can be written and read back')
        : fault(subject, 'it reads back other bytes than were written', 'don\'t use this store', ExitCode.CORRUPT));
      for await (const object of store.list(key, signal)) {
        const [before, seconds] = [written.at / 1000, object.modifiedAt.getTime() / 1000];
        // To the second, as S3 tells it.
        const off = seconds < before - 1 ? before - seconds : Math.max(0, seconds - after / 1000 - 1);
        findings.push(off < CLOCK_WARNING_SECONDS
          ? ok(subject, 'its clock is that of this machine')
          : warning(subject, `its clock and that of this machine are ${formatSeconds(off)} apart`, 'names and times of backups follow the clock here: set both by NTP'));
      }
      for (const { message, advice } of await store.brokenPromises?.(key, signal) ?? []) findings.push(warning(subject, message, advice));
    } finally {
      await store.remove([key], AbortSignal.timeout(REMOVAL_MS)).catch((error: unknown) => { refusal = error; });
    }
    if (refusal === undefined) findings.push(ok(subject, 'can be deleted from'));
  } catch (error) {
    signal.throwIfAborted();
    findings.push(faultOf(subject, error));
  }
  if (isDenied(refusal) && !pruneAfterBackup) {
    findings.push(ok(subject, `these credentials may not delete, so what failed runs leave is for those of "cdk8s-backup prune", and so is the probe ${key}`));
  } else if (refusal !== undefined) {
    findings.push(faultOf(subject, refusal), warning(subject, `the probe ${key} may still be there`,
      'a backup that fails can\'t be cleaned up either, and each run is to prune at its end: allow the deletion of objects, or give \'prune\' credentials of its own'));
  }
  return findings;
}

interface Probe {
  readonly key: string;
  readonly content: string;
  /** When it was begun, in milliseconds. */
  readonly at: number;
}

/** Under an id that no run has: where one began in this second, in the next. A write whose answer was lost is left to prune, as it may be a run's. */
async function writeProbe(name: string, store: Store, signal: AbortSignal): Promise<Probe | null> {
  for (let attempt = 1; attempt <= PROBE_ATTEMPTS; attempt++) {
    const at = Date.now();
    const key = backupId(name, new Date(at)) + STARTED_SUFFIX;
    const content = renderClaim(new Date(at), new Date(at));
    const free = (await filesOf(parseKey(key)!.id, store, signal)).length === 0;
    if (free && await store.create(key, content, signal)) return { key, content, at };
    await sleep(1000, undefined, { signal });
  }
  return null;
}

async function room(
  subject: string, store: Store, { expectedBytes, signal }: StoreCheckOptions, newestBytes: number | null,
): Promise<DoctorFinding[]> {
  if (!store.freeBytes) return [];
  const free = await store.freeBytes(signal);
  // The newest one has the size after compression; the source can only guess.
  const needed = newestBytes ?? expectedBytes ?? 0;
  const message = `${formatBytes(free)} are free, and the next backup needs about ${formatBytes(needed)}`;
  if (free < needed) return [fault(subject, message, 'enlarge the volume, or shorten the retention', ExitCode.NO_SPACE)];
  return [free < 2 * needed ? warning(subject, message, 'there is room for one more: enlarge the volume, or shorten the retention') : ok(subject, message)];
}
