import { Duration, Size } from 'cdk8s';

/** What is promised for one scenario. Give at least one of `rpo` and `rto`. */
export interface RecoveryObjective {
  /**
   * Recovery point objective: the most that may be lost, as the age of the data that a restore goes back to.
   *
   * @default - the objectives' own `rpo`
   */
  readonly rpo?: Duration;

  /**
   * Recovery time objective: the longest that a restore may take, from the decision to restore until the data are back.
   *
   * @default - the objectives' own `rto`
   */
  readonly rto?: Duration;

  /**
   * What has to be done before the restore can begin, such as making a new cluster. Part of the RTO.
   *
   * @default - 12 minutes after the loss of a node, since Kubernetes waits 40 seconds and 5 minutes before it moves the pods, and 6
   * minutes more before it takes a volume off the lost node; nothing otherwise
   */
  readonly preparation?: Duration;
}

/** Where the cluster is that the application runs in. */
export interface ClusterLocation {
  /**
   * Region of the cluster, such as `eu-central-1`, by the same name as in the stores. Zones and misspelt names of AWS, Google and
   * Scaleway are refused.
   *
   * @default - unknown: the loss of a region can't be promised
   */
  readonly region?: string;

  /**
   * Zones that the cluster has nodes in, such as `eu-central-1a`, as the label `topology.kubernetes.io/zone` of the nodes has them.
   *
   * @default - unknown: a store in a single zone doesn't count for the loss of a zone
   */
  readonly zones?: string[];
}

/** How long a restore takes, from a measurement or, until there is one, from an honest guess. */
export interface RestoreEstimate {
  /** Stored bytes of one backup, as `cdk8s-backup list` shows them. No more than a volume has that is a store of it. */
  readonly backupSize: Size;

  /**
   * Stored bytes that are downloaded in a second. A backup that does not fit into the scratch volume of a `RestoreJob` of the app, beside
   * 16 MiB, is downloaded twice.
   */
  readonly downloadPerSecond: Size;

  /** Stored bytes that the database takes in in a second: `backupSize` by the time that a rehearsed restore took. */
  readonly restorePerSecond: Size;

  /**
   * All the rest of a restore: a pod is started, the data are checked and put into their place.
   *
   * @default Duration.minutes(10)
   */
  readonly slack?: Duration;
}

/**
 * What the backups are good for, scenario by scenario. Promises that can't be held fail `cdk8s synth`.
 *
 * A scenario that isn't here is not promised, and not checked; but an `rpo` or `rto` alone is promised for `corruption`.
 */
export interface RecoveryObjectives {
  /**
   * The most that may be lost, in every scenario that has no `rpo` of its own; where there is no scenario, in that of `corruption`. It must cover the longest time between two runs in
   * the given time zone, the `startingDeadline` and the `activeDeadline`.
   *
   * @default - only what the scenarios say
   */
  readonly rpo?: Duration;

  /**
   * The longest that a restore may take, in every scenario that has no `rto` of its own; where there is no scenario, in that of `corruption`.
   * Needs `restore`.
   *
   * @default - only what the scenarios say
   */
  readonly rto?: Duration;

  /**
   * The data are damaged, all machines are fine.
   *
   * @default - promised where there is an `rpo` or `rto` and no scenario; otherwise not
   */
  readonly corruption?: RecoveryObjective;

  /**
   * A node is lost. Needs a store that is neither on a node nor on the claim of the database.
   *
   * @default - not promised
   */
  readonly nodeLoss?: RecoveryObjective;

  /**
   * A zone is lost. Needs a store outside of it: volumes are in one zone.
   *
   * @default - not promised
   */
  readonly zoneLoss?: RecoveryObjective;

  /**
   * A region is lost. Needs a store in another one than `cluster.region`.
   *
   * @default - not promised
   */
  readonly regionLoss?: RecoveryObjective;

  /**
   * The cluster is lost, with its volumes. Needs a store outside of it.
   *
   * @default - not promised
   */
  readonly clusterLoss?: RecoveryObjective;

  /**
   * Where the cluster is.
   *
   * @default - unknown
   */
  readonly cluster?: ClusterLocation;

  /**
   * How long a restore takes.
   *
   * @default - unknown: no RTO can be promised
   */
  readonly restore?: RestoreEstimate;

  /**
   * From when something goes wrong until an alert says so.
   *
   * @default Duration.hours(1)
   */
  readonly alertDelay?: Duration;

  /**
   * From the alert, or from when there was anything to see, until somebody acts.
   *
   * @default Duration.days(3), a long weekend
   */
  readonly humanDelay?: Duration;

  /**
   * How old the backups may be that the objectives hold for. A backup of this age must still be kept, and be in a storage class that
   * the RTO has time for.
   *
   * @default - `alertDelay`, `humanDelay` and the longest time between two runs, so that a backup from before the damage is there when
   * somebody acts; at least two times between two runs
   */
  readonly restoreHorizon?: Duration;
}
