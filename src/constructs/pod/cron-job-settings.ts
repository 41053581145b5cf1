import { checkWholeNumber } from '../core/check';
import { checkTimeZone } from '../schedule/time-zones';
import { timing, Timing, TimingProps } from '../schedule/timing';

/** What every construct with a CronJob takes about when its Jobs run, and how many are tried and kept. */
export interface CronJobProps extends TimingProps {
  readonly timeZone?: string;
  readonly backoffLimit?: number;
  readonly successfulJobsRetained?: number;
  readonly failedJobsRetained?: number;
}

/** The same, checked, and with the defaults applied. */
export interface CronJobSettings extends Timing {
  readonly timeZone: string;
  readonly backoffLimit: number;
  readonly successfulJobsRetained: number;
  readonly failedJobsRetained: number;
}

export function checkCronJobProps(props: CronJobProps): CronJobSettings {
  return {
    ...timing(props),
    timeZone: checkTimeZone(props.timeZone ?? 'Etc/UTC'),
    backoffLimit: checkBackoffLimit(props.backoffLimit),
    successfulJobsRetained: checkWholeNumber('successfulJobsRetained', props.successfulJobsRetained ?? 3, 0, 1000),
    failedJobsRetained: checkWholeNumber('failedJobsRetained', props.failedJobsRetained ?? 3, 0, 1000),
  };
}

export function checkBackoffLimit(given: number | undefined): number {
  return checkWholeNumber('backoffLimit', given ?? 2, 0, 100);
}
