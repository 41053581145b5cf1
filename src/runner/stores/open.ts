import { storeKindOf } from './table';
import { S3StoreConfig, StoreConfig } from '../../contract/config';
import { Context } from '../core/context';
import { Store } from '../store-api/store';

/**
 * Opens the store of a config. Nothing is reached yet; `Store.check` does that.
 *
 * @param env holds the secrets that the config names
 * @param warn is told, in a sentence for people, what is odd but does not stand in the way
 */
export function openStore(config: StoreConfig, env: NodeJS.ProcessEnv, warn: (message: string) => void = () => {}): Store {
  return storeKindOf(config).open(config, env, warn);
}

export function openStores({ config, env, reporter }: Pick<Context<{ readonly stores: readonly StoreConfig[] }>, 'config' | 'env' | 'reporter'>): Store[] {
  return config.stores.map(store => openStore(store, env, message => reporter.warn('store.odd', message, { store: store.name })));
}

/** Those of the stores that have a lifecycle of their own. */
export function bucketsAmong(stores: readonly StoreConfig[]): S3StoreConfig[] {
  return stores.flatMap(store => storeKindOf(store).bucketOf(store) ?? []);
}

/** Where those of the stores are that other clusters may have too. */
export function sharedPlacesAmong(stores: readonly StoreConfig[]): string[] {
  return stores.flatMap(store => storeKindOf(store).sharedPlaceOf(store) ?? []);
}
