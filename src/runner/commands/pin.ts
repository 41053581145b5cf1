import { Context } from './context';
import { NamedConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { parseKey, PINNED_SUFFIX } from '../../contract/layout';
import { Catalog, findBackup, readCatalog } from '../catalog';
import { RunnerError } from '../errors';
import { firstDeletion } from '../lifecycle/expiry';
import { readAllExpiries, WAY_OUT } from '../retention/against-lifecycle';
import { inEveryStore } from '../retention/in-every-store';
import { openStores } from '../stores/open';

/** Keeps a backup, in every store, until somebody unpins it. */
export async function pin(context: Context<NamedConfig>, wanted: string): Promise<ExitCode> {
  const { config, reporter, signal, stdout } = context;
  const stores = openStores(context);
  const catalog = await readCatalog(config.name, stores, signal);
  const { record, copies } = findBackup(catalog, config.name, wanted);
  const content = `${JSON.stringify({ id: record.id, pinnedAt: new Date().toISOString() })}\n`;
  const { done, failures } = await inEveryStore(stores, store => store.create(record.id + PINNED_SUFFIX, content, signal), signal);
  if (done.length > 0) stdout.write(`${record.id} is pinned: no prune removes it before "cdk8s-backup unpin ${record.id}".\n`);
  if (failures.length > 0) throw incomplete(`${record.id} is ${done.length > 0 ? 'not pinned in every store, but one is enough for all' : 'not pinned'}`, failures);
  const holders = [...copies].filter(([, wrong]) => wrong === null).map(([name]) => name);
  const deletions = await deletionsOf(context, record.id, catalog, holders);
  if (holders.length > 0 && deletions.length === holders.length) {
    throw new RunnerError(`no store keeps ${record.id} until it is unpinned: ${deletions.map(({ what }) => what).join('; ')}. ${WAY_OUT}, or put a copy elsewhere: cdk8s-backup fetch ${record.id}`, ExitCode.FAILED);
  }
  for (const { store, what } of deletions) reporter.warn('pin.not-kept', `${what}, pinned or not. ${WAY_OUT}`, { store, backup: record.id });
  return ExitCode.OK;
}

/** Copies that the lifecycle of their bucket deletes, pinned or not. */
async function deletionsOf(context: Context<NamedConfig>, id: string, { files }: Catalog, holders: readonly string[]) {
  const expiries = await readAllExpiries(context, id);
  return expiries.filter(({ store }) => holders.includes(store.name)).flatMap(({ store, rules }) => {
    const objects = [...files.get(store.name)?.values() ?? []].filter(({ key }) => parseKey(key)?.id === id);
    const deletion = firstDeletion(store, objects, rules ?? []);
    return deletion ? [{ store: store.name, what: `${store.name}: the lifecycle rule ${deletion.rule} of its bucket deletes ${id} from ${deletion.at.toISOString().slice(0, 10)} on` }] : [];
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
