import { series } from './rule';
import { AlertContext } from './target';

/*
 * Every expression first aggregates by the namespace (or by the Job), so that two replicas of kube-state-metrics are one alert and a
 * restart of it does not resolve one. `max by` also drops labels on which the two sides of an operator would differ.
 */

const DAY = 86_400;

/** What alert rules ask kube-state-metrics about one CronJob and its Jobs. */
export class CronJobQueries {
  private readonly ns: string;

  constructor(private readonly context: AlertContext, private readonly namespace: string, private readonly cronJob: string) {
    this.ns = context.namespaceLabel;
  }

  /** When the newest Job that ended has failed: when it started. Clears with the next success, and with one that was started by hand. */
  public newestFailed(): string {
    const { ns } = this;
    return `
        max by (${ns}) (
          ${this.starts()}
          and on (${ns}, job_name) (${this.ofNamespace('kube_job_failed', { condition: 'true' })} == 1)
        )
        > on (${ns})
        (
          ${this.lastSuccessOrNone()}
        )`;
  }

  /** The same where no failed Job is kept: a Job that was there within a day, is gone, and no success came after its start. */
  public newestGone(): string {
    const { ns } = this;
    return `
        max by (${ns}) (
          ${this.starts(DAY)}
          unless on (${ns}, job_name) ${this.ofNamespace('kube_job_status_start_time')}
          and on (${ns}) ${this.ofCronJob('kube_cronjob_info')}
        )
        > on (${ns})
        (
          ${this.lastSuccessOrNone()}
        )`;
  }

  /** For how long no run has succeeded, if that is longer than `seconds`; the CronJob itself may be younger. */
  public noSuccessFor(seconds: number): string {
    const { ns } = this;
    return `
        (
          time() - ${this.ofCronJob('kube_cronjob_status_last_successful_time')}
          or on (${ns})
          ${this.ageIfNew()}
        ) > ${seconds}
        unless on (${ns})
        (${this.suspendedFromTheStart(seconds)})`;
  }

  /**
   * How old the CronJob is. Many clusters drop the moment at which it was made; its first run is due later than that, and is known as long as
   * there was none.
   */
  public ageIfNew(): string {
    const { ns } = this;
    return `time() - ${this.ofCronJob('kube_cronjob_created')}
          or on (${ns})
          time() - (${this.ofCronJob('kube_cronjob_next_schedule_time')} unless on (${ns}) ${this.ofCronJob('kube_cronjob_status_last_schedule_time')})`;
  }

  /** Whether nothing was ever scheduled, and nothing could have been for so long. Nobody expects a backup then: that it is suspended is an alert of its own. */
  public suspendedFromTheStart(seconds: number): string {
    const suspended = `max by (${this.ns}) (max_over_time(${series('kube_cronjob_spec_suspend', this.cronJobLabels())}[${seconds}s])) == 1`;
    return `${suspended} unless on (${this.ns}) ${this.ofCronJob('kube_cronjob_status_last_schedule_time')}`;
  }

  /**
   * Start times of all Jobs of the CronJob. The owner is the only exact link between the two.
   *
   * @param window so many seconds ago they may have been deleted
   */
  public starts(window?: number): string {
    const { ns } = this;
    const of = (metric: string, labels: { readonly [name: string]: string } = {}) => this.ofNamespace(metric, labels, window);
    const owner = { owner_kind: 'CronJob', owner_name: this.cronJob };
    return `max by (${ns}, job_name) (${of('kube_job_status_start_time')}) and on (${ns}, job_name) ${of('kube_job_owner', owner)}`;
  }

  /** What the CronJob said at a time so many seconds ago, give or take the hour before. */
  public ago(metric: string, seconds: number): string {
    return `max by (${this.ns}) (last_over_time(${series(metric, this.cronJobLabels())}[1h] offset ${seconds}s))`;
  }

  private lastSuccessOrNone(): string {
    return `${this.ofCronJob('kube_cronjob_status_last_successful_time')}
          or on (${this.ns})
          0 * ${this.ofCronJob('kube_cronjob_info')}`;
  }

  public ofNamespace(metric: string, labels: { readonly [name: string]: string } = {}, window?: number): string {
    const now = series(metric, { ...this.context.matchLabels, [this.ns]: this.namespace, ...labels });
    return window === undefined ? now : `last_over_time(${now}[${window}s])`;
  }

  public ofCronJob(metric: string): string {
    return `max by (${this.ns}) (${series(metric, this.cronJobLabels())})`;
  }

  public cronJobLabels(): { readonly [name: string]: string } {
    return { ...this.context.matchLabels, [this.ns]: this.namespace, cronjob: this.cronJob };
  }
}
