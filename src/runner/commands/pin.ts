import { Context, openStores } from './context';
import { NamedConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { PINNED_SUFFIX } from '../../contract/layout';
import { findBackup, readCatalog } from '../catalog';
import { RunnerError } from '../errors';
import { inEveryStore } from '../retention/in-every-store';

/** Keeps a backup, in every store, until somebody unpins it. */
export async function pin(context: Context<NamedConfig>, wanted: string): Promise<ExitCode> {
  const { config, signal, stdout } = context;
  const stores = openStores(context);
  const { record } = findBackup(await readCatalog(config.name, stores, signal), config.name, wanted);
  const content = `${JSON.stringify({ id: record.id, pinnedAt: new Date().toISOString() })}\n`;
  const { done, failures } = await inEveryStore(stores, store => store.create(record.id + PINNED_SUFFIX, content, signal), signal);
  if (done.length > 0) stdout.write(`${record.id} is kept until "cdk8s-backup unpin ${record.id}".\n`);
  if (failures.length > 0) throw incomplete(`${record.id} is ${done.length > 0 ? 'not pinned in every store, but one is enough for all' : 'not pinned'}`, failures);
  return ExitCode.OK;
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
