import { Writable } from 'node:stream';
import { BackupConfig } from '../../contract/config';
import { Reporter } from '../reporter';
import { openStore } from '../stores/open';
import { Store } from '../stores/store';

/** What a command gets from the process it runs in. */
export interface Context {
  readonly config: BackupConfig;
  readonly env: NodeJS.ProcessEnv;
  /** For results; everything else goes through {@link reporter}. */
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly reporter: Reporter;
  /** Aborted when the process is told to stop. */
  readonly signal: AbortSignal;
}

export function openStores({ config, env, reporter }: Context): Store[] {
  return config.stores.map(store => openStore(store, env, message => reporter.warn('store.odd', message, { store: store.name })));
}
