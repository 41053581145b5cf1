import { Cron, Duration, Size } from 'cdk8s';
import { BackupPruneOptions } from './backup-prune-options';
import { BackupVerifyOptions } from './backup-verify-options';
import { BackupSource } from '../engines/backup-source';
import { Compression } from '../pod/compression';
import { ContainerResources } from '../pod/container-resources';
import { Encryption } from '../pod/encryption';
import { NetworkOptions } from '../pod/network-options';
import { RunnerPodOptions } from '../pod/runner-pod-options';
import { RecoveryObjectives } from '../recovery/recovery-objectives';
import { Retention } from '../recovery/retention';
import { BackupStore } from '../stores/backup-store';

/** How a backup is made and kept, whatever it is of and wherever it goes. */
export interface BackupCronJobOptions extends RunnerPodOptions, NetworkOptions {
  /**
   * When to run, in `timeZone`. Give either this or `onDemand`.
   *
   * @default - none: `onDemand` must be true
   */
  readonly schedule?: Cron;

  /**
   * Run only when somebody asks for it, with `kubectl create job --from=cronjob/NAME`. The CronJob is suspended.
   *
   * @default false
   */
  readonly onDemand?: boolean;

  /**
   * Time zone of the schedule: a name of the IANA database, in its own spelling. With daylight saving a daily run between one and
   * three in the morning is left out, or comes late, once a year.
   *
   * @default "Etc/UTC"
   */
  readonly timeZone?: string;

  /**
   * First part of the names of everything that is stored, as in `NAME_20261122_020000.dump`: 1 to 63 letters, digits, `_` or `-`.
   * Two backups that share a store need different names.
   *
   * @default - the name of the database, the SQLite file's without its extension, or `redis`; what a name can't have becomes `_`
   */
  readonly backupName?: string;

  /**
   * Name of the CronJob, of its ServiceAccount and its NetworkPolicy: up to 52 lower-case letters, digits and `-`, since Kubernetes appends 11 more to
   * name a Job. Unlike other names in cdk8s it has no hash in it: people type it in an emergency.
   *
   * @default - the construct's id in kebab-case: `db-backup` for both `db-backup` and `DbBackup`
   */
  readonly cronJobName?: string;

  /**
   * How long backups are kept. A run removes at its end what is past that, after the new backup was read back from each store; never
   * after a run that failed or whose backup is suspect.
   *
   * @default Retention.FOREVER
   */
  readonly retention?: Retention;

  /**
   * Prune in a CronJob of its own, `NAME-prune`, rather than at the end of each run: at another time of day, or with an identity that
   * alone may delete. Needs a `retention`.
   *
   * @default - each run prunes at its end
   */
  readonly prune?: BackupPruneOptions;

  /**
   * Read backups back on a schedule, in a CronJob `NAME-verify`: digests, the format to its last byte, and whether all stores have the
   * same. The result is noted next to the backup, and the Job fails on a fault.
   *
   * @default - backups are read back before they displace an older one, when somebody asks for it, and when they are restored
   */
  readonly verify?: BackupVerifyOptions;

  /**
   * What the backup must be good for. Objectives that schedule, deadlines, stores and retention can't hold fail `cdk8s synth`, with the
   * arithmetic.
   *
   * @default - nothing is promised
   */
  readonly objectives?: RecoveryObjectives;

  /**
   * How the backup is compressed.
   *
   * @default Compression.DEFAULT
   */
  readonly compression?: Compression;

  /**
   * Encrypt everything before it leaves the pod, so that whoever reads a store reads nothing. Lost identities mean lost backups.
   *
   * @default - artifacts are stored as they are; what encrypts them is the store's, such as SSE
   */
  readonly encryption?: Encryption;

  /**
   * A dump with less than this share of the previous one's bytes is kept, but is marked suspect, never becomes the latest, and
   * fails the Job. In percent, 0 to 100; 0 switches the check off, for empty dumps too.
   *
   * @default 50
   */
  readonly suspectBelowPercent?: number;

  /**
   * A Pushgateway that is told the end of every run, good or bad, such as `http://pushgateway.monitoring:9091`: for a cluster without a
   * `BackupExporter`. One that is down fails no run. Its job in Prometheus needs `honor_labels`.
   *
   * @default - none
   */
  readonly pushgatewayUrl?: string;

  /**
   * Labels of the CronJob, its Jobs, their pods and the ServiceAccount, so that `kubectl get jobs -l component=backup` finds them.
   *
   * @default { component: 'backup' }
   */
  readonly labels?: { [key: string]: string };

  /**
   * Resources of the pod. What you give replaces the default as a whole.
   *
   * No limit on CPU: it would slow the dump, which holds locks and a snapshot, while cores are idle. The limit on memory makes a
   * fault end the backup rather than its neighbours; parts of an upload are held in memory, so raise it for dumps above 1 TB, or
   * above 100 GB where `maxParts` is 1,000.
   *
   * @default - requests of 100m CPU and 256 MiB, a limit of 1 GiB of memory and none of CPU
   */
  readonly resources?: ContainerResources;

  /**
   * How long a run may take, its retries included. At least 1 minute and at most the shortest time between two runs: a run that
   * takes longer swallows the next one. The runner itself stops a little earlier, so that it can still say so in its log.
   *
   * @default - 6 hours, or the shortest time between two runs if that is less
   */
  readonly activeDeadline?: Duration;

  /**
   * How late a run may start if the cluster could not start it in time. After that it is left out until the next one. cdk8s-plus
   * has 10 seconds here, with which a restart of the controller at the wrong moment costs a night's backup.
   *
   * At least 10 seconds, and at most the shortest time between two runs.
   *
   * @default - 6 hours, or the shortest time between two runs if that is less
   */
  readonly startingDeadline?: Duration;

  /**
   * How often a failed run is tried again. A failure that a retry can't mend, such as a wrong password, is not tried again. A pod that a
   * drain, a preemption or a node under pressure takes away does not count; one that somebody deletes, or whose emptyDir is over its limit, does.
   *
   * @default 2
   */
  readonly backoffLimit?: number;

  /**
   * How many Jobs that succeeded are left to look at.
   *
   * @default 3
   */
  readonly successfulJobsRetained?: number;

  /**
   * How many Jobs that failed are left to look at. cdk8s-plus has 1.
   *
   * @default 3
   */
  readonly failedJobsRetained?: number;

  /**
   * Limit of the volume for temporary files, which is on the node's disk: whole MiB, at least 16. PostgreSQL and Redis are streamed
   * and need next to nothing; of a SQLite database a whole copy is made there.
   *
   * @default - 1 GiB, 10 GiB for SQLite
   */
  readonly scratchSize?: Size;

  /**
   * What a run has to end itself after SIGTERM, before it is killed. The runner needs 5 seconds to abort uploads, so more than that.
   *
   * @default Duration.seconds(30)
   */
  readonly terminationGracePeriod?: Duration;
}

/** Properties of `BackupCronJob`. */
export interface BackupCronJobProps extends BackupCronJobOptions {
  /** The database to back up. */
  readonly source: BackupSource;

  /**
   * Where the backup goes: at least one store. The database is dumped once; the run succeeds only when all stores have the bytes.
   */
  readonly stores: BackupStore[];
}
