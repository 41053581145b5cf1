import { AZURE } from './azure/store-type';
import { S3 } from './s3/store-type';
import { VOLUME } from './volume/store-type';
import { StoreConfig, StoreType } from '../../contract/config';
import { ConstructStoreType } from '../store-api/store-type';

/** Every type of store, complete by the compiler: a line for each. */
const STORE_TYPES = {
  s3: S3,
  azure: AZURE,
  folder: VOLUME,
} satisfies { readonly [T in StoreType]: ConstructStoreType<T> };

/** What is different about stores of this type. */
export function storeType({ type }: Pick<StoreConfig, 'type'>): ConstructStoreType {
  return STORE_TYPES[type];
}
