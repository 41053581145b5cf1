import { Duration } from 'cdk8s';
import { IConstruct } from 'constructs';

/**
 * Options for `BackupSource.sqlite()`.
 *
 * The claim is mounted writable: in WAL mode even a reader makes and locks the `-shm` file beside the database. The data itself
 * is never written. A `ReadWriteOnce` claim can be mounted on one node only, so the backup then has to run on the node of the
 * application: say so through `cronJob.scheduling`.
 */
export interface SqliteSourceOptions {
  /** The PersistentVolumeClaim that has the database file: of any cdk8s-plus, or an `ApiObject`. */
  readonly claim: IConstruct;

  /** Path of the database file inside the claim, such as `whispercache.db` or `data/app.db`. */
  readonly path: string;

  /**
   * Where the claim is mounted in the pod of the backup. Records name the file by its whole path, so take the path that the
   * application has.
   *
   * @default "/data"
   */
  readonly mountPath?: string;

  /**
   * The copy fails, and is tried again, rather than wait longer than this for a lock. Whole seconds, at least 1.
   *
   * @default Duration.minutes(1)
   */
  readonly lockTimeout?: Duration;
}
