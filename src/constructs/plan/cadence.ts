/*
 * From the promise follows the schedule: the rarest runs with which the newest backup is never older than the RPO.
 */
import { createHash } from 'crypto';
import { Cron, Duration } from 'cdk8s';
import { showSeconds } from '../core/check';

const MINUTE = 60;
const HOUR = 3600;

/** They divide a day, so that a cron expression has them with the same time between all runs. */
const INTERVALS = [24, 12, 8, 6, 4, 3, 2, 1, 0.5, 0.25].map(hours => hours * HOUR);

/** What a run has at least for being late and for taking its time, as a share of the interval: 3 hours of a day. */
const LEAST_SHARE = 1 / 8;

const MOST = 6 * HOUR;

/** The deadlines that somebody has set. */
export interface GivenDeadlines {
  readonly startingDeadline?: Duration;
  readonly activeDeadline?: Duration;
}

/** When runs are, and by how much each may be late. */
export interface Cadence {
  readonly schedule: Cron;
  readonly startingDeadline: Duration;
  readonly activeDeadline: Duration;
}

/**
 * The time of day at which something is done, spread over a fleet by its name.
 *
 * Not at the hour: there all others begin. It stays the same for as long as the name does, so manifests do too.
 */
export class TimeOfDay {
  public readonly minute: number;
  /** From midnight to five in the morning. */
  public readonly hour: number;

  constructor(name: string) {
    const hash = createHash('sha256').update(name).digest().readUInt32BE();
    this.minute = hash % 60;
    this.hour = Math.floor(hash / 60) % 6;
  }

  /** Every night, some hours later. */
  public nightly(hoursLater: number, day: { readonly day?: string; readonly weekDay?: string } = {}): Cron {
    return Cron.schedule({ minute: String(this.minute), hour: String((this.hour + hoursLater) % 24), ...day });
  }

  /** Every so many seconds, one of {@link INTERVALS}. */
  public every(interval: number): Cron {
    if (interval < HOUR) return Cron.schedule({ minute: series(this.minute, interval / MINUTE, 60) });
    return Cron.schedule({ minute: String(this.minute), hour: interval === HOUR ? '*' : series(this.hour, interval / HOUR, 24) });
  }
}

/** The smallest RPO that backups can hold. */
const LEAST_RPO = Math.ceil(Math.min(...INTERVALS) * (1 + LEAST_SHARE) / MINUTE) * MINUTE;

/** @param given counts instead of what would be chosen */
export function cadenceFor(rpo: Duration, time: TimeOfDay, given: GivenDeadlines): Cadence {
  const [startingGiven, deadlineGiven] = [given.startingDeadline?.toSeconds(), given.activeDeadline?.toSeconds()];
  for (const interval of INTERVALS) {
    const late = rpo.toSeconds() - interval;
    if (late < interval * LEAST_SHARE) continue;
    // A third for a cluster that could not start it, the rest for the backup.
    const starting = startingGiven ?? wholeMinutes(Math.min(deadlineGiven === undefined ? late / 3 : late - deadlineGiven, interval, MOST));
    const deadline = deadlineGiven ?? wholeMinutes(Math.min(late - starting, interval, MOST));
    if (starting + deadline > late || Math.max(starting, deadline) > interval) continue;
    return { schedule: time.every(interval), startingDeadline: Duration.seconds(starting), activeDeadline: Duration.seconds(deadline) };
  }
  const deadlines = startingGiven === undefined && deadlineGiven === undefined ? '' : ' and the deadlines that are given';
  throw new Error(`'rpo' must be at least ${showSeconds(LEAST_RPO)}, got ${showSeconds(rpo.toSeconds())}${deadlines}: `
    + 'no schedule holds less; that takes replication or the archiving of write-ahead logs, and backups beside it');
}

function wholeMinutes(seconds: number): number {
  return Math.max(1, Math.floor(seconds / MINUTE)) * MINUTE;
}

/** `7,22,37,52`: every so many, of all that there are. */
function series(start: number, step: number, all: number): string {
  return Array.from({ length: all / step }, (_, i) => start % step + i * step).join();
}
