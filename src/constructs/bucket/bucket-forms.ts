/*
 * What the props and options of all that is about buckets take.
 */
import {
  BackupBucketLifecycleProps, BackupBucketOptions, LifecycleForBackupsOptions, TransitionDefaultMinimumObjectSize,
} from './backup-bucket-lifecycle-props';
import { LifecycleApplyJobOptions, OtherLifecycleRules } from './lifecycle-apply-job';
import { LifecycleProvider } from './lifecycle-provider';
import { LifecycleNoncurrentVersionTransition, LifecycleRule, LifecycleTransition } from './lifecycle-rule';
import { LifecycleStorageClass } from './lifecycle-storage-class';
import { BACKUP } from '../backup/takes';
import { Form, needed, Takes } from '../core/form';
import { DATE, DURATION, FLAG, instance, listOf, NUMBER, oneOf, SERVICE_ACCOUNT, SIZE, struct, text } from '../core/takes';
import { LABELS, NETWORK } from '../pod/takes';
import { S3_CREDENTIALS, STORE } from '../stores/takes';

export const BACKUPS = needed(listOf(BACKUP));

const DAYS: typeof DURATION = { ...DURATION, example: 'Duration.days(90)' };
const CLASS: Takes<LifecycleStorageClass> = instance(LifecycleStorageClass, 'a LifecycleStorageClass', 'LifecycleStorageClass.INFREQUENT_ACCESS');

const TRANSITION: Form<LifecycleTransition> = { storageClass: needed(CLASS), transitionAfter: DAYS, transitionDate: DATE };
const NONCURRENT_TRANSITION: Form<LifecycleNoncurrentVersionTransition> = {
  storageClass: needed(CLASS), transitionAfter: needed(DAYS), noncurrentVersionsToRetain: NUMBER,
};
const TRANSITIONS = listOf(struct(TRANSITION, 'transitionAfter'));

const RULES = listOf(struct<LifecycleRule>({
  id: needed(text('old')),
  enabled: FLAG,
  prefix: text('logs/'),
  tagFilters: LABELS,
  objectSizeGreaterThan: SIZE,
  objectSizeLessThan: SIZE,
  transitions: TRANSITIONS,
  expiration: DAYS,
  expirationDate: DATE,
  expiredObjectDeleteMarker: FLAG,
  noncurrentVersionTransitions: listOf(struct(NONCURRENT_TRANSITION)),
  noncurrentVersionExpiration: DAYS,
  noncurrentVersionsToRetain: NUMBER,
  abortIncompleteMultipartUploadAfter: DAYS,
}, 'prefix', 'expiration'));

const APPLY_JOB: Form<LifecycleApplyJobOptions> = {
  ...NETWORK,
  otherRules: oneOf(OtherLifecycleRules, 'OtherLifecycleRules'),
  image: text('registry.example.com/cdk8s-backup-runner:0.1.0'),
  s3Credentials: S3_CREDENTIALS,
  credentialsAsFiles: FLAG,
  serviceAccount: SERVICE_ACCOUNT,
  labels: LABELS,
};

const BUCKET: Form<BackupBucketOptions> = {
  provider: instance(LifecycleProvider, 'a LifecycleProvider', 'LifecycleProvider.AWS'),
  versioned: FLAG,
  objectLockDefaultRetention: DAYS,
  mfaDelete: FLAG,
  transitionDefaultMinimumObjectSize: oneOf(TransitionDefaultMinimumObjectSize, 'TransitionDefaultMinimumObjectSize'),
  fileName: text('s3-lifecycle/shop.json'),
  applyJob: struct(APPLY_JOB, 'image'),
};

export const LIFECYCLE_FORM: Form<BackupBucketLifecycleProps> = { ...BUCKET, store: needed(STORE), rules: RULES, document: text('{"Rules": […]}') };

export const FOR_BACKUPS_FORM: Form<LifecycleForBackupsOptions> = {
  ...BUCKET, store: STORE, expire: FLAG, transitions: TRANSITIONS, otherRules: RULES,
};
