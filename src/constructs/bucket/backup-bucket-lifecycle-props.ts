import { Duration } from 'cdk8s';
import { LifecycleApplyJobOptions } from './lifecycle-apply-job';
import { LifecycleProvider } from './lifecycle-provider';
import { LifecycleRule, LifecycleTransition } from './lifecycle-rule';
import { BackupStore } from '../stores/backup-store';

/** Which objects are too small to be moved to other storage classes, where no rule says it itself. AWS only. */
export enum TransitionDefaultMinimumObjectSize {
  /** Those under 128 KiB, to any class: AWS's default. */
  ALL_STORAGE_CLASSES_128_K = 'all_storage_classes_128K',

  /** Those under 128 KiB, but to GLACIER and DEEP_ARCHIVE all objects go. */
  VARIES_BY_STORAGE_CLASS = 'varies_by_storage_class',
}

/** What is said about the bucket, wherever its rules come from. */
export interface BackupBucketOptions {
  /**
   * Whose rules are to be kept.
   *
   * @default - the one that the store's endpoint belongs to: AWS, AWS in China, Cloudflare R2, Scaleway or Backblaze B2; for other
   * endpoints what all providers have in common
   */
  readonly provider?: LifecycleProvider;

  /**
   * Whether the bucket keeps old versions of objects. Backups want that: against deletion and against being overwritten.
   *
   * @default true
   */
  readonly versioned?: boolean;

  /**
   * How long Object Lock holds each new version, in whole days: the bucket's default retention.
   *
   * @default - no Object Lock
   */
  readonly objectLockDefaultRetention?: Duration;

  /**
   * Whether deletions need a second factor. Such a bucket takes no lifecycle configuration.
   *
   * @default false
   */
  readonly mfaDelete?: boolean;

  /**
   * Which objects are too small to be moved. A header of the request and no part of the file: with the AWS CLI it is
   * `--transition-default-minimum-object-size VALUE`.
   *
   * @default - not sent; AWS takes ALL_STORAGE_CLASSES_128_K
   */
  readonly transitionDefaultMinimumObjectSize?: TransitionDefaultMinimumObjectSize;

  /**
   * Path of the file inside the output folder. At the top of that folder `kubectl apply -f dist/` would take it for a manifest.
   *
   * @default - `s3-lifecycle/BUCKET.json`
   */
  readonly fileName?: string;

  /**
   * A Job that puts the rules to the bucket.
   *
   * @default - none: somebody runs `cdk8s-backup lifecycle apply` or the AWS CLI
   */
  readonly applyJob?: LifecycleApplyJobOptions;
}

/** Properties of `BackupBucketLifecycle`. */
export interface BackupBucketLifecycleProps extends BackupBucketOptions {
  /** The bucket: a store made with `BackupStore.s3`. Its prefix and its layout play no part, rules have prefixes of their own. */
  readonly store: BackupStore;

  /**
   * The rules, all that the bucket has: S3 replaces them as a whole. Give either these or `document`.
   *
   * @default - none: `document` must be given
   */
  readonly rules?: LifecycleRule[];

  /**
   * A lifecycle configuration that you have already, as the JSON text that the AWS CLI takes. Checked, and written as it is.
   *
   * @default - none: `rules` must be given
   */
  readonly document?: string;
}

/** Options for `BackupBucketLifecycle.forBackups()`. */
export interface LifecycleForBackupsOptions extends BackupBucketOptions {
  /**
   * The bucket.
   *
   * @default - the one that the backups write to, if it is only one
   */
  readonly store?: BackupStore;

  /**
   * Whether S3 deletes backups that are older than their retention, their floor and the time in which somebody notices ask for. For
   * runners that may not delete. Where S3 deletes, nothing looks at whether there are newer backups.
   *
   * @default false, the runner deletes
   */
  readonly expire?: boolean;

  /**
   * Moves of the backups into other storage classes. Records and checksums stay where they are.
   *
   * @default - none
   */
  readonly transitions?: LifecycleTransition[];

  /**
   * Rules for other things in the bucket: what isn't here is removed when the rules are put there.
   *
   * @default - none
   */
  readonly otherRules?: LifecycleRule[];
}
