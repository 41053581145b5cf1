import { Size } from 'cdk8s';
import { PersistentVolumeAccessMode } from './persistent-volume-access-mode';
import { StoreLayout } from '../../parts/store-layout';
import { StoreLocation } from '../../recovery/store-location';

/** Options for `BackupStore.fromClaim()`. */
export interface ClaimStoreOptions {
  /**
   * How messages, records and `--set stores.NAME.…` call this store: up to 30 lower-case letters, digits and `-`. Unique within a
   * backup.
   *
   * @default "volume"
   */
  readonly storeName?: string;

  /**
   * How the backups in it are arranged. Backups in another layout than this one are not seen: `cdk8s-backup list` and `doctor` say so where
   * they find some.
   *
   * @default StoreLayout.FOLDER_PER_BACKUP
   */
  readonly layout?: StoreLayout;

  /**
   * Where the disk of the volume is, for the objectives of a backup.
   *
   * @default - in the cluster; on a node where the claim is defined in this app with a storage class that is known to be local, such as
   * `local-path`, `openebs-hostpath` and those of TopoLVM
   */
  readonly location?: StoreLocation;
}

/** Options for `BackupStore.volume()`. */
export interface VolumeStoreOptions extends ClaimStoreOptions {
  /**
   * Size of the claim that is made, in whole GiB, at least 1: room for every backup that is kept and for one more. It can grow
   * later if the storage class allows it, and never shrinks.
   */
  readonly size: Size;

  /**
   * Storage class of the claim.
   *
   * @default - the cluster's default class
   */
  readonly storageClassName?: string;

  /**
   * Name of the claim.
   *
   * @default "backup-storage"
   */
  readonly claimName?: string;

  /**
   * How the claim can be mounted. With `READ_WRITE_ONCE` all pods that mount it at a time have to be on one node.
   *
   * @default [PersistentVolumeAccessMode.READ_WRITE_ONCE]
   */
  readonly accessModes?: PersistentVolumeAccessMode[];

  /**
   * Whether the claim, and with it the backups, stays when the app goes: annotations tell Argo CD (`Prune=false,Delete=false`), Helm and Flux to
   * leave it. Whoever means it deletes it by hand; `kubectl delete -f` and deleting the namespace do so in any case.
   *
   * @default true
   */
  readonly keep?: boolean;
}
