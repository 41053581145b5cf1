/*
 * What of a store one backup has to itself.
 */
import { storeType } from './store-types';
import { StoreLayout } from '../parts/store-layout';
import { StoreParts } from '../parts/store-parts';

/** The parts of a store, as they are for the backup of that name. */
export function partsFor(backupName: string, layout: StoreLayout, parts: StoreParts): StoreParts {
  if (layout === StoreLayout.FLAT) return parts;
  const { config, location, place } = parts;
  return {
    ...parts,
    config: storeType(config).inFolder(config, backupName),
    location: location.endsWith('/') ? location + backupName : `${location}/${backupName}`,
    place: { ...place, prefix: place.prefix === '' ? backupName : `${place.prefix}/${backupName}` },
  };
}
