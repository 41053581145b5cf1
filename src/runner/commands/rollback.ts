import { confirm } from './confirm';
import { RestoreConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { coloursOf } from '../core/colour';
import { Context } from '../core/context';
import { RunnerError } from '../core/errors';
import { formatAge, formatBytes, formatTime } from '../core/format';
import { resultLine } from '../core/result-line';
import { describePrevious, exitCodeOfMissing, RollbackPoint, notReady, Restored, Restorer } from '../engine-api/restorer';
import { openRestorer } from '../engines/open';
import { openWorkloads } from '../kubernetes/open-workloads';
import { Workloads } from '../kubernetes/workloads';
import { bringUp, runRestore, withWorkloadsStopped } from '../restore/restore-run';
import { openStores } from '../stores/open';

export interface KeptOptions {
  /** Name of what is kept; if not given, the newest, and for a rollback what one that did not end was to bring back. */
  readonly name: string | undefined;
  /** Whether to tell what would be done, and do nothing. */
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly inPod: boolean;
}

/** Makes live again what the last restore has replaced. What is live now is kept in its place. */
export async function rollback(context: Context<RestoreConfig>, options: KeptOptions): Promise<ExitCode> {
  return runRestore('rollback', context, either => rollBack(either, options));
}

async function rollBack(context: Context<RestoreConfig>, options: KeptOptions): Promise<ExitCode> {
  const { config, env, reporter, signal } = context;
  const restorer = openRestorer({ config, env, reporter, stores: openStores(context) });
  const workloads = openWorkloads(config.workloads, env, reporter);
  if (options.dryRun) return planRollback(await restorer.rollbackPoints(signal), restorer, workloads, options, context);
  const before = await workloads.restoredBefore(signal);
  if (before !== null) {
    const state = `${restorer.description} was rolled back by an earlier pod of this Job, and what was written since stays`;
    return report(await bringUp(before, { state, previous: null, notes: [] }, workloads, context), context);
  }
  for (const repaired of await restorer.repair(signal)) reporter.warn('restore.repaired', repaired);
  const kept = choose(await restorer.rollbackPoints(signal), restorer, options);
  const missing = await workloads.inspect(signal);
  if (missing.length > 0) {
    throw notReady(`${restorer.description} can't be rolled back`, missing);
  }
  await confirm(`This makes ${describe(kept)} live again as ${restorer.description}, and keeps what is live now.`, options, context);
  return report(await withWorkloadsStopped(kept.name, restorer, workloads, () => restorer.rollback(kept, signal), context), context);
}

function report({ state, notes, ...rolledBack }: Restored, { stdout, asText }: Context<RestoreConfig>): ExitCode {
  const previous = rolledBack.previous && describePrevious(rolledBack.previous);
  stdout.write(asText
    ? `${notes.map(note => `Note: ${note}\n`).join('')}Done: ${state}.${previous === null ? '' : ` What was live is kept as ${previous}.`}\n`
    : resultLine('rollback.finished', { holds: state, previous, notes }));
  return ExitCode.OK;
}

/** What is left half done is put right before a rollback begins, and is not looked at here. */
async function planRollback(
  all: readonly RollbackPoint[], restorer: Restorer, workloads: Workloads, options: KeptOptions,
  { stdout, asText, env, signal }: Context<RestoreConfig>,
): Promise<ExitCode> {
  const kept = choose(all, restorer, options);
  const missing = await workloads.inspect(signal);
  const steps = [
    ...workloads.steps.length === 0 ? [] : [`stop ${workloads.steps.join(', ')}`],
    `make ${describe(kept)} live again, and keep what is live now`,
    ...workloads.steps.length === 0 ? [] : [`start ${[...workloads.steps].reverse().join(', ')} again, and wait until all are ready`],
  ];
  const others = all.filter(each => each !== kept);
  stdout.write(asText ? [
    `Rollback of ${restorer.description}. Nothing is changed by this plan.`,
    ...steps.map((step, i) => `${String(i + 1).padStart(3)}. ${step}`),
    ...others.map(each => `Kept too, and left alone: ${describe(each)}`),
    ...missing.map(({ message }) => `${coloursOf(stdout, env).red('Missing:')} ${message}`),
    '',
  ].join('\n') : resultLine('rollback.plan', { target: restorer.description, ...asJson(kept), steps, others: others.map(asJson), missing }));
  return exitCodeOfMissing(missing);
}

/** Removes what a restore has kept. */
export async function discard(context: Context<RestoreConfig>, options: KeptOptions): Promise<ExitCode> {
  const { config, env, reporter, signal, stdout, asText } = context;
  const restorer = openRestorer({ config, env, reporter, stores: openStores(context) });
  // Not what a rollback that did not end was to bring back: that may be the last good copy.
  const kept = choose([...await restorer.rollbackPoints(signal)].sort((a, b) => b.keptAt.getTime() - a.keptAt.getTime()), restorer, options);
  if (options.dryRun) {
    stdout.write(asText ? `This would remove ${describe(kept)} for good. Nothing is changed by this plan.\n` : resultLine('discard.plan', { target: restorer.description, ...asJson(kept) }));
    return ExitCode.OK;
  }
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

function asJson({ name, keptAt, bytes }: RollbackPoint) {
  return { name, keptAt: keptAt.toISOString(), bytes };
}
