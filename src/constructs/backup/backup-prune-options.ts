import { Cron, Duration } from 'cdk8s';
import { IConstruct } from 'constructs';
import { S3Credentials } from '../stores/s3/s3-credentials';

/** Options for pruning in a CronJob of its own. */
export interface BackupPruneOptions {
  /** When to prune, in `timeZone`. */
  readonly schedule: Cron;

  /**
   * Time zone of the schedule: a name of the IANA database.
   *
   * @default - that of the backup
   */
  readonly timeZone?: string;

  /**
   * How long it may take. At least 1 minute and at most the shortest time between two runs. The newest backup is read back before
   * anything is removed.
   *
   * @default - 6 hours, or the shortest time between two runs if that is less
   */
  readonly activeDeadline?: Duration;

  /**
   * The identity of the pod, a ServiceAccount: of any cdk8s-plus, or an `ApiObject`. It needs the right to list, read, create and delete.
   *
   * @default - a ServiceAccount of its own that is made, with the annotations that the stores' credentials ask for
   */
  readonly serviceAccount?: IConstruct;

  /**
   * Other credentials for S3 stores, by the name of the store: such as alone may delete, of `S3Access.PRUNE`.
   *
   * @default - those of the backup, which then may delete
   */
  readonly s3Credentials?: { [storeName: string]: S3Credentials };
}
