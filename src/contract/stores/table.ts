/* The types of stores: where backups are kept, and how a config describes it. */
import { AzureStoreConfig } from './azure';
import { FolderStoreConfig } from './folder';
import { S3StoreConfig } from './s3';

export interface Stores {
  readonly s3: S3StoreConfig;
  readonly azure: AzureStoreConfig;
  readonly folder: FolderStoreConfig;
}

export type StoreType = keyof Stores;

/** Where backups are kept: a part of every config. */
export type StoreConfig<Type extends StoreType = StoreType> = Stores[Type];
