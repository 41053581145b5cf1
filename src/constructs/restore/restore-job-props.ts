import { Duration, Size } from 'cdk8s';
import { RestorePoint } from './restore-point';
import { RestoreTrigger } from './restore-trigger';
import { RestoreWorkload } from './restore-workload';
import { BackupCronJob } from '../backup/backup-cron-job';
import { BackupSource } from '../engines/backup-source';
import { RestoreMode } from '../engines/restore-mode';
import { ContainerResources } from '../pod/container-resources';
import { Decryption } from '../pod/decryption';
import { Encryption } from '../pod/encryption';
import { NetworkOptions } from '../pod/network-options';
import { RunnerPodOptions } from '../pod/runner-pod-options';
import { BackupStore } from '../stores/backup-store';
import { S3Credentials } from '../stores/s3/s3-credentials';

/** How a restore goes, whichever backup it is of. */
export interface RestoreJobOptions extends RunnerPodOptions, NetworkOptions {
  /**
   * The database that is restored to. Give it where that is another server, or where the backup's user may only read.
   *
   * @default - the source of `backup`
   */
  readonly target?: BackupSource;

  /**
   * Where the backups are, in the order in which they are tried.
   *
   * @default - the stores of `backup`
   */
  readonly stores?: BackupStore[];

  /**
   * Other credentials for S3 stores, by the name of the store: such as may read only, of `S3Access.READ`. A restore that stores what is there
   * before needs `S3Access.BACKUP`.
   *
   * @default - those of the stores
   */
  readonly s3Credentials?: { [storeName: string]: S3Credentials };

  /**
   * First part of the names of what is stored, as in `NAME_20261122_020000.dump`.
   *
   * @default - that of `backup`, or else the one that a backup of `target` has by default
   */
  readonly backupName?: string;

  /**
   * Which backup is restored, unless another one is named when the restore is started.
   *
   * @default RestorePoint.LATEST
   */
  readonly restorePoint?: RestorePoint;

  /**
   * How it is brought back, for the engine of the target.
   *
   * @default - `RestoreMode.postgresSwap()` for PostgreSQL, `RestoreMode.redisReplication()` for Redis, `RestoreMode.sqliteReplaceFile()` for SQLite
   */
  readonly mode?: RestoreMode;

  /**
   * With what encrypted backups are opened.
   *
   * @default - none: only what is not encrypted can be restored by this job; from a machine that has an identity, everything can
   */
  readonly decryption?: Decryption;

  /**
   * To whom the safety backup is encrypted, which restores of Redis, of Secrets and of PostgreSQL in place take of what they replace. It is not
   * taken from what is restored: whoever can write to the store would choose it.
   *
   * @default - that of `backup`. Without `backup`, the safety backup is not encrypted; with `decryption`, and for Secrets, that fails at synth
   */
  readonly encryption?: Encryption;

  /**
   * What starts it.
   *
   * @default RestoreTrigger.TEMPLATE
   */
  readonly trigger?: RestoreTrigger;

  /**
   * What uses the database: scaled to zero before anything changes, in this order, and back to its former replicas afterwards, whether the
   * restore succeeded or left everything as it was. Only if the database is not fit for use, it stays stopped.
   *
   * The pod then gets a token of the Kubernetes API, with the rights to read and patch exactly these objects, and to list pods and
   * HorizontalPodAutoscalers of the namespace, which can't be restricted by name.
   *
   * @default - nothing is stopped, and the pod has no token
   */
  readonly workloads?: RestoreWorkload[];

  /**
   * Asked after the workloads are ready again, until it answers with a status of 2xx, for up to five minutes: `http://backend:8080/health`.
   *
   * @default - nothing is asked
   */
  readonly healthUrl?: string;

  /**
   * Name of the CronJob, of its ServiceAccount, its NetworkPolicy and its Role: up to 52 lower-case letters, digits and `-`. Unlike other names in cdk8s it
   * has no hash in it: people type it in an emergency. With `RestoreTrigger.onApply()`, the name of the Job begins with it.
   *
   * @default - the construct's id in kebab-case: `db-restore` for both `db-restore` and `DbRestore`
   */
  readonly cronJobName?: string;

  /**
   * Labels of everything that is made, and of the Jobs and pods. Never those of a backup: a restore must not count as one.
   *
   * @default { component: 'restore' }
   */
  readonly labels?: { [key: string]: string };

  /**
   * Resources of the pod. What you give replaces the default as a whole.
   *
   * @default - requests of 100m CPU and 256 MiB, a limit of 1 GiB of memory and none of CPU
   */
  readonly resources?: ContainerResources;

  /**
   * How long a restore may take, its retries included; at least 1 minute. The runner itself stops a little earlier, leaves the live
   * database as it was or as it will be, and starts the workloads again.
   *
   * @default Duration.hours(6)
   */
  readonly activeDeadline?: Duration;

  /**
   * How often a failed restore is tried again. One that was killed half way is finished, or begun anew; a failure that a retry can't mend,
   * such as a damaged backup, is not tried again. A pod that a drain, a preemption or a node under pressure takes away does not count; one
   * that somebody deletes, or whose emptyDir is over its limit, does.
   *
   * @default 2
   */
  readonly backoffLimit?: number;

  /**
   * Limit of the volume for temporary files, which is on the node's disk: whole MiB, at least 16. A backup that fits is read over the
   * network once, and restored from there once its digest is verified; a larger one is read twice. Several `parallelJobs` need all of it there.
   *
   * @default - 1 GiB, 10 GiB for SQLite; must be given with several `parallelJobs`
   */
  readonly scratchSize?: Size;

  /**
   * What a restore has to put itself right after SIGTERM, before it is killed. The runner needs 5 seconds, so more than that.
   *
   * @default Duration.seconds(30)
   */
  readonly terminationGracePeriod?: Duration;
}

/** Properties of `RestoreJob`. */
export interface RestoreJobProps extends RestoreJobOptions {
  /**
   * The backup to restore: its source is the target, its stores are read, its image and its user are taken over. What is given beside it
   * counts instead.
   *
   * @default - none, as where the backup is defined in another app: `target` and `stores` must be given
   */
  readonly backup?: BackupCronJob;
}
