import { waitUntilHealthy } from './health';
import { RestoreConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { Context } from '../core/context';
import { deadlineIn, LAST_CALLS_MS } from '../core/deadline';
import { exitCodeOf, messageOf, RunnerError } from '../core/errors';
import { formatSeconds } from '../core/format';
import { Reporter } from '../core/reporter';
import { clearLeftScratch } from '../core/scratch';
import { RestoreFailure, Restored, Restorer } from '../engine-api/restorer';
import { Workloads } from '../kubernetes/workloads';

/** Runs a command that changes a target within its deadline. Whatever fails, the message says what the target holds. */
export async function runRestore(
  what: 'restore' | 'rollback', context: Context<RestoreConfig>, action: (context: Context<RestoreConfig>) => Promise<ExitCode>,
): Promise<ExitCode> {
  const { config } = context;
  const deadline = deadlineIn(config.activeDeadlineSeconds);
  const signal = AbortSignal.any([context.signal, deadline]);
  try {
    await clearLeftScratch(config.scratch, context.reporter);
    return await action({ ...context, signal });
  } catch (error) {
    const holds = error instanceof RestoreFailure ? error.state : 'Nothing was changed';
    if (deadline.aborted && !context.signal.aborted) {
      throw new RunnerError(
        `the ${what} of ${config.name} was stopped at its deadline of ${formatSeconds(config.activeDeadlineSeconds)}. ${holds}. `
          + 'Raise the deadline, or look for what slows down the server, the network or the store',
        ExitCode.DEADLINE, { cause: error },
      );
    }
    if (error instanceof RestoreFailure && error.live) throw error;
    if (context.signal.aborted) throw new RunnerError(`${messageOf(context.signal.reason)}. ${holds}`, ExitCode.CANCELLED, { cause: error });
    if (error instanceof RestoreFailure) throw error;
    throw new RunnerError(`${messageOf(error)}. ${holds}`, exitCodeOf(error), { cause: error });
  }
}

/**
 * Stops the workloads, changes the target, and starts them again, also after a failure that they can live with.
 *
 * @param id of what is made live
 */
export async function withWorkloadsStopped(
  id: string, restorer: Restorer, workloads: Workloads, change: () => Promise<Restored>, context: Context<RestoreConfig>,
): Promise<Restored> {
  const { reporter, signal } = context;
  const startedAt = performance.now();
  let restored: Restored;
  try {
    for (const repaired of await restorer.repair(signal)) reporter.warn('restore.repaired', repaired);
    await workloads.stop(signal);
    restored = await change();
  } catch (error) {
    const failure = error instanceof RestoreFailure ? error
      : new RestoreFailure(messageOf(error), `${restorer.description} is as it was`, true, exitCodeOf(error), { cause: error });
    // What is stopped stays down only where starting it would make things worse.
    if (failure.usable) await startAtLast(workloads, reporter, failure.live ? id : undefined);
    else if (workloads.steps.length > 0) reporter.error('workloads.down', 'the workloads stay stopped: the target is not fit for use');
    throw failure;
  }
  reporter.info('restore.live', restored.state, { seconds: (performance.now() - startedAt) / 1000 });
  return bringUp(id, restored, workloads, context);
}

/**
 * Starts what was stopped, and waits until it works. What was restored is live from here on, and the application writes to it: no failure
 * has an exit code with which the Job would restore again, and a run that is told to stop has done its work.
 */
export async function bringUp(
  id: string, restored: Restored, workloads: Workloads, { config, reporter, signal }: Pick<Context<RestoreConfig>, 'config' | 'reporter' | 'signal'>,
): Promise<Restored> {
  try {
    await workloads.start(true, signal, id);
    if (config.healthUrl !== null) await waitUntilHealthy(config.healthUrl, reporter, signal);
    return restored;
  } catch (error) {
    const started = await startAtLast(workloads, reporter, id);
    if (started && signal.aborted && exitCodeOf(signal.reason) === ExitCode.CANCELLED) {
      const note = 'the run was stopped before the application was seen to work: look whether its pods are ready';
      reporter.warn('restore.unwatched', `${restored.state}, and ${note}`);
      return { ...restored, notes: [...restored.notes, note] };
    }
    throw new RestoreFailure(messageOf(error), restored.state, true, exitCodeOf(error), { cause: error, live: true });
  }
}

/** Starts workloads as far as that can be done now, and does not wait for them. Returns whether all are started. */
async function startAtLast(workloads: Workloads, reporter: Reporter, restored: string | undefined): Promise<boolean> {
  try {
    await workloads.start(false, AbortSignal.timeout(LAST_CALLS_MS), restored);
    return true;
  } catch (error) {
    reporter.error('workloads.down', `the workloads can't be started again, ${restored === undefined ? 'run this once more or ' : ''}scale them yourself: ${messageOf(error)}`);
    return false;
  }
}
