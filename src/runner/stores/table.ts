import { azure } from './azure/kind';
import { folder } from './folder/kind';
import { s3 } from './s3/kind';
import { StoreType } from '../../contract/config';
import { StoreKind } from '../store-api/store-kind';

/** The types of stores. */
export const STORES = {
  s3,
  azure,
  folder,
} satisfies { [Type in StoreType]: StoreKind<Type> };

/** That of the store that a config describes. */
export function storeKindOf<Type extends StoreType>({ type }: { readonly type: Type }): StoreKind<Type> {
  const table: { readonly [Name in StoreType]: StoreKind<Name> } = STORES;
  return table[type];
}
