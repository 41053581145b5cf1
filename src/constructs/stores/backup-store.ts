import { Construct, IConstruct } from 'constructs';
import { AzureBlobStoreOptions } from './azure/azure-blob-store';
import { azureBlob } from './azure/store';
import { partsFor } from './layout';
import { S3Credentials } from './s3/s3-credentials';
import { S3StoreOptions } from './s3/s3-store';
import { s3 } from './s3/store';
import { existingClaim, volume } from './volume/store';
import { ClaimStoreOptions, VolumeStoreOptions } from './volume/volume-store';
import { StoreConfig, StoreType } from '../../contract/config';
import { at } from '../core/located';
import { StoreLayout } from '../parts/store-layout';
import { StoreParts } from '../parts/store-parts';
import { StoreLocation } from '../recovery/store-location';
import { Role } from '../store-api/rights';
import { StoreDefinition } from '../store-api/store-definition';

/**
 * A place where backups are kept. One object may serve several backups.
 */
export class BackupStore {
  /**
   * A bucket of S3 or of a compatible service.
   */
  public static s3(options: S3StoreOptions): BackupStore {
    return new BackupStore(at('BackupStore.s3', () => s3(options)));
  }

  /**
   * A container of Azure Blob Storage.
   */
  public static azureBlob(options: AzureBlobStoreOptions): BackupStore {
    return new BackupStore(at('BackupStore.azureBlob', () => azureBlob(options)));
  }

  /**
   * A volume, through a claim that is made: once, in the chart of the first backup that uses this store.
   *
   * Mounted at `/backups`. It dies with the cluster, so never let it be the only store.
   */
  public static volume(options: VolumeStoreOptions): BackupStore {
    return new BackupStore(at('BackupStore.volume', () => volume(options)));
  }

  /**
   * A volume, through a claim that is there already or defined elsewhere.
   *
   * Mounted at `/backups`. It dies with the cluster, so never let it be the only store.
   *
   * @param claim the PersistentVolumeClaim: of any cdk8s-plus, or an `ApiObject`.
   */
  public static fromClaim(claim: IConstruct, options: ClaimStoreOptions = {}): BackupStore {
    return new BackupStore(at('BackupStore.fromClaim', () => existingClaim(claim, options)));
  }

  /** How messages and records call this store. */
  public readonly storeName: string;

  /** Where it is. */
  public readonly location: StoreLocation;

  /**
   * @internal
   */
  public readonly _type: StoreType;

  /**
   * How the backups in it are arranged.
   *
   * @internal
   */
  public readonly _layout: StoreLayout;

  /**
   * What its own credentials may do; `undefined` where it has none.
   *
   * @internal
   */
  public readonly _role: Role | undefined;

  private constructor(private readonly definition: StoreDefinition<S3Credentials>) {
    this.storeName = definition.name;
    this.location = definition.location;
    this._type = definition.type;
    this._layout = definition.layout ?? StoreLayout.FOLDER_PER_BACKUP;
    this._role = definition.role;
  }

  /**
   * The store as a whole, as a runner is told of it that has no other. Nothing is defined.
   *
   * @internal
   */
  public _toConfig(): StoreConfig {
    return this.definition.config(true);
  }

  /**
   * Defines, in `scope`, what the pod needs to reach the store as a whole.
   *
   * @param alone whether no other store of the backup is of its type.
   * @param credentials instead of its own.
   *
   * @internal
   */
  public _bind(scope: Construct, alone: boolean, credentials?: S3Credentials): StoreParts {
    return this.definition.bind(scope, alone, credentials);
  }

  /**
   * Defines, in `scope`, what a pod needs to read the store as a whole beside others.
   *
   * @param tag its name in the pod, which no other store has there.
   * @param credentials instead of its own.
   *
   * @internal
   */
  public _bindForReading(scope: Construct, tag: string, credentials: S3Credentials | undefined): StoreParts {
    return this.definition.bindForReading(scope, tag, credentials);
  }

  /**
   * What of the store, as it was bound, one backup has to itself.
   *
   * @internal
   */
  public _for(backupName: string, parts: StoreParts): StoreParts {
    return partsFor(backupName, this._layout, parts);
  }
}
