import { Duration, Size } from 'cdk8s';
import { LifecycleStorageClass } from './lifecycle-storage-class';

/** A move of objects into another storage class. */
export interface LifecycleTransition {
  /** Where to. */
  readonly storageClass: LifecycleStorageClass;

  /**
   * Age of the objects, in whole days. Give either this or `transitionDate`.
   *
   * @default - none: `transitionDate` must be given
   */
  readonly transitionAfter?: Duration;

  /**
   * Day, at midnight UTC, from which on all objects are moved, new ones too and for ever: rarely what is meant.
   *
   * @default - none: `transitionAfter` must be given
   */
  readonly transitionDate?: Date;
}

/** A move of old versions into another storage class. */
export interface LifecycleNoncurrentVersionTransition {
  /** Where to. */
  readonly storageClass: LifecycleStorageClass;

  /** How long ago the version was replaced or deleted, in whole days. */
  readonly transitionAfter: Duration;

  /**
   * This many newest old versions, 1 to 100, stay where they are.
   *
   * @default - all are moved
   */
  readonly noncurrentVersionsToRetain?: number;
}

/**
 * One rule for the objects of a bucket: what it is about, and at least one thing to do.
 *
 * Rules act from the midnight UTC after the day they name, up to a day and more late, and no bucket policy stops them.
 */
export interface LifecycleRule {
  /** Name, unique within the bucket. The document has it behind `cdk8s-backup.`, by which the runner knows its own rules. */
  readonly id: string;

  /**
   * Whether the rule acts.
   *
   * @default true
   */
  readonly enabled?: boolean;

  /**
   * Only objects whose names begin so, exactly as they are spelled: no wildcards, no slash in front.
   *
   * @default - all objects of the bucket
   */
  readonly prefix?: string;

  /**
   * Only objects that have all these tags.
   *
   * @default - with any tags or none
   */
  readonly tagFilters?: { readonly [key: string]: string };

  /**
   * Only larger objects. 128 KiB leaves the records and checksums of backups, which a restore reads first, where they are.
   *
   * @default - however small
   */
  readonly objectSizeGreaterThan?: Size;

  /**
   * Only smaller objects.
   *
   * @default - however large
   */
  readonly objectSizeLessThan?: Size;

  /**
   * Moves into other storage classes.
   *
   * @default - none
   */
  readonly transitions?: LifecycleTransition[];

  /**
   * Age at which objects are deleted, in whole days. In a versioned bucket they become old versions. It never looks at whether newer
   * backups exist: when backups stop, it deletes the last good one.
   *
   * @default - nothing is deleted for its age
   */
  readonly expiration?: Duration;

  /**
   * Day, at midnight UTC, from which on all objects are deleted, new ones too and for ever: rarely what is meant.
   *
   * @default - none
   */
  readonly expirationDate?: Date;

  /**
   * Whether delete markers that hide nothing any more are removed. In a rule without `expiration`, tags and sizes.
   *
   * @default false
   */
  readonly expiredObjectDeleteMarker?: boolean;

  /**
   * Moves of old versions into other storage classes.
   *
   * @default - none
   */
  readonly noncurrentVersionTransitions?: LifecycleNoncurrentVersionTransition[];

  /**
   * How long after they were replaced or deleted old versions are deleted for good, in whole days.
   *
   * @default - old versions stay for ever
   */
  readonly noncurrentVersionExpiration?: Duration;

  /**
   * This many newest old versions, 1 to 100, stay although `noncurrentVersionExpiration` is over.
   *
   * @default - none of them stays
   */
  readonly noncurrentVersionsToRetain?: number;

  /**
   * How long after its start an upload that was never completed is discarded, in whole days. Without it the parts stay, invisible and
   * billed.
   *
   * @default - unfinished uploads stay for ever
   */
  readonly abortIncompleteMultipartUploadAfter?: Duration;
}
