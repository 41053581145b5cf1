/*
 * The lifecycle configuration of a bucket, and what the runner needs to put it there.
 *
 * The document is the one of the S3 API, as `aws s3api put-bucket-lifecycle-configuration --lifecycle-configuration file://…` reads it.
 */
import { S3StoreConfig } from './config';

/** Environment variable that holds a {@link LifecycleConfig}. */
export const LIFECYCLE_ENV = 'CDK8S_BACKUP_LIFECYCLE';

/** Version of the config. A runner refuses every other one by name. */
export const LIFECYCLE_VERSION = 1;

/**
 * What the IDs of our rules begin with. S3 knows only the configuration as a whole, and each PUT replaces all of it: by its ID the
 * runner tells a rule that it may change from one that is somebody else's.
 */
export const LIFECYCLE_ID_PREFIX = 'cdk8s-backup.';

export interface LifecycleConfig {
  readonly version: typeof LIFECYCLE_VERSION;
  /** Where the bucket is. Its prefix plays no part: the rules have their own. */
  readonly store: S3StoreConfig;
  readonly document: LifecycleDocument;
  /** A header of the request, and no part of the document; `null`: not sent. */
  readonly transitionDefaultMinimumObjectSize: string | null;
}

export interface LifecycleDocument {
  readonly Rules: readonly LifecycleDocumentRule[];
}

export interface LifecycleDocumentRule {
  /** Ours have one; S3 gives one to those that come without. */
  readonly ID?: string;
  readonly Status: 'Enabled' | 'Disabled';
  readonly Filter: LifecycleFilter;
  readonly Transitions?: readonly LifecycleDocumentTransition[];
  readonly Expiration?: {
    readonly Days?: number;
    /** Midnight UTC, ISO 8601. */
    readonly Date?: string;
    readonly ExpiredObjectDeleteMarker?: boolean;
  };
  readonly NoncurrentVersionTransitions?: readonly LifecycleDocumentNoncurrentTransition[];
  readonly NoncurrentVersionExpiration?: { readonly NoncurrentDays: number; readonly NewerNoncurrentVersions?: number };
  readonly AbortIncompleteMultipartUpload?: { readonly DaysAfterInitiation: number };
}

export interface LifecycleConditions {
  readonly Prefix?: string;
  readonly ObjectSizeGreaterThan?: number;
  readonly ObjectSizeLessThan?: number;
}

export interface LifecycleTag {
  readonly Key: string;
  readonly Value: string;
}

/** One condition, or several of them in `And`. */
export interface LifecycleFilter extends LifecycleConditions {
  readonly Tag?: LifecycleTag;
  readonly And?: LifecycleConditions & { readonly Tags?: readonly LifecycleTag[] };
}

export interface LifecycleDocumentTransition {
  readonly Days?: number;
  readonly Date?: string;
  readonly StorageClass: string;
}

export interface LifecycleDocumentNoncurrentTransition {
  readonly NoncurrentDays: number;
  readonly NewerNoncurrentVersions?: number;
  readonly StorageClass: string;
}

/** Renders `config` as the value of {@link LIFECYCLE_ENV} in a pod spec, each `$` doubled. */
export function renderLifecycleConfig(config: LifecycleConfig): string {
  return JSON.stringify(config).split('$').join('$$');
}
