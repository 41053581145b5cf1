import { Cron, Duration, Size } from 'cdk8s';
import { DrillVolume } from './drill-volume';
import { BackupCronJob } from '../backup/backup-cron-job';
import { RedisAssertion } from '../engines/redis/redis-restore-options';
import { ContainerResources } from '../pod/container-resources';
import { Decryption } from '../pod/decryption';
import { NetworkOptions } from '../pod/network-options';
import { RunnerPodOptions } from '../pod/runner-pod-options';
import { S3Credentials } from '../stores/s3/s3-credentials';

/** How fresh restored data have to be. */
export interface DrillFreshness {
  /**
   * SQL that returns one time, the newest there is: `SELECT max(created_at) FROM orders`. A time without a zone is taken for UTC. In SQLite, which
   * has no type for it: a text in ISO 8601, or seconds or milliseconds since 1970.
   */
  readonly sql: string;

  /**
   * How much older than the start of the backup it may be. What is older was old in the backup already: nobody writes any more, or the backup is
   * of another database than the one in use.
   */
  readonly maxAge: Duration;
}

/** How a drill goes, whichever backup it rehearses and whenever it does. */
export interface RestoreDrillOptions extends RunnerPodOptions, NetworkOptions {
  /**
   * Other credentials for S3 stores, by the name of the store: such as may read and write the record of the drill, of
   * `S3Access.VERIFY`.
   *
   * @default - those of the backup
   */
  readonly s3Credentials?: { [storeName: string]: S3Credentials };

  /**
   * Where the identity is that opens the backup; needed where that is encrypted.
   *
   * @default - none: the backup is not encrypted
   */
  readonly decryption?: Decryption;

  /**
   * Time zone of the schedule: a name of the IANA database, in its own spelling.
   *
   * @default "Etc/UTC"
   */
  readonly timeZone?: string;

  /**
   * Name of the CronJob, of its ServiceAccount and its NetworkPolicy: up to 52 lower-case letters, digits and `-`.
   *
   * @default - the construct's id in kebab-case: `db-drill` for both `db-drill` and `DbDrill`
   */
  readonly cronJobName?: string;

  /**
   * PostgreSQL: which database of the backup is restored. Must be given where the backup has all databases of a server.
   *
   * @default - the one that is backed up
   */
  readonly databaseName?: string;

  /**
   * PostgreSQL and SQLite: SQL that has to return true in the restored database, such as `SELECT count(*) > 0 FROM users`. It can't change anything.
   *
   * @default - none: what the record says about objects and rows is checked anyway
   */
  readonly assertions?: string[];

  /**
   * Redis: keys that have to be there.
   *
   * @default - none: that there are keys at all, if there were, is checked anyway
   */
  readonly keys?: RedisAssertion[];

  /**
   * PostgreSQL and SQLite: how fresh the restored data have to be.
   *
   * @default - as old as they are
   */
  readonly freshness?: DrillFreshness[];

  /**
   * PostgreSQL: tables, as `schema.table`, that may come out of a restore empty. Every other table that had about 100 rows or more when the backup
   * was taken, by the server's own estimate, has to have rows: name those that are filled and emptied all the time.
   *
   * @default - none
   */
  readonly tablesThatMayBeEmpty?: string[];

  /**
   * PostgreSQL: how many tables and indexes are restored at a time, 1 to 64. Take the number of the `RestoreJob`, and the time that is measured is
   * that of a real restore. More than one needs the whole archive in the scratch volume.
   *
   * @default 1
   */
  readonly parallelJobs?: number;

  /**
   * Image of the scratch server: the official one of PostgreSQL or Redis, or one with the same entry point, `docker-entrypoint.sh`, and a shell, such
   * as `postgis/postgis:17-3.5`. It must be of the version that was backed up or a later one, and have its extensions and locales.
   *
   * @default - `postgres:17` or `redis:8`
   */
  readonly serverImage?: string;

  /**
   * More arguments of the scratch server, such as `['-c', 'shared_buffers=1GB']`. What keeps it from listening to the network comes after them.
   *
   * @default - none: the image's own settings, durable as a real server's
   */
  readonly serverArgs?: string[];

  /**
   * Resources of the scratch server. What you give replaces the default as a whole. A Redis may fill three quarters of the limit of memory; a backup
   * with more is refused.
   *
   * @default - requests of 100m CPU and 256 MiB, a limit of 1 GiB of memory and none of CPU
   */
  readonly serverResources?: ContainerResources;

  /**
   * Numeric user and group id that the scratch server runs as, never 0.
   *
   * @default 999, as in the official images on Debian; PostgreSQL's on Alpine have 70
   */
  readonly serverUser?: number;

  /**
   * How long the scratch server may take until it answers.
   *
   * @default Duration.minutes(5)
   */
  readonly serverStartTimeout?: Duration;

  /**
   * Where the scratch server has its data.
   *
   * @default DrillVolume.emptyDir(Size.gibibytes(10))
   */
  readonly dataVolume?: DrillVolume;

  /**
   * Limit of the volume for temporary files, which is on the node's disk: whole MiB, at least 16. A backup that fits is read over the network once; a
   * SQLite database is restored there.
   *
   * @default - 1 GiB, 10 GiB for SQLite
   */
  readonly scratchSize?: Size;

  /**
   * How many drills stay in the history.
   *
   * @default 100
   */
  readonly keepDrills?: number;

  /**
   * How long a drill may take, its retries included: at least 1 minute, at most the shortest time between two drills, and more than the declared RTO.
   *
   * @default - 6 hours, or the shortest time between two drills if that is less
   */
  readonly activeDeadline?: Duration;

  /**
   * How late a drill may start if the cluster could not start it in time.
   *
   * @default - 6 hours, or the shortest time between two drills if that is less
   */
  readonly startingDeadline?: Duration;

  /**
   * How often a failed drill is tried again, where a retry can help: a store or the scratch server that can't be reached. Each try leaves a record.
   *
   * @default 2
   */
  readonly backoffLimit?: number;

  /**
   * How many Jobs that succeeded are left to look at. Where `dataVolume` is a claim, each keeps its own, which is empty.
   *
   * @default - 3, with a claim 1
   */
  readonly successfulJobsRetained?: number;

  /**
   * How many Jobs that failed are left to look at. Where `dataVolume` is a claim, each keeps its own, which is empty.
   *
   * @default - 3, with a claim 1
   */
  readonly failedJobsRetained?: number;

  /**
   * Labels of everything that is made, and of the Jobs and pods. Never those of a backup: a drill must not count as one.
   *
   * @default { component: 'restore-drill' }
   */
  readonly labels?: { [key: string]: string };

  /**
   * Resources of the runner. What you give replaces the default as a whole.
   *
   * @default - requests of 100m CPU and 256 MiB, a limit of 1 GiB of memory and none of CPU
   */
  readonly resources?: ContainerResources;

  /**
   * What a drill has to end itself after SIGTERM, before it is killed. The runner needs 5 seconds, so more than that: the scratch server empties its
   * directory in what is left.
   *
   * @default Duration.seconds(30)
   */
  readonly terminationGracePeriod?: Duration;
}

/** Properties of `RestoreDrill`. */
export interface RestoreDrillProps extends RestoreDrillOptions {
  /** The backup that is rehearsed. Its stores are read, and the record of the drill is written there; its image and its user are taken over. */
  readonly backup: BackupCronJob;

  /**
   * Which member is rehearsed, where the backup is a set: a drill for each that matters.
   *
   * @default - none: the backup is of one database
   */
  readonly member?: string;

  /** When to drill, in `timeZone`: once a week, for example. */
  readonly schedule: Cron;
}
