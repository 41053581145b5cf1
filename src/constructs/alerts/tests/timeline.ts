import { kept, minutes, OPEN, Pace } from './alert-test';
import { SimulatedJob } from './cluster-simulation';
import { AlertContext, AlertTarget, AlertVolume, neverScheduledSeconds, overdueSeconds, storeTooOldSeconds, tooOldSeconds } from '../rules/target';

export const OVERDUE = 'BackupJobMissing/warning';
export const TOO_OLD = 'BackupJobMissing/critical';
export const OFFSITE = 'BackupOffsiteStale/critical';

/** Follows from a run that takes too long, sooner or later. */
export const MISSING = 'BackupJobMissing|BackupOffsiteStale';

/** A CronJob that runs every longest gap, the worst that may happen while all is well: its runs, and what fires when one is missing. */
export class Timeline {
  protected readonly gap: number;
  /** A quick run. */
  protected readonly quick: number;
  /** Before this time after the last success nothing fires. */
  protected readonly shortest: number;
  protected readonly horizon: number;
  protected readonly offsite: boolean;

  constructor(
    protected readonly context: AlertContext,
    protected readonly target: AlertTarget,
    protected readonly volumes: readonly AlertVolume[],
    protected readonly pace: Pace,
  ) {
    this.gap = target.gapSeconds!;
    this.quick = minutes(Math.min(600, target.deadlineSeconds / 4));
    // Long enough after the last success for everything to fire.
    const thresholds = [tooOldSeconds, overdueSeconds, neverScheduledSeconds, storeTooOldSeconds];
    this.shortest = Math.min(...thresholds.map(seconds => seconds(target)));
    this.horizon = Math.max(...thresholds.map(seconds => seconds(target))) + 2 * pace.settled;
    this.offsite = context.runnerMetrics && target.stores.some(({ outside }) => outside);
  }

  /** The alert, once it is past its threshold and everything that it waits for. */
  protected after(time: number, threshold: number, alert: string): string[] {
    const { evaluation, settled } = this.pace;
    if (time < threshold - evaluation) return [];
    return time > threshold + settled - evaluation ? [alert] : [OPEN];
  }

  /** What is missing when the last success is that of a run, or when there was none. */
  protected missingAt(time: number, lastSuccess?: number): string[] {
    const started = lastSuccess === undefined ? 0 : this.at(lastSuccess);
    return this.missingSince(time, lastSuccess === undefined ? 0 : started + this.quick, started, started);
  }

  protected missingSince(time: number, ended: number, started: number, recoveryPoint: number): string[] {
    return [
      ...this.after(time, ended + overdueSeconds(this.target), OVERDUE),
      ...this.after(time, started + tooOldSeconds(this.target), TOO_OLD),
      ...this.offsite ? this.after(time, recoveryPoint + storeTooOldSeconds(this.target), OFFSITE) : [],
    ];
  }

  /** Where failed Jobs aren't kept the alert stays for a deadline, so that it is there while the next run goes on. */
  protected clearing(): number {
    return this.pace.settled + (this.target.keepsFailedJobs ? 0 : this.target.deadlineSeconds);
  }

  protected runs(from: number, to: number, duration?: (run: number) => number): SimulatedJob[] {
    const runs = Array.from({ length: to - from + 1 }, (_, i) => this.run(from + i));
    return kept(duration ? runs.map((run, i) => ({ ...run, end: run.start + duration(from + i) })) : runs, 3);
  }

  protected run(number: number): SimulatedJob {
    return { name: `${this.target.cronJob}-${number}`, start: this.at(number), end: this.at(number) + this.quick };
  }

  protected failed(number: number): SimulatedJob {
    return { ...this.run(number), failed: true, ...this.target.keepsFailedJobs ? {} : { removed: this.at(number) + this.quick } };
  }

  protected at(run: number): number {
    return run * this.gap;
  }
}
