import { isVerificationSuffix, parseKey } from '../../contract/layout';
import { Catalog } from '../catalog/catalog';
import { latest } from '../catalog/choose-backup';
import { isAhead } from '../catalog/clock';
import { storesWithWhole } from '../catalog/copy-state';

/**
 * What a scheduled verification reads: the newest backup, the one that a restore would take, and a share of all others, those first
 * that were not read for the longest time in any of their stores. Taking and hashing a backup counts as the first reading.
 */
export function chooseScheduled(catalog: Catalog, olderPercent: number): Catalog['backups'] {
  const { backups } = catalog;
  const always = new Set([backups.at(-1), latest(catalog)].filter(backup => backup !== undefined));
  const read = lastRead(catalog);
  // A reading that is still to come does not keep anybody from reading until then.
  const readAt = (id: string, startedAt: string) => {
    const at = read.get(id);
    return at === undefined || isAhead(at, catalog.clock) ? Date.parse(startedAt) : at.getTime();
  };
  const others = backups
    .filter(backup => !always.has(backup))
    .map(backup => ({ backup, readAt: readAt(backup.record.id, backup.record.startedAt) }))
    .sort((a, b) => a.readAt - b.readAt);
  const share = Math.ceil(others.length * olderPercent / 100);
  const chosen = new Set([...always, ...others.slice(0, share).map(({ backup }) => backup)]);
  return backups.filter(backup => chosen.has(backup));
}

/** By id: since when every store that has a copy has been read; no entry where one never was. */
function lastRead({ backups, files }: Catalog): ReadonlyMap<string, Date> {
  const result = new Map<string, Date>();
  const newest = new Map([...files].map(([store, keys]) => [store, newestBy([...keys.keys()])]));
  for (const backup of backups) {
    const { id } = backup.record;
    const whole = storesWithWhole(backup.copies);
    const times = (whole.length > 0 ? whole : [...files.keys()]).map(store => newest.get(store)?.get(id));
    if (times.every(time => time !== undefined) && times.length > 0) result.set(id, times.reduce((a, b) => (a < b ? a : b)));
  }
  return result;
}

/** When each backup was last read in one store: the time in the key is enough. */
export function newestBy(keys: readonly string[]): ReadonlyMap<string, Date> {
  const times = new Map<string, Date>();
  for (const key of keys) {
    const { id, suffix } = parseKey(key) ?? {};
    if (id === undefined || !isVerificationSuffix(suffix ?? '')) continue;
    // `.verified.YYYYMMDD_HHMMSS.json`: a time as it stands in an id.
    const at = parseKey(`x_${suffix!.slice('.verified.'.length, -'.json'.length)}`)?.startedAt;
    if (at && at > (times.get(id) ?? new Date(0))) times.set(id, at);
  }
  return times;
}
