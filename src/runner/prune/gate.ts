import { describeHold, Hold } from './hold';
import { Inventory } from './inventory';
import { FAILED_RUN_SUFFIX, parseKey } from '../../contract/layout';
import { Catalog } from '../catalog/catalog';
import { newestOf } from '../catalog/choose-backup';
import { describeAhead, isAhead } from '../catalog/clock';

/*
 * When nothing is removed, whatever is past its retention. Each answer is a sentence for people: why, and what to do.
 */

/** What to do about the newest backup where it is not good. */
export const NEW_COPY = '"cdk8s-backup verify --repair" copies it from another store; otherwise take a new backup';

/** Why nothing is removed in any store; `null` if nothing stands against it. */
export function stopsAll(catalog: Catalog, holds: readonly Hold[]): string | null {
  if (holds.length > 0) return describeHolds(holds);
  const newest = newestOf(catalog);
  const ahead = catalog.backups.at(-1)?.ahead;
  if (!newest && ahead) return `all backups are from the future: the newest is ${describeAhead(ahead)}: set the clocks; where a time is wrong, the backup has to go by hand`;
  if (!newest) return null;
  const { record, accepted, differing } = newest;
  const at = Date.parse(record.startedAt);
  if (differing) return `the records of the newest backup ${record.id} differ between ${[...differing.keys()].join(' and ')}: compare them, and remove the wrong one`;
  if (record.suspect !== null && !accepted) {
    return `the newest backup ${record.id} is suspect: ${record.suspect}; look at it, and accept it if it is right: "cdk8s-backup accept ${record.id}"`;
  }
  const failed = [...catalog.files.values()].flatMap(files => [...files.keys()])
    .map(parseKey).filter(parsed => parsed?.suffix === FAILED_RUN_SUFFIX && parsed.startedAt.getTime() > at)
    .filter(parsed => !isAhead(parsed!.startedAt, catalog.clock));
  return failed.length > 0
    ? `the newest run failed, ${failed.at(-1)!.id}, and the last backup is ${record.id}: nothing goes until a run succeeds again`
    : null;
}

export function describeHolds(holds: readonly Hold[]): string {
  return `pruning is ${holds.map(describeHold).join(', and ')}; "cdk8s-backup release" ends that`;
}

/** Why nothing is removed in this store; `null` if nothing stands against it but that the newest backup has to be read back. */
export function stopsHere({ store, candidates, unreadable }: Inventory, catalog: Catalog): string | null {
  const newest = newestOf(catalog)?.record.id;
  if (newest === undefined) return null;
  const damaged = unreadable.find(key => parseKey(key)!.id >= newest);
  if (damaged !== undefined) return `the newest record ${damaged} can't be read in ${store.name}: look at it, and take a new backup`;
  const copy = candidates.find(({ id }) => id === newest);
  if (!copy) return `the newest backup ${newest} is not in ${store.name}: ${NEW_COPY}`;
  if (copy.doubt !== null) return `the newest backup ${newest} is in doubt in ${store.name}, ${copy.doubt}: ${NEW_COPY}`;
  return null;
}
