import { RunnerError } from './errors';
import { formatSeconds } from './reporter';
import { ExitCode } from '../contract/exit-code';

/**
 * Does something that has to end in time.
 *
 * @param stopped what a run that was stopped has left, and what to do, for the message
 */
export async function withDeadline<T>(seconds: number, outer: AbortSignal, stopped: string, action: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const deadline = AbortSignal.timeout(seconds * 1000);
  try {
    return await action(AbortSignal.any([outer, deadline]));
  } catch (error) {
    if (!deadline.aborted || outer.aborted) throw error;
    throw new RunnerError(`stopped at the deadline of ${formatSeconds(seconds)}: ${stopped}`, ExitCode.DEADLINE, { cause: error });
  }
}
