import { RunnerError } from '../core/errors';
import { Store } from '../store-api/store';

/** Does something in every store, also after one has failed. */
export async function inEveryStore<T>(
  stores: readonly Store[], action: (store: Store) => Promise<T>, signal: AbortSignal,
): Promise<{ readonly done: { readonly store: Store; readonly result: T }[]; readonly failures: RunnerError[] }> {
  const done: { store: Store; result: T }[] = [];
  const failures: RunnerError[] = [];
  for (const store of stores) {
    try {
      done.push({ store, result: await action(store) });
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof RunnerError)) throw error;
      failures.push(error);
    }
  }
  return { done, failures };
}
