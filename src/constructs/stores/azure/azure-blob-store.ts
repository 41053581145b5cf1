import { AzureAccessTier } from './azure-access-tier';
import { AzureCredentials } from './azure-credentials';
import { StoreLayout } from '../../parts/store-layout';
import { StoreLocation } from '../../recovery/store-location';

/** Options for `BackupStore.azureBlob()`. */
export interface AzureBlobStoreOptions {
  /** Name of the storage account: 3 to 24 lower-case letters and digits. */
  readonly accountName: string;

  /** Name of the container, which must exist: 3 to 63 lower-case letters, digits and `-`. */
  readonly containerName: string;

  /**
   * What stands before the names of the blobs, and of the folders of the backups, without a slash at either end, such as
   * `whispercache/backups`.
   *
   * @default - the top of the container
   */
  readonly prefix?: string;

  /**
   * Region of the account, such as `westeurope`, for the objectives of a backup.
   *
   * @default - not known: the store does not count for the loss of a region
   */
  readonly region?: string;

  /**
   * URL of the account's blob service: of a sovereign cloud, such as `https://shopbackups.blob.core.chinacloudapi.cn`, of a private endpoint, or of
   * Azurite, such as `http://azurite.storage.svc:10000/devstoreaccount1`.
   *
   * @default - `https://ACCOUNT.blob.core.windows.net`
   */
  readonly endpoint?: string;

  /**
   * How the backup proves who it is.
   *
   * @default - the account key under `AZURE_STORAGE_KEY` in the Secret `backup-secrets`
   */
  readonly credentials?: AzureCredentials;

  /**
   * Access tier of the artifacts. The notes beside them are read by every run, and have the account's own tier.
   *
   * @default - the account's own
   */
  readonly accessTier?: AzureAccessTier;

  /**
   * How the backups in it are arranged. Backups in another layout than this one are not seen: `cdk8s-backup list` and `doctor` say so where
   * they find some.
   *
   * @default StoreLayout.FOLDER_PER_BACKUP
   */
  readonly layout?: StoreLayout;

  /**
   * Where the account is, for the objectives of a backup. For zone-redundant storage (ZRS) and more, say `StoreLocation.region('westeurope')`.
   *
   * @default - with Azure, one zone of the `region`, as locally redundant storage (LRS) has it; with an `endpoint` inside of Kubernetes (`.svc`), in the
   * cluster; with any other one, unknown: it doesn't count for the loss of a cluster, zone or region
   */
  readonly location?: StoreLocation;

  /**
   * How messages, records and `--set stores.NAME.…` call this store: up to 30 lower-case letters, digits and `-`. Unique within a
   * backup.
   *
   * @default "azure"
   */
  readonly storeName?: string;
}
