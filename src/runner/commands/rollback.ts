import { confirm } from './confirm';
import { RestoreConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { Context } from '../core/context';
import { RunnerError } from '../core/errors';
import { formatAge, formatBytes, formatTime } from '../core/format';
import { resultLine } from '../core/result-line';
import { describePrevious, RollbackPoint, notReady, Restorer } from '../engine-api/restorer';
import { openRestorer } from '../engines/open';
import { openWorkloads } from '../kubernetes/open-workloads';
import { runRestore, withWorkloadsStopped } from '../restore/restore-run';
import { openStores } from '../stores/open';

export interface KeptOptions {
  /** Name of what is kept; if not given, the newest, and for a rollback what one that did not end was to bring back. */
  readonly name: string | undefined;
  readonly yes: boolean;
  readonly inPod: boolean;
}

/** Makes live again what the last restore has replaced. What is live now is kept in its place. */
export async function rollback(context: Context<RestoreConfig>, options: KeptOptions): Promise<ExitCode> {
  return runRestore('rollback', context, either => rollBack(either, options));
}

async function rollBack(context: Context<RestoreConfig>, options: KeptOptions): Promise<ExitCode> {
  const { config, env, reporter, signal, stdout, asText } = context;
  const restorer = openRestorer({ config, env, reporter, stores: openStores(context) });
  const workloads = openWorkloads(config.workloads, env, reporter);
  for (const repaired of await restorer.repair(signal)) reporter.warn('restore.repaired', repaired);
  const kept = choose(await restorer.rollbackPoints(signal), restorer, options);
  const missing = await workloads.inspect(signal);
  if (missing.length > 0) {
    throw notReady(`${restorer.description} can't be rolled back`, missing);
  }
  await confirm(`This makes ${describe(kept)} live again as ${restorer.description}, and keeps what is live now.`, options, context);
  const { state, notes, ...rolledBack } = await withWorkloadsStopped(kept.name, restorer, workloads, () => restorer.rollback(kept, signal), context);
  const previous = rolledBack.previous && describePrevious(rolledBack.previous);
  stdout.write(asText
    ? `${notes.map(note => `Note: ${note}\n`).join('')}Done: ${state}.${previous === null ? '' : ` What was live is kept as ${previous}.`}\n`
    : resultLine('rollback.finished', { holds: state, previous, notes }));
  return ExitCode.OK;
}

/** Removes what a restore has kept. */
export async function discard(context: Context<RestoreConfig>, options: KeptOptions): Promise<ExitCode> {
  const { config, env, reporter, signal, stdout, asText } = context;
  const restorer = openRestorer({ config, env, reporter, stores: openStores(context) });
  // Not what a rollback that did not end was to bring back: that may be the last good copy.
  const kept = choose([...await restorer.rollbackPoints(signal)].sort((a, b) => b.keptAt.getTime() - a.keptAt.getTime()), restorer, options);
  await confirm(`This removes ${describe(kept)} for good.`, { ...options, inPod: false }, context);
  await restorer.discard(kept, signal);
  stdout.write(asText
    ? `Removed ${kept.name}.\n`
    : resultLine('discard.finished', { name: kept.name, bytes: kept.bytes }));
  return ExitCode.OK;
}

function choose(all: readonly RollbackPoint[], restorer: Restorer, { name }: KeptOptions): RollbackPoint {
  const found = name === undefined ? all[0] : all.find(kept => kept.name === name);
  if (found) return found;
  throw new RunnerError(
    all.length === 0
      ? `${restorer.description}: no restore has kept anything here`
      : `${restorer.description}: there is no ${name}; kept are ${all.map(describe).join(', ')}`,
    ExitCode.NOT_FOUND,
  );
}

function describe({ name, keptAt, bytes }: RollbackPoint): string {
  const now = new Date();
  return `${name} (kept at ${formatTime(keptAt, now)}, ${formatAge(keptAt, now)}${bytes === null ? '' : `, ${formatBytes(bytes)}`})`;
}
