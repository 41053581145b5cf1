import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { locationOfClaim, locationOfClass } from './node-local';
import { s3, s3Location } from './s3/pod-parts';
import { S3Access } from './s3/s3-access';
import { S3Credentials } from './s3/s3-credentials';
import { S3StoreOptions } from './s3/s3-store';
import { ClaimToMake, mountClaim, mountForReading } from './volume/pod-parts';
import { ClaimStoreOptions, VolumeStoreOptions } from './volume/volume-store';
import { isDnsLabel, show } from '../core/check';
import { partsFor } from '../parts/layout-parts';
import { StoreLayout } from '../parts/store-layout';
import { StoreParts } from '../parts/store-parts';
import { StoreLocation } from '../recovery/store-location';

/**
 * A place where backups are kept. One object may serve several backups.
 */
export class BackupStore {
  /**
   * A bucket of S3 or of a compatible service.
   */
  public static s3(options: S3StoreOptions): BackupStore {
    const name = checkStoreName(options.storeName ?? 's3');
    const define = s3(name, options);
    const defineWith = (credentials: S3Credentials | undefined) => credentials ? s3(name, { ...options, credentials }) : define;
    return new BackupStore(name, 's3', options.location ?? s3Location(options),
      (scope, alone, credentials) => defineWith(credentials)(scope, alone || name === 's3' ? '' : envPrefix(name)),
      (scope, tag, credentials) => defineWith(credentials)(scope, tag === 's3' ? '' : envPrefix(tag)),
      options.layout, options.credentials?._access);
  }

  /**
   * A volume, through a claim that is made: once, in the chart of the first backup that uses this store.
   *
   * Mounted at `/backups`. It dies with the cluster, so never let it be the only store.
   */
  public static volume(options: VolumeStoreOptions): BackupStore {
    const name = checkStoreName(options.storeName ?? 'volume');
    const claim = new ClaimToMake(options);
    return new BackupStore(name, 'volume', options.location ?? locationOfClass(options.storageClassName),
      (scope, alone) => mountClaim(scope, name, claim.for(scope), alone),
      (scope, tag) => mountForReading(scope, name, claim.for(scope), tag),
      options.layout);
  }

  /**
   * A volume, through a claim that is there already or defined elsewhere.
   *
   * Mounted at `/backups`. It dies with the cluster, so never let it be the only store.
   */
  public static fromClaim(claim: kplus.IPersistentVolumeClaim, options: ClaimStoreOptions = {}): BackupStore {
    const name = checkStoreName(options.storeName ?? 'volume');
    return new BackupStore(name, 'volume', options.location ?? locationOfClaim(claim),
      (scope, alone) => mountClaim(scope, name, claim, alone),
      (scope, tag) => mountForReading(scope, name, claim, tag),
      options.layout);
  }

  private constructor(
    /** How messages and records call this store. */
    public readonly storeName: string,
    /**
     * @internal
     */
    public readonly _kind: 's3' | 'volume',
    /** Where it is. */
    public readonly location: StoreLocation,
    private readonly parts: (scope: Construct, alone: boolean, credentials: S3Credentials | undefined) => StoreParts,
    private readonly partsForReading: (scope: Construct, tag: string, credentials: S3Credentials | undefined) => StoreParts,
    /**
     * How the backups in it are arranged.
     *
     * @internal
     */
    public readonly _layout: StoreLayout = StoreLayout.FOLDER_PER_BACKUP,
    /**
     * What its own credentials may do.
     *
     * @internal
     */
    public readonly _access: S3Access = S3Access.FULL,
  ) {}

  /**
   * Defines, in `scope`, what the pod needs to reach the store as a whole.
   *
   * @param alone whether no other store of the backup is of its kind.
   * @param credentials instead of its own.
   *
   * @internal
   */
  public _bind(scope: Construct, alone: boolean, credentials?: S3Credentials): StoreParts {
    return this.parts(scope, alone, credentials);
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
    return this.partsForReading(scope, tag, credentials);
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

function checkStoreName(name: string): string {
  if (!isDnsLabel(name, 30)) {
    throw new Error(`'storeName' must be up to 30 lower-case letters, digits and "-", with a letter or digit at both ends, got ${show(name)}`);
  }
  return name;
}

/** What stands before `AWS_ACCESS_KEY_ID` and the like where several stores have one. */
function envPrefix(storeName: string): string {
  const name = storeName.toUpperCase().replaceAll('-', '_');
  return `${/^[0-9]/.test(name) ? '_' : ''}${name}_`;
}
