import { Chart } from 'cdk8s';
import { Construct } from 'constructs';
import { StoreConfig } from '../../contract/config';
import { BackupCronJob } from '../backup/backup-cron-job';
import { show } from '../core/check';
import { StoreParts } from '../parts/store-parts';
import { checkAccess, checkStoreNames, S3CredentialsByStore } from '../stores/access';
import { BackupStore } from '../stores/backup-store';
import { storeType } from '../stores/store-types';

export interface ExporterStoresOptions {
  readonly volumes: boolean;
  readonly s3Credentials: S3CredentialsByStore;
}

/** The stores of several backups in one pod, for reading: each is bound once, however many backups share it. */
export class ExporterStores {
  private readonly bound = new Map<BackupStore, StoreParts>();

  constructor(scope: Construct, backups: readonly BackupCronJob[], private readonly options: ExporterStoresOptions) {
    const stores = new Map<BackupStore, BackupCronJob>();
    for (const backup of backups) {
      for (const store of this.storesOf(backup)) stores.set(store, stores.get(store) ?? backup);
    }
    checkStoreNames('s3Credentials', options.s3Credentials, [...stores.keys()], 'the backups have');
    checkAccess([...stores.keys()], options.s3Credentials, [{ right: 'read', why: 'the exporter lists and reads', wayOut: 'give it some that may, in \'s3Credentials\'' }]);
    const all = [...stores.keys()];
    for (const [store, backup] of stores) {
      const namesakes = all.filter(({ storeName }) => storeName === store.storeName);
      // Two backups may call different stores by one name.
      const tag = namesakes.length === 1 ? store.storeName : `${store.storeName}-${namesakes.indexOf(store) + 1}`;
      const credentials = options.s3Credentials[store.storeName];
      if (isMounted(store)) checkNamespace(scope, backup, store);
      const parts = store._bindForReading(new Construct(scope, `Reads-${tag}`), tag, credentials);
      if (credentials === undefined && parts.secretName !== undefined) checkNamespace(scope, backup, store);
      this.bound.set(store, parts);
    }
  }

  public get parts(): readonly StoreParts[] {
    return [...this.bound.values()];
  }

  /** The stores of one backup, as the exporter reaches them. */
  public of(backup: BackupCronJob): readonly StoreConfig[] {
    return this.storesOf(backup).map(store => store._for(backup.backupName, this.bound.get(store)!).config);
  }

  private storesOf(backup: BackupCronJob): readonly BackupStore[] {
    const stores = backup._backupStores.filter(store => this.options.volumes || !isMounted(store));
    if (stores.length === 0) {
      throw new Error(`'volumes' is false, and ${show(backup.node.path)} has no other store: leave the backup out, or mount its volume`);
    }
    return stores;
  }
}

function isMounted(store: BackupStore): boolean {
  return storeType(store._toConfig()).reachedBy === 'claim';
}

/** A pod reads Secrets and mounts claims of its own namespace only. */
function checkNamespace(scope: Construct, backup: BackupCronJob, store: BackupStore): void {
  const [own, other] = [Chart.of(scope).namespace, Chart.of(backup).namespace];
  if (own === other) return;
  const { reachedBy, elsewhere } = storeType(store._toConfig());
  throw new Error(`'backups' has ${show(backup.node.path)} of namespace ${show(other ?? 'default')}, and the exporter is in ${show(own ?? 'default')}, where the ${reachedBy} of its store ${show(store.storeName)} is not: ${elsewhere(store.storeName, own ?? 'default')}, or make an exporter in each namespace`);
}
