import { setTimeout as sleep } from 'node:timers/promises';
import { ExitCode } from '../../contract/exit-code';
import { deadlineIn } from '../core/deadline';
import { messageOf, RunnerError } from '../core/errors';
import { formatSeconds } from '../core/format';

const EVERY_MS = 300;

/**
 * Asks a server until it answers. Only what a server says that is not there yet is waited for: another answer will not change.
 *
 * @param what names the server, for the message
 */
export async function waitForServer<T>(
  what: string, limitSeconds: number, ask: (signal: AbortSignal) => Promise<T>, signal: AbortSignal,
): Promise<T> {
  const limit = deadlineIn(limitSeconds);
  const either = AbortSignal.any([signal, limit]);
  let last = 'it never answered';
  for (;;) {
    try {
      return await ask(either);
    } catch (error) {
      signal.throwIfAborted();
      if (!limit.aborted) {
        if (!(error instanceof RunnerError) || error.exitCode !== ExitCode.UNAVAILABLE) throw error;
        last = messageOf(error);
        await sleep(EVERY_MS, undefined, { signal: either }).catch(() => {});
        signal.throwIfAborted();
      }
      if (limit.aborted) {
        throw new RunnerError(
          `the scratch server, ${what}, did not start within ${formatSeconds(limitSeconds)} (${last}): see its log, "kubectl logs POD -c server"; `
            + 'often its image, its memory or its volume is too small. If it only needs longer, raise \'serverStartTimeout\'',
          ExitCode.UNAVAILABLE, { cause: error },
        );
      }
    }
  }
}
