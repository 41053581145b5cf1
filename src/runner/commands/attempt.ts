import { Context } from './context';
import { RestoreConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { deadlineIn } from '../deadline';
import { messageOf, RunnerError } from '../errors';
import { formatSeconds } from '../reporter';
import { waitUntilHealthy } from '../restore/health';
import { RestoreFailure, Restored, Restorer } from '../restore/restorer';
import { Workloads } from '../restore/workloads';

/** Time to start workloads again when the run itself is being stopped. */
const LAST_CALLS_MS = 3000;

/** Runs a command that changes a target within its deadline. Whatever fails, the message says what the target holds. */
export async function attempt(
  what: 'restore' | 'rollback', context: Context<RestoreConfig>, action: (context: Context<RestoreConfig>) => Promise<ExitCode>,
): Promise<ExitCode> {
  const { config } = context;
  const deadline = deadlineIn(config.deadlineSeconds);
  const signal = AbortSignal.any([context.signal, deadline]);
  try {
    return await action({ ...context, signal });
  } catch (error) {
    const holds = error instanceof RestoreFailure ? error.holds : 'Nothing was changed';
    if (deadline.aborted && !context.signal.aborted) {
      throw new RunnerError(
        `the ${what} of ${config.name} was stopped at its deadline of ${formatSeconds(config.deadlineSeconds)}. ${holds}. `
          + 'Raise the deadline, or look for what slows down the server, the network or the store',
        ExitCode.DEADLINE, { cause: error },
      );
    }
    if (context.signal.aborted) throw new RunnerError(`${messageOf(context.signal.reason)}. ${holds}`, ExitCode.CANCELLED, { cause: error });
    if (error instanceof RestoreFailure) throw error;
    throw new RunnerError(`${messageOf(error)}. ${holds}`, error instanceof RunnerError ? error.exitCode : ExitCode.FAILED, { cause: error });
  }
}

/** Stops the workloads, changes the target, and starts them again, also after a failure that they can live with. */
export async function whileStopped(
  restorer: Restorer, workloads: Workloads, change: () => Promise<Restored>, { config, reporter, signal }: Context<RestoreConfig>,
): Promise<Restored> {
  const startedAt = performance.now();
  let holds = `${restorer.description} is as it was`;
  let sound = true;
  try {
    for (const repaired of await restorer.repair(signal)) reporter.warn('restore.repaired', repaired);
    await workloads.stop(signal);
    const restored = await change();
    holds = restored.holds;
    reporter.info('restore.live', holds, { seconds: (performance.now() - startedAt) / 1000 });
    await workloads.start(true, signal);
    if (config.healthUrl !== null) await waitUntilHealthy(config.healthUrl, signal);
    return restored;
  } catch (error) {
    if (error instanceof RestoreFailure) ({ holds, sound } = error);
    // What is stopped stays down only where starting it would make things worse.
    if (sound) {
      await workloads.start(false, AbortSignal.timeout(LAST_CALLS_MS)).catch((failure: unknown) => {
        reporter.error('workloads.down', `the workloads can't be started again, run this once more or scale them yourself: ${messageOf(failure)}`);
      });
    } else if (workloads.steps.length > 0) {
      reporter.error('workloads.down', 'the workloads stay stopped: the target is not fit for use');
    }
    if (error instanceof RestoreFailure) throw error;
    throw new RestoreFailure(messageOf(error), holds, sound, error instanceof RunnerError ? error.exitCode : ExitCode.FAILED, { cause: error });
  }
}
