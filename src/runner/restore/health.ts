import { setTimeout as sleep } from 'node:timers/promises';
import { ExitCode } from '../../contract/exit-code';
import { messageOf, RunnerError } from '../core/errors';

const EVERY_MS = 2000;
const ONE_TRY_MS = 5000;
const GIVE_UP_AFTER_MS = 5 * 60 * 1000;

/** Asks `url` until it answers with 2xx. */
export async function waitUntilHealthy(url: string, signal: AbortSignal, giveUpAfterMs = GIVE_UP_AFTER_MS): Promise<void> {
  const end = Date.now() + giveUpAfterMs;
  for (;;) {
    const answer = await ask(url, signal);
    if (answer === null) return;
    if (Date.now() > end) {
      // Not a code that is retried: a second run would restore a second time, over what was written since.
      throw new RunnerError(`${url} does not answer well, last with ${answer}: the restore itself is done, look at the application's log`, ExitCode.DEADLINE);
    }
    await sleep(EVERY_MS, undefined, { signal });
  }
}

/** What is wrong with the answer; `null` if nothing is. */
async function ask(url: string, signal: AbortSignal): Promise<string | null> {
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(ONE_TRY_MS)]) });
    await response.body?.cancel();
    return response.ok ? null : `status ${response.status}`;
  } catch (error) {
    signal.throwIfAborted();
    return messageOf((error as Error).cause ?? error); // "fetch failed" alone says nothing
  }
}
