import { FAILED_RUN_VERSION } from '../../contract/failed-run';
import { FAILED_RUN_SUFFIX } from '../../contract/layout';
import { claimFreeId, releaseClaim } from '../catalog/claim';
import { renderDocument } from '../catalog/history';
import { Context } from '../core/context';
import { RunnerError } from '../core/errors';
import { openStore } from '../stores/open';

/** A store that is down is the likely reason of the failure: it is not waited for long, neither for an id nor for the word. */
const PATIENCE_MS = 5000;

/**
 * Leaves word of a run that failed in every store that can be written, so that whoever looks at the stores alone sees that there was a
 * run, and why there is no backup of it. Its id is its own: that of a backup says nothing but good of it. Never fails, and tells nobody when
 * it can't: the failure itself is what counts.
 */
export async function leaveFailedRun(
  { config, env, signal }: Pick<Context, 'config' | 'env' | 'signal'>, startedAt: Date, failure: RunnerError,
): Promise<void> {
  const text = renderDocument({
    version: FAILED_RUN_VERSION,
    name: config.name,
    startedAt: startedAt.toISOString(),
    finishedAt: new Date().toISOString(),
    exitCode: failure.exitCode,
    message: failure.message,
  });
  try {
    const stores = config.stores.flatMap(store => {
      try {
        return [openStore(store, env)];
      } catch {
        return []; // its credentials are missing, which may be the failure
      }
    });
    const { id, claimed } = await claimFreeId(config.name, startedAt, stores, PATIENCE_MS, signal);
    const limit = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
    await Promise.allSettled(claimed.map(store => store.create(id + FAILED_RUN_SUFFIX, text, limit)));
    await releaseClaim(id, claimed);
  } catch {
    // it was told to stop meanwhile
  }
}
