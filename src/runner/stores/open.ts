import { FolderStore } from './folder/store';
import type * as S3 from './s3/store';
import { StoreConfig } from '../../contract/config';
import { Context } from '../core/context';
import { Store } from '../store-api/store';

/* The AWS SDK takes long to load, so it is where it is used first: what is stored in a folder starts a third sooner.
   `import()` in the tests is that of Node.js, which knows no TypeScript. */
// eslint-disable-next-line @typescript-eslint/no-require-imports
const s3 = (): typeof S3 => require('./s3/store') as typeof S3;

/**
 * Opens the store of a config. Nothing is reached yet; `Store.check` does that.
 *
 * @param env holds the secrets that the config names
 * @param warn is told, in a sentence for people, what is odd but does not stand in the way
 */
export function openStore(config: StoreConfig, env: NodeJS.ProcessEnv, warn: (message: string) => void = () => {}): Store {
  switch (config.type) {
    case 's3': return new (s3().S3Store)(config, env, warn);
    case 'folder': return new FolderStore(config);
  }
}

export function openStores({ config, env, reporter }: Pick<Context<{ readonly stores: readonly StoreConfig[] }>, 'config' | 'env' | 'reporter'>): Store[] {
  return config.stores.map(store => openStore(store, env, message => reporter.warn('store.odd', message, { store: store.name })));
}
