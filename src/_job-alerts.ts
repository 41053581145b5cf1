import { AlertRule, alertRule, series } from './_alert-rule';
import { AlertContext, AlertTarget, neverScheduledSeconds, overdueSeconds, tooOldSeconds } from './_alert-target';
import { showSeconds } from './_check';
import { CronJobQueries } from './_cron-job-queries';

/** Alerts on the CronJob and its Jobs, from kube-state-metrics. */
export class JobAlerts {
  private readonly ns: string;
  private readonly queries: CronJobQueries;
  private readonly lookFirst: string;

  constructor(private readonly context: AlertContext, private readonly target: AlertTarget) {
    this.ns = context.namespaceLabel;
    this.queries = new CronJobQueries(context, target.namespace, target.cronJob);
    this.lookFirst = `kubectl get jobs -n ${target.namespace}${target.jobSelector}`;
  }

  public rules(): AlertRule[] {
    const { target } = this;
    const scheduled = target.gapSeconds !== undefined;
    return [
      ...target.keepsFailedJobs ? [this.failedByJobs()] : scheduled ? [this.failedByCronJob()] : [],
      ...scheduled ? [this.overdue(), this.tooOld()] : [],
      this.runningTooLong(),
      ...scheduled ? [this.suspended(), this.neverScheduled()] : [],
      this.metricsAbsent(),
    ];
  }

  /** The newest Job that ended has failed. Clears with the next success, and with one that was started by hand. */
  private failedByJobs(): AlertRule {
    return this.rule({
      alert: 'BackupJobFailed',
      severity: 'warning',
      for: '1m',
      expr: this.queries.newestFailed(),

      summary: `The last run of backup ${this.target.cronJob} failed`,
      description: `The run that started at {{ $value | humanizeTimestamp }} failed, and none has succeeded since. ${this.readTheLog('Failed')}`,
    });
  }

  /** The same where no failed Job is kept. Sees nothing while the next run goes on, so it keeps firing for as long. */
  private failedByCronJob(): AlertRule {
    const { ns } = this;
    return this.rule({
      alert: 'BackupJobFailed',
      severity: 'warning',
      for: '5m',
      keepFiringFor: `${this.target.deadlineSeconds}s`,
      expr: `
        (
          ${this.queries.ofCronJob('kube_cronjob_status_last_schedule_time')}
          unless on (${ns})
          (
            ${this.queries.ofCronJob('kube_cronjob_status_last_successful_time')}
            >= on (${ns})
            ${this.queries.ofCronJob('kube_cronjob_status_last_schedule_time')}
          )
        )
        and on (${ns})
        (${this.queries.ofCronJob('kube_cronjob_status_active')} == 0)`,
      summary: `The last run of backup ${this.target.cronJob} failed`,
      description: `The run of {{ $value | humanizeTimestamp }} has not succeeded. Failed Jobs are not kept (failedJobsRetained is 0): kubectl get events -n ${this.target.namespace} --sort-by=.lastTimestamp, then run it again: ${this.runNow()}`,
    });
  }

  private overdue(): AlertRule {
    const seconds = overdueSeconds(this.target);
    return this.rule({
      alert: 'BackupJobMissing',
      severity: 'warning',
      for: '5m',
      expr: this.queries.noSuccessFor(seconds),
      summary: `Backup ${this.target.cronJob} is overdue`,
      description: `No run has succeeded for {{ $value | humanizeDuration }}; ${showSeconds(seconds)} is what schedule and deadline allow. First: ${this.lookFirst}; then kubectl describe cronjob/${this.target.cronJob} -n ${this.target.namespace}`,
    });
  }

  /** The age of the data themselves: from when the newest successful run started. */
  private tooOld(): AlertRule {
    const { ns } = this;
    const seconds = tooOldSeconds(this.target);
    const promise = this.target.rpoSeconds === undefined ? `two runs of ${this.target.cronJob} are missing` : `the recovery point objective of ${showSeconds(seconds)} is broken`;
    return this.rule({
      alert: 'BackupJobMissing',
      severity: 'critical',
      for: '1m',
      expr: `
        (
          time() - max by (${ns}) (
            ${this.queries.starts()}
            and on (${ns}, job_name) (${this.queries.ofNamespace('kube_job_complete', { condition: 'true' })} == 1)
          )
          or on (${ns})
          time() - ${this.queries.ofCronJob('kube_cronjob_status_last_successful_time')} + ${this.target.deadlineSeconds}
          or on (${ns})
          time() - ${this.queries.ofCronJob('kube_cronjob_created')}
        ) > ${seconds}`,
      summary: `The newest backup of ${this.target.cronJob} is too old`,
      description: `A restore now would go back {{ $value | humanizeDuration }}: ${promise}. Take a backup at once: ${this.runNow()}; then find out why none was taken: ${this.lookFirst}`,
    });
  }

  private runningTooLong(): AlertRule {
    const { ns } = this;
    const { deadlineSeconds } = this.target;
    return this.rule({
      alert: 'BackupJobRunningTooLong',
      severity: 'warning',
      for: '1m',
      expr: `
        (
          time() - (${this.queries.starts()})
          unless on (${ns}, job_name) (${this.queries.ofNamespace('kube_job_complete', { condition: 'true' })} == 1)
          unless on (${ns}, job_name) (${this.queries.ofNamespace('kube_job_failed', { condition: 'true' })} == 1)
        )
        > on (${ns}, job_name)
        (
          0.8 * max by (${ns}, job_name) (${this.queries.ofNamespace('kube_job_spec_active_deadline_seconds')})
          or on (${ns}, job_name)
          0 * max by (${ns}, job_name) (${this.queries.ofNamespace('kube_job_status_start_time')}) + ${Math.round(0.8 * deadlineSeconds)}
        )`,
      summary: `A run of backup ${this.target.cronJob} is about to miss its deadline`,
      description: `{{ $labels.job_name }} has run for {{ $value | humanizeDuration }}, of ${showSeconds(deadlineSeconds)} that it has. First: kubectl logs job/{{ $labels.job_name }} -n ${this.target.namespace} --tail=20, which says how many bytes are done; without a pod, kubectl describe job/{{ $labels.job_name }} -n ${this.target.namespace}`,
    });
  }

  private suspended(): AlertRule {
    return this.rule({
      alert: 'BackupJobSuspended',
      severity: 'warning',
      for: '1h',
      expr: `${this.queries.ofCronJob('kube_cronjob_spec_suspend')} == 1`,
      summary: `Backup ${this.target.cronJob} is suspended`,
      description: `Nothing is backed up until somebody resumes it: kubectl patch cronjob/${this.target.cronJob} -n ${this.target.namespace} -p '{"spec":{"suspend":false}}'`,
    });
  }

  private neverScheduled(): AlertRule {
    const { ns } = this;
    return this.rule({
      alert: 'BackupJobNeverScheduled',
      severity: 'critical',
      for: '5m',
      expr: `
        (
          time() - ${this.queries.ofCronJob('kube_cronjob_created')}
          unless on (${ns})
          ${this.queries.ofCronJob('kube_cronjob_status_last_schedule_time')}
        ) > ${neverScheduledSeconds(this.target)}`,
      summary: `Backup ${this.target.cronJob} has never been started`,
      description: `It was made {{ $value | humanizeDuration }} ago and should have run. First: kubectl describe cronjob/${this.target.cronJob} -n ${this.target.namespace}, whose events say why not`,
    });
  }

  private metricsAbsent(): AlertRule {
    return this.rule({
      alert: 'BackupMetricsAbsent',
      severity: 'critical',
      for: '15m',
      expr: `absent(${series('kube_cronjob_info', this.queries.cronJobLabels())})`,
      summary: `Nothing is known about backup ${this.target.cronJob}`,
      description: `Either the CronJob is gone or kube-state-metrics is, and without it no other alert on this backup can fire. First: kubectl get cronjob/${this.target.cronJob} -n ${this.target.namespace}`,
    });
  }

  private rule(spec: Omit<Parameters<typeof alertRule>[1], 'labels'>): AlertRule {
    return alertRule(this.context, { ...spec, labels: { cronjob: this.target.cronJob, backup: this.target.backup } });
  }

  private runNow(): string {
    return `kubectl create job --from=cronjob/${this.target.cronJob} ${this.target.cronJob}-now -n ${this.target.namespace}`;
  }

  private readTheLog(status: string): string {
    return `First: ${this.lookFirst}, then kubectl logs job/NAME -n ${this.target.namespace} of the newest one that is ${status}: its last line says whether trying again helps. If it does: ${this.runNow()}`;
  }
}
