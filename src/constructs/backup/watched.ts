/** What alert rules need to know about a backup, beside its names and its schedule. */
export interface Watched {
  /** Of its Jobs. */
  readonly labels: { readonly [key: string]: string };
  readonly deadlineSeconds: number;
  readonly startingDeadlineSeconds: number;
  readonly successfulJobsRetained: number;
  readonly failedJobsRetained: number;
  readonly stores: readonly WatchedStore[];
  /** The CronJob that reads backups back; not there where nothing does so. */
  readonly verify?: WatchedCronJob;
}

/** A CronJob that proves a backup good. */
export interface WatchedCronJob {
  readonly cronJobName: string;
  /** The longest time between two runs. */
  readonly gapSeconds: number;
  readonly deadlineSeconds: number;
}

export interface WatchedStore {
  readonly name: string;
  /** The claim of a volume. */
  readonly claimName?: string;
  /** Whether it is outside of the cluster. */
  readonly outside: boolean;
}
