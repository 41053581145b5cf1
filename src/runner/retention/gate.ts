import { describeHold, Hold } from './hold';
import { Inventory } from './inventory';
import { FAILED_RUN_SUFFIX, parseKey } from '../../contract/layout';
import { Catalog } from '../catalog';

/*
 * When nothing is removed, whatever is past its retention. Each answer is a sentence for people: why, and what to do.
 */

/** Clocks differ a little. */
const SKEW_MS = 3_600_000;

/** What to do about the newest backup where it is not good. */
export const NEW_COPY = '"cdk8s-backup verify --repair" copies it from another store; otherwise take a new backup';

/** Why nothing is removed in any store; `null` if nothing stands against it. */
export function stopsAll(catalog: Catalog, holds: readonly Hold[], now: Date): string | null {
  if (holds.length > 0) return `pruning is ${holds.map(describeHold).join(', and ')}; "cdk8s-backup release" ends that`;
  const newest = catalog.backups.at(-1);
  if (!newest) return null;
  const { record, accepted } = newest;
  const at = Date.parse(record.startedAt);
  if (at > now.getTime() + SKEW_MS) {
    return `the newest backup ${record.id} is from the future, by the clock here, ${now.toISOString()}: set the clocks; if its time is wrong, it has to go by hand`;
  }
  if (record.suspect !== null && !accepted) {
    return `the newest backup ${record.id} is suspect: ${record.suspect}; look at it, and accept it if it is right: "cdk8s-backup accept ${record.id}"`;
  }
  const failed = [...catalog.files.values()].flatMap(files => [...files.keys()])
    .map(parseKey).filter(parsed => parsed?.suffix === FAILED_RUN_SUFFIX && parsed.startedAt.getTime() > at);
  return failed.length > 0
    ? `the newest run failed, ${failed.at(-1)!.id}, and the last backup is ${record.id}: nothing goes until a run succeeds again`
    : null;
}

/** Why nothing is removed in this store; `null` if nothing stands against it but that the newest backup has to be read back. */
export function stopsHere({ store, candidates, unreadable }: Inventory, catalog: Catalog): string | null {
  const newest = catalog.backups.at(-1)?.record.id;
  if (newest === undefined) return null;
  const damaged = unreadable.find(key => parseKey(key)!.id >= newest);
  if (damaged !== undefined) return `the newest record ${damaged} can't be read in ${store.name}: look at it, and take a new backup`;
  const copy = candidates.find(({ id }) => id === newest);
  if (!copy) return `the newest backup ${newest} is not in ${store.name}: ${NEW_COPY}`;
  if (copy.doubt !== null) return `the newest backup ${newest} is in doubt in ${store.name}, ${copy.doubt}: ${NEW_COPY}`;
  return null;
}
