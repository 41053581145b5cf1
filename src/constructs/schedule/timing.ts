import { Cron, Duration } from 'cdk8s';
import { parseSchedule, Schedule, shortestIntervalSeconds } from './schedule';
import { show, showSeconds, wholeSeconds } from '../core/check';

const SIX_HOURS = 6 * 3600;

// Never reached while the CronJob is suspended, and harmless should somebody resume it.
const ON_DEMAND = Cron.annually();

export interface Timing {
  readonly schedule: Cron;
  readonly deadlineSeconds: number;
  readonly startingDeadlineSeconds: number;
}

export interface TimingProps {
  readonly schedule?: Cron;
  readonly onDemand?: boolean;
  readonly activeDeadline?: Duration;
  readonly startingDeadline?: Duration;
}

/**
 * Checks everything about time that a backup is given, and applies the defaults.
 *
 * @param where the properties are, for messages: `verify.`
 */
export function timing(props: TimingProps, where = ''): Timing {
  const { schedule, onDemand = false } = props;
  if (schedule && onDemand) {
    throw new Error(`'schedule' and 'onDemand' exclude each other, got ${show(schedule.expressionString)} and true: drop one of them; a scheduled backup can be started by hand as well`);
  }
  if (!schedule && !onDemand) throw new Error('\'schedule\' is missing: say when to run, or set \'onDemand\' for a backup that is only started by hand');
  const interval = schedule ? checkSchedule(schedule.expressionString, `${where}schedule`) : undefined;
  const byDefault = Math.min(SIX_HOURS, interval ?? SIX_HOURS);
  return {
    schedule: schedule ?? ON_DEMAND,
    deadlineSeconds: checkAgainst(interval, `${where}activeDeadline`, props.activeDeadline, byDefault, 60, 'a pod needs some time to start', 'it would swallow the next run'),
    startingDeadlineSeconds: checkAgainst(interval, `${where}startingDeadline`, props.startingDeadline, byDefault, 10,
      'the controller looks every 10 seconds', 'the next run comes first'),
  };
}

/** The shortest time between two runs, in seconds. */
function checkSchedule(expression: string, property: string): number {
  let schedule: Schedule;
  try {
    schedule = parseSchedule(expression);
  } catch (error) {
    throw new Error(`'${property}' must be a cron expression that Kubernetes reads, got ${show(expression)}: ${(error as Error).message}`);
  }
  const interval = shortestIntervalSeconds(schedule);
  if (interval === undefined) throw new Error(`'${property}' never runs, got ${show(expression)}: there is no such day or time`);
  if (interval < 60) throw new Error(`'${property}' must be at least 1 minute from run to run, got ${show(expression)}`);
  return interval;
}

function checkAgainst(
  interval: number | undefined, property: string, given: Duration | undefined, byDefault: number, min: number, reason: string, consequence: string,
): number {
  const seconds = given === undefined ? byDefault : wholeSeconds(property, given, min, reason);
  if (interval !== undefined && seconds > interval) {
    throw new Error(`'${property}' must not exceed the shortest time between two runs, ${showSeconds(interval)}, got ${showSeconds(seconds)}: ${consequence}; shorten it or run less often`);
  }
  return seconds;
}

/**
 * When the runner itself stops: a little before the Job's deadline, at which Kubernetes deletes the pod and its log with it.
 */
export function runnerDeadlineSeconds(deadlineSeconds: number): number {
  return Math.max(deadlineSeconds - 60, Math.ceil(deadlineSeconds * 0.9));
}
