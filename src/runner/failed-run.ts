import { Context } from './commands/context';
import { RunnerError } from './errors';
import { renderDocument } from './history';
import { openStore } from './stores/open';
import { FAILED_RUN_VERSION } from '../contract/failed-run';
import { backupId, FAILED_RUN_SUFFIX } from '../contract/layout';

/** A store that is down is the likely reason of the failure: it is not waited for long. */
const WRITE_MS = 10_000;

/**
 * Leaves word of a run that failed in every store that can be written, so that whoever looks at the stores alone sees that there was a
 * run, and why there is no backup of it. Never fails, and tells nobody when it can't: the failure itself is what counts.
 */
export async function leaveFailedRun(
  { config, env, signal: stopped }: Pick<Context, 'config' | 'env' | 'signal'>, startedAt: Date, failure: RunnerError,
): Promise<void> {
  const text = renderDocument({
    version: FAILED_RUN_VERSION,
    name: config.name,
    startedAt: startedAt.toISOString(),
    finishedAt: new Date().toISOString(),
    exitCode: failure.exitCode,
    message: failure.message,
  });
  const signal = AbortSignal.any([stopped, AbortSignal.timeout(WRITE_MS)]);
  await Promise.allSettled(config.stores.map(async store =>
    openStore(store, env).create(backupId(config.name, startedAt) + FAILED_RUN_SUFFIX, text, signal)));
}
