import { StoreFacts } from '../../backup/job-facts';

/** One backup, as alert rules, their tests and dashboards see it. */
export interface AlertTarget {
  readonly namespace: string;
  readonly cronJob: string;
  readonly backup: string;
  /** What finds its Jobs with `kubectl get jobs`. */
  readonly jobSelector: string;
  /** Not there on demand, nor are the other times that begin with a schedule. */
  readonly gapSeconds?: number;
  readonly startingDeadlineSeconds: number;
  readonly deadlineSeconds: number;
  readonly rpoSeconds?: number;
  readonly keepsFailedJobs: boolean;
  /** 0: the size of a backup says nothing. */
  readonly suspectBelowPercent: number;
  readonly stores: readonly StoreFacts[];
  /** What a drill must not take longer than; not there without drills, or where nothing is declared. */
  readonly rtoSeconds?: number;
  readonly companions: readonly RelatedJob[];
}

/** A CronJob that proves a backup good. */
export interface RelatedJob {
  readonly kind: 'verification' | 'drill';
  readonly cronJob: string;
  readonly gapSeconds: number;
  readonly deadlineSeconds: number;
}

/** What all rules of a set have in common. */
export interface AlertContext {
  /** The label of kube-state-metrics that has the namespace of the object. */
  readonly namespaceLabel: string;
  /** That of the kubelet. */
  readonly kubeletNamespaceLabel: string;
  /** Labels that all series have. */
  readonly matchLabels: { readonly [name: string]: string };
  /** Whether what the runner measures is scraped. */
  readonly runnerMetrics: boolean;
  /** Labels that all alerts have. */
  readonly labels: { readonly [name: string]: string };
  readonly runbookUrl?: string;
}

/** Metrics come late, and clocks differ. */
const SLACK_SECONDS = 900;

const HOUR = 3600;
const DAY = 24 * HOUR;

/** A run that should have ended has not. */
export function overdueSeconds({ gapSeconds, deadlineSeconds }: Pick<AlertTarget, 'gapSeconds' | 'deadlineSeconds'>): number {
  return gapSeconds! + deadlineSeconds + SLACK_SECONDS;
}

/** Age of the data from which on more would be lost than was promised; without a promise, two runs are missing. */
export function tooOldSeconds({ rpoSeconds, gapSeconds, startingDeadlineSeconds, deadlineSeconds }: AlertTarget): number {
  return rpoSeconds ?? 2 * gapSeconds! + startingDeadlineSeconds + deadlineSeconds;
}

/** Somebody would have started a first run by then. */
export function neverScheduledSeconds({ gapSeconds, startingDeadlineSeconds }: AlertTarget): number {
  return gapSeconds! + startingDeadlineSeconds + SLACK_SECONDS;
}

/** As {@link tooOldSeconds}, with the time that it takes to look into the stores. */
export function storeTooOldSeconds(target: AlertTarget): number {
  return tooOldSeconds(target) + SLACK_SECONDS;
}

/** So far back there are Jobs that are gone: the more the longer, of all CronJobs of the namespace. */
export function goneJobsSeconds(target: AlertTarget): number {
  return Math.min(tooOldSeconds(target), 2 * DAY);
}

/**
 * A run that was due so long ago has ended. Not longer than Prometheus keeps anything, which is a day with the defaults of its operator.
 */
export function rememberedSeconds(target: AlertTarget): number {
  return Math.max(Math.min(tooOldSeconds(target), 20 * HOUR), target.deadlineSeconds + SLACK_SECONDS);
}

/** Within this time a claim of the backup has been mounted, if there are runs at all. */
function mountedSeconds({ gapSeconds, startingDeadlineSeconds, deadlineSeconds }: AlertTarget): number {
  return (gapSeconds ?? 7 * DAY) + startingDeadlineSeconds + deadlineSeconds;
}

/** Over this time the trend of a volume is taken: more than one run, and days where runs are frequent. */
export function trendSeconds(window: number): number {
  return Math.max(3 * DAY, 2 * window);
}

/** So far ahead the trend is looked at: long enough for somebody to act, and for another run. */
export function fullWithinSeconds(window: number): number {
  return Math.max(4 * DAY, 2 * window);
}

/** A claim with all the backups that write to it. */
export interface AlertVolume {
  readonly namespace: string;
  readonly claim: string;
  /** The one of its backups that is the longest apart; on demand only if all of them are. */
  readonly slowest: AlertTarget;
  /** Within this time it has been mounted. */
  readonly windowSeconds: number;
}

export function volumesOf(targets: readonly AlertTarget[]): AlertVolume[] {
  const volumes = new Map<string, AlertTarget[]>();
  for (const target of targets) {
    for (const { claimName } of target.stores) {
      if (claimName === undefined) continue;
      const key = `${target.namespace}/${claimName}`;
      volumes.set(key, [...volumes.get(key) ?? [], target]);
    }
  }
  return [...volumes].map(([key, users]) => {
    const [namespace, claim] = key.split('/');
    const scheduled = users.filter(({ gapSeconds }) => gapSeconds !== undefined);
    const [slowest] = [...scheduled.length > 0 ? scheduled : users].sort((a, b) => mountedSeconds(b) - mountedSeconds(a));
    return { namespace, claim, slowest, windowSeconds: mountedSeconds(slowest) };
  });
}
