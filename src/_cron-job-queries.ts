import { series } from './_alert-rule';
import { AlertContext } from './_alert-target';

/*
 * Every expression first aggregates by the namespace (or by the Job), so that two replicas of kube-state-metrics are one alert and a
 * restart of it does not resolve one. `max by` also drops labels on which the two sides of an operator would differ.
 */

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
          max by (${ns}) (
            ${this.starts()}
            and on (${ns}, job_name) (${this.ofNamespace('kube_job_complete', { condition: 'true' })} == 1)
          )
          or on (${ns})
          ${this.ofCronJob('kube_cronjob_status_last_successful_time')}
          or on (${ns})
          0 * ${this.ofCronJob('kube_cronjob_created')}
        )`;
  }

  /** For how long no run has succeeded, if that is longer than `seconds`; the CronJob itself may be younger. */
  public noSuccessFor(seconds: number): string {
    const { ns } = this;
    return `
        (
          time() - ${this.ofCronJob('kube_cronjob_status_last_successful_time')}
          or on (${ns})
          time() - ${this.ofCronJob('kube_cronjob_created')}
        ) > ${seconds}`;
  }

  /** Start times of all Jobs of the CronJob. The owner is the only exact link between the two. */
  public starts(): string {
    const owner = { owner_kind: 'CronJob', owner_name: this.cronJob };
    return `max by (${this.ns}, job_name) (${this.ofNamespace('kube_job_status_start_time')}) and on (${this.ns}, job_name) ${this.ofNamespace('kube_job_owner', owner)}`;
  }

  public ofNamespace(metric: string, labels: { readonly [name: string]: string } = {}): string {
    return series(metric, { ...this.context.matchLabels, [this.ns]: this.namespace, ...labels });
  }

  public ofCronJob(metric: string): string {
    return `max by (${this.ns}) (${series(metric, this.cronJobLabels())})`;
  }

  public cronJobLabels(): { readonly [name: string]: string } {
    return { ...this.context.matchLabels, [this.ns]: this.namespace, cronjob: this.cronJob };
  }
}
