import { Readable, Writable } from 'node:stream';
import { BackupConfig, StoreConfig } from '../../contract/config';
import { Reporter } from '../reporter';
import { openStore } from '../stores/open';
import { Store } from '../stores/store';

/** What a command gets from the process it runs in. */
export interface Context<C = BackupConfig> {
  readonly config: C;
  readonly env: NodeJS.ProcessEnv;
  /** Where a person may answer. */
  readonly stdin: Readable & { readonly isTTY?: boolean };
  /** For results; everything else goes through {@link reporter}. */
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly reporter: Reporter;
  /** Aborted when the process is told to stop. */
  readonly signal: AbortSignal;
}

export function openStores({ config, env, reporter }: Pick<Context<{ readonly stores: readonly StoreConfig[] }>, 'config' | 'env' | 'reporter'>): Store[] {
  return config.stores.map(store => openStore(store, env, message => reporter.warn('store.odd', message, { store: store.name })));
}
