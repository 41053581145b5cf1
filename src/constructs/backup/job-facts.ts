import { BackupSettings } from './backup-settings';
import { StoreParts } from '../parts/store-parts';
import { BackupStore } from '../stores/backup-store';

/** What alert rules need to know about a backup, beside its names and its schedule. */
export interface JobFacts {
  /** Of its Jobs. */
  readonly labels: { readonly [key: string]: string };
  readonly deadlineSeconds: number;
  readonly startingDeadlineSeconds: number;
  readonly successfulJobsRetained: number;
  readonly failedJobsRetained: number;
  readonly stores: readonly StoreFacts[];
  /** The CronJob that reads backups back; not there where nothing does so. */
  readonly verify?: RelatedCronJobFacts;
}

/** A CronJob that proves a backup good. */
export interface RelatedCronJobFacts {
  readonly cronJobName: string;
  /** The longest time between two runs. */
  readonly gapSeconds: number;
  readonly deadlineSeconds: number;
}

export interface StoreFacts {
  readonly name: string;
  /** The claim of a volume. */
  readonly claimName?: string;
  /** Whether it is outside of the cluster. */
  readonly outside: boolean;
}

export function jobFacts(
  { labels, job }: BackupSettings, stores: readonly StoreParts[], backupStores: readonly BackupStore[], verify: RelatedCronJobFacts | undefined,
): JobFacts {
  return {
    labels,
    deadlineSeconds: job.deadlineSeconds,
    startingDeadlineSeconds: job.startingDeadlineSeconds,
    successfulJobsRetained: job.successfulJobsRetained,
    failedJobsRetained: job.failedJobsRetained,
    stores: stores.map(({ config: { name }, claimName }, i) => ({ name, claimName, outside: backupStores[i].location._isOutside })),
    verify: verify && { cronJobName: verify.cronJobName, gapSeconds: verify.gapSeconds, deadlineSeconds: verify.deadlineSeconds },
  };
}
