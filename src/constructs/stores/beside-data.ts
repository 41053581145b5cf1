/*
 * Stores that are lost together with the database that they are to save.
 */
import { show } from '../core/check';
import { StoreParts } from '../parts/store-parts';
import { StoreLocation } from '../recovery/store-location';

/** Where a store is that lies on a claim of the database itself: wherever that is, both are lost together. */
export function besideData(claimName: string | undefined, dataClaims: readonly string[]): StoreLocation | undefined {
  return claimName !== undefined && dataClaims.includes(claimName) ? StoreLocation._on(`claim ${show(claimName)}, where the database itself is`) : undefined;
}

export function warnBesideData(stores: readonly StoreParts[], dataClaims: readonly string[]): string[] {
  return stores.filter(({ claimName }) => besideData(claimName, dataClaims) !== undefined).map(({ config: { name }, claimName }) =>
    `store ${show(name)} is on claim ${show(claimName)}, where the database itself is. Both are lost together, and backups take the room that the database needs: give the backups a claim of their own, or a bucket`);
}
