import { RunnerError } from './errors';
import { formatSeconds } from './format';
import { ExitCode } from '../../contract/exit-code';

/** The longest time that a timer takes: 24.8 days. One that is set for longer ends at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Aborted after so many seconds, or after {@link LONGEST_TIMER_MS}. */
export function deadlineIn(seconds: number): AbortSignal {
  return AbortSignal.timeout(Math.min(Math.ceil(seconds * 1000), LONGEST_TIMER_MS));
}

/** For the last calls of a run that is told to stop: it is gone a second and a half later, whatever they have come to. */
export const LAST_CALLS_MS = 3000;

/** Aborted {@link LAST_CALLS_MS} after `signal` is, for what a run that is stopped now still has to write. */
export function lastCalls(signal: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const stop = () => void setTimeout(() => controller.abort(signal.reason), LAST_CALLS_MS).unref();
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  return controller.signal;
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
