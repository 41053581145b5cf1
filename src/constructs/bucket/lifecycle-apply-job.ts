import { IConstruct } from 'constructs';
import { NetworkOptions } from '../pod/network-options';
import { S3Credentials } from '../stores/s3/s3-credentials';

/** What happens to rules of the bucket that the runner does not own: those whose ID does not begin with `cdk8s-backup.`. */
export enum OtherLifecycleRules {
  /** Nothing is done as long as there are some: the Job fails, and its log names them. */
  REFUSE = 'refuse',

  /** They stay. */
  KEEP = 'keep',

  /** They are removed. */
  REMOVE = 'remove',
}

/** Options for the Job that puts the rules to the bucket. */
export interface LifecycleApplyJobOptions extends NetworkOptions {
  /**
   * What happens to rules of somebody else's.
   *
   * @default OtherLifecycleRules.REFUSE
   */
  readonly otherRules?: OtherLifecycleRules;

  /**
   * Image of the runner.
   *
   * @default - that of the `BackupDefaults`; else the one of this release, as for `BackupCronJob`
   */
  readonly image?: string;

  /**
   * Credentials instead of those of the store: such as may change the rules and nothing in the bucket, of `S3Access.LIFECYCLE`.
   *
   * @default - those of the store
   */
  readonly s3Credentials?: S3Credentials;

  /**
   * Whether the keys are files in the pod rather than environment variables.
   *
   * @default - that of the `BackupDefaults`; else false
   */
  readonly credentialsAsFiles?: boolean;

  /**
   * ServiceAccount of the pod, for workload identity: of any cdk8s-plus, or an `ApiObject`. It needs `s3:GetLifecycleConfiguration` and
   * `s3:PutLifecycleConfiguration`.
   *
   * @default - one is made, with the annotations of the credentials
   */
  readonly serviceAccount?: IConstruct;

  /**
   * Labels of everything that is made, and of the pod. Never those of a backup: what looks for backups must not find this.
   *
   * @default { component: 'backup-lifecycle' }
   */
  readonly labels?: { readonly [key: string]: string };
}
