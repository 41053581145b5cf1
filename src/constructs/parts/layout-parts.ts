/*
 * What of a store one backup has to itself.
 */
import { StoreLayout } from './store-layout';
import { StoreParts } from './store-parts';

/** The parts of a store, as they are for the backup of that name. */
export function partsFor(backupName: string, layout: StoreLayout, parts: StoreParts): StoreParts {
  if (layout === StoreLayout.FLAT) return parts;
  const { config, location, place } = parts;
  const within = (folder: string) => folder === '' ? backupName : `${folder}/${backupName}`;
  return {
    ...parts,
    config: config.type === 's3' ? { ...config, prefix: within(config.prefix) } : { ...config, folder: backupName },
    location: location.endsWith('/') ? location + backupName : `${location}/${backupName}`,
    place: { ...place, prefix: within(place.prefix) },
  };
}
