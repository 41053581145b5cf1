import { setTimeout as sleep } from 'node:timers/promises';
import { ExitCode } from '../../contract/exit-code';
import { messageOf, RunnerError } from '../core/errors';
import { formatSeconds } from '../core/format';
import { Reporter } from '../core/reporter';

const EVERY_MS = 2000;
const ONE_TRY_MS = 5000;
const SAY_AGAIN_AFTER_MS = 30_000;
const GIVE_UP_AFTER_MS = 5 * 60 * 1000;

/** Asks `url` until it answers with 2xx. Whoever follows the log sees what it waits for: each new answer, and the same one now and then. */
export async function waitUntilHealthy(url: string, reporter: Reporter, signal: AbortSignal, giveUpAfterMs = GIVE_UP_AFTER_MS): Promise<void> {
  const startedAt = performance.now();
  let said: { readonly answer: string; readonly at: number } | undefined;
  for (;;) {
    const answer = await ask(url, signal);
    const now = performance.now();
    if (answer === null) {
      reporter.info('health.good', `${url} answers well`, { seconds: (now - startedAt) / 1000 });
      return;
    }
    if (now - startedAt > giveUpAfterMs) {
      // Not a code that is retried: a second run would restore a second time, over what was written since.
      throw new RunnerError(`${url} does not answer well, last with ${answer}: the restore itself is done, look at the application's log`, ExitCode.DEADLINE);
    }
    if (said === undefined || said.answer !== answer || now - said.at > SAY_AGAIN_AFTER_MS) {
      reporter.info('health.waiting', `${url} does not answer well yet, with ${answer}; the restore waits at most ${formatSeconds(giveUpAfterMs / 1000)} for it`, { answer });
      said = { answer, at: now };
    }
    await sleep(EVERY_MS, undefined, { signal });
  }
}

/**
 * What is wrong with the answer; `null` if nothing is.
 *
 * Each time over a new connection: one that is kept goes on to whoever answered first, and just after the start that may be anybody but the
 * application, such as a gateway that gets what a Service without endpoints does not take.
 */
async function ask(url: string, signal: AbortSignal): Promise<string | null> {
  try {
    const response = await fetch(url, { headers: { connection: 'close' }, signal: AbortSignal.any([signal, AbortSignal.timeout(ONE_TRY_MS)]) });
    await response.body?.cancel();
    return response.ok ? null : `status ${response.status}`;
  } catch (error) {
    signal.throwIfAborted();
    return messageOf((error as Error).cause ?? error); // "fetch failed" alone says nothing
  }
}
