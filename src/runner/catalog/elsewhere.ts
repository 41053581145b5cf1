import { keyPrefix, parseKey, RECORD_SUFFIX } from '../../contract/layout';
import { RunnerError } from '../core/errors';
import { Store } from '../store-api/store';

/**
 * Backups called `name` that lie where the other layout has them, and that nobody sees who looks here: a sentence for each store with some.
 *
 * Where credentials are for the folder of one backup only, nobody knows, and nothing is said.
 */
export async function backupsElsewhere(name: string, stores: readonly Store[], signal: AbortSignal): Promise<string[]> {
  const found = await Promise.all(stores.map(store => describeOther(name, store, signal)));
  return found.flatMap(sentence => sentence ?? []);
}

async function describeOther(name: string, store: Store, signal: AbortSignal): Promise<string | undefined> {
  const other = store.otherLayout?.(name);
  const count = other && await countRecords(name, other.store, signal);
  if (!other || !count) return undefined;
  return `${count === 1 ? '1 backup' : `${count} backups`} of ${name} in ${other.store.location} ${count === 1 ? 'is' : 'are'} not seen here, because the store ${store.name} looks in `
    + `${store.location}: set 'layout: StoreLayout.${other.layout}' of the store, or move what is there (docs/reference/stored-files.md, "Changing the layout")`;
}

async function countRecords(name: string, store: Store, signal: AbortSignal): Promise<number> {
  let count = 0;
  try {
    for await (const { key } of store.list(keyPrefix(name), signal)) {
      const parsed = parseKey(key);
      if (parsed?.name === name && parsed.suffix === RECORD_SUFFIX) count++;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof RunnerError)) throw error;
  }
  return count;
}
