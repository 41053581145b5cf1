import { setTimeout as sleep } from 'node:timers/promises';
import { NamedConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { parseKey, PINNED_SUFFIX, RECORD_SUFFIX, STARTED_SUFFIX } from '../../contract/layout';
import { Catalog, readCatalog } from '../catalog/catalog';
import { findBackup } from '../catalog/choose-backup';
import { filesOf, readClaim } from '../catalog/claim';
import { Copies, storesWithWhole } from '../catalog/copy-state';
import { warnOfPassedOver } from '../catalog/notes';
import { Context } from '../core/context';
import { RunnerError } from '../core/errors';
import { formatDay } from '../core/format';
import { firstDeletion } from '../lifecycle/expiry';
import { readAllExpiries, WAY_OUT } from '../prune/against-lifecycle';
import { inEveryStore } from '../prune/in-every-store';
import { Store } from '../store-api/store';
import { openStores } from '../stores/open';

/** A prune removes a record within this time after its claim, or was killed. */
const REMOVAL_MS = 120_000;
const LOOK_EVERY_MS = 500;

/** Keeps a backup, in every store, until somebody unpins it. */
export async function pin(context: Context<NamedConfig>, wanted: string): Promise<ExitCode> {
  const { config, reporter, signal, stdout } = context;
  const stores = openStores(context);
  const catalog = await readCatalog(config.name, stores, signal);
  const backup = findBackup(catalog, config.name, wanted);
  const { record, copies } = backup;
  if (wanted === 'latest') warnOfPassedOver(catalog, backup, reporter);
  const content = `${JSON.stringify({ id: record.id, pinnedAt: new Date().toISOString() })}\n`;
  const { done, failures } = await inEveryStore(stores, store => store.create(record.id + PINNED_SUFFIX, content, signal), signal);
  const kept = await holdersAfter(record.id, copies, done.map(({ store }) => store), context);
  if (done.length > 0) stdout.write(`${record.id} is pinned: no prune removes it before "cdk8s-backup unpin ${record.id}".\n`);
  if (failures.length > 0) throw incomplete(`${record.id} is ${done.length > 0 ? 'not pinned in every store, but one is enough for all' : 'not pinned'}`, failures);
  const holders = storesWithWhole(copies).filter(name => kept.includes(name));
  const deletions = await deletionsOf(context, record.id, catalog, holders);
  if (holders.length > 0 && deletions.length === holders.length) {
    throw new RunnerError(`no store keeps ${record.id} until it is unpinned: ${deletions.map(({ what }) => what).join('; ')}. ${WAY_OUT}, or put a copy elsewhere: cdk8s-backup fetch ${record.id}`, ExitCode.FAILED);
  }
  for (const { store, what } of deletions) reporter.warn('pin.not-kept', `${what}, pinned or not. ${WAY_OUT}`, { store, backup: record.id });
  return ExitCode.OK;
}

/**
 * Names of the stores that still have the record now that it is pinned. A prune claims a backup before it looks for a pin and removes it, so
 * after the pin either there is no claim, or the prune is waited for.
 */
async function holdersAfter(
  id: string, copies: Copies, stores: readonly Store[], { reporter, signal }: Context<NamedConfig>,
): Promise<string[]> {
  const pinnedIn = stores.filter(({ name }) => copies.get(name)?.kind !== 'record-missing');
  const kept: string[] = [];
  for (const store of pinnedIn) {
    if (await outlivesRemoval(id, store, signal)) kept.push(store.name);
    else reporter.warn('pin.too-late', `${id} was removed from ${store.name} a moment before it was pinned`, { store: store.name, backup: id });
  }
  if (pinnedIn.length > 0 && kept.length === 0) {
    throw new RunnerError(`${id} was removed a moment before it was pinned: choose another, see "cdk8s-backup list"`, ExitCode.NOT_FOUND);
  }
  return kept;
}

async function outlivesRemoval(id: string, store: Store, signal: AbortSignal): Promise<boolean> {
  for (;;) {
    const files = await filesOf(id, store, signal);
    if (!files.includes(id + RECORD_SUFFIX)) return false;
    const claim = files.includes(id + STARTED_SUFFIX) ? await readClaim(id, store, signal) : null;
    // That of a removal has no time of its own; one that is old, or the run's, holds nobody up.
    if (claim?.deadlineAt.getTime() !== claim?.startedAt.getTime()) return true;
    if (claim === null || Date.now() - claim.deadlineAt.getTime() >= REMOVAL_MS) return true;
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}

/** Copies that the lifecycle of their bucket deletes, pinned or not. */
async function deletionsOf(context: Context<NamedConfig>, id: string, { files }: Catalog, holders: readonly string[]) {
  const expiries = await readAllExpiries(context, id);
  return expiries.filter(({ store }) => holders.includes(store.name)).flatMap(({ store, rules }) => {
    const objects = [...files.get(store.name)?.values() ?? []].filter(({ key }) => parseKey(key)?.id === id);
    const deletion = firstDeletion(store, objects, rules ?? []);
    return deletion ? [{ store: store.name, what: `${store.name}: the lifecycle rule ${deletion.rule} of its bucket deletes ${id} from ${formatDay(deletion.at)} on` }] : [];
  });
}

/** Leaves a backup to the retention again. */
export async function unpin(context: Context<NamedConfig>, wanted: string): Promise<ExitCode> {
  const { config, signal, stdout } = context;
  const stores = openStores(context);
  const { record } = findBackup(await readCatalog(config.name, stores, signal), config.name, wanted);
  const { failures } = await inEveryStore(stores, store => store.remove([record.id + PINNED_SUFFIX], signal), signal);
  if (failures.length > 0) throw incomplete(`${record.id} may still be pinned`, failures);
  stdout.write(`${record.id} is not pinned: the retention decides about it.\n`);
  return ExitCode.OK;
}

function incomplete(what: string, failures: readonly RunnerError[]): RunnerError {
  return new RunnerError(`${what}: ${failures.map(({ message }) => message).join('; ')}`, failures[0]!.exitCode, { cause: failures[0] });
}
