import { Cron, Duration } from 'cdk8s';
import { S3Credentials } from '../stores/s3/s3-credentials';

/** Options for reading backups back on a schedule. */
export interface BackupVerifyOptions {
  /** When to verify, in `timeZone`. */
  readonly schedule: Cron;

  /**
   * Time zone of the schedule: a name of the IANA database.
   *
   * @default - that of the backup
   */
  readonly timeZone?: string;

  /**
   * Besides the newest backup, this share of all older ones is read each time, those first that were not read for the longest time. In
   * percent, 0 to 100: with 10 every backup is read within ten runs. What is read is paid for, where a store bills its downloads.
   *
   * @default 10
   */
  readonly olderPercent?: number;

  /**
   * Whether a copy that is missing or damaged is replaced by a good one of another store. The good one is read to its end first.
   *
   * @default false
   */
  readonly repair?: boolean;

  /**
   * How long it may take. At least 1 minute and at most the shortest time between two runs.
   *
   * @default - 6 hours, or the shortest time between two runs if that is less
   */
  readonly activeDeadline?: Duration;

  /**
   * Other credentials for S3 stores, by the name of the store: such as may read and note, of `S3Access.VERIFY`; with `repair` they need
   * `S3Access.FULL`. The job then has a ServiceAccount of its own.
   *
   * @default - those of the backup, and its ServiceAccount
   */
  readonly s3Credentials?: { [storeName: string]: S3Credentials };
}
