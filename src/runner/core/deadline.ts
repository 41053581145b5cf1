import { RunnerError } from './errors';
import { formatSeconds } from './format';
import { ExitCode } from '../../contract/exit-code';

/** The longest time that a timer takes: 24.8 days. One that is set for longer ends at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Aborted after so many seconds, or after {@link LONGEST_TIMER_MS}. */
export function deadlineIn(seconds: number): AbortSignal {
  return AbortSignal.timeout(Math.min(Math.ceil(seconds * 1000), LONGEST_TIMER_MS));
}

/**
 * Does something that has to end in time.
 *
 * @param stopped what a run that was stopped has left, and what to do, for the message
 */
export async function withDeadline<T>(seconds: number, outer: AbortSignal, stopped: string, action: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const deadline = deadlineIn(seconds);
  try {
    return await action(AbortSignal.any([outer, deadline]));
  } catch (error) {
    if (!deadline.aborted || outer.aborted) throw error;
    throw new RunnerError(`stopped at the deadline of ${formatSeconds(seconds)}: ${stopped}`, ExitCode.DEADLINE, { cause: error });
  }
}
