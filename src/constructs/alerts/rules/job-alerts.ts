import { CronJobQueries } from './cron-job-queries';
import { AlertRule, alertRule, series } from './rule';
import { AlertContext, AlertTarget, goneJobsSeconds, neverScheduledSeconds, overdueSeconds, rememberedSeconds, tooOldSeconds } from './target';
import { showSeconds } from '../../core/check';

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
      target.keepsFailedJobs ? this.failedByJobs() : scheduled ? this.failedByCronJob() : this.failedByGoneJobs(),
      ...scheduled ? [this.overdue(), this.tooOld()] : [],
      this.runningTooLong(),
      ...scheduled ? [this.suspended(), this.neverScheduled()] : [],
      this.metricsAbsent(),
      this.ambiguous(),
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

  /** On demand, where no failed Job is kept, there is nothing else. */
  private failedByGoneJobs(): AlertRule {
    return this.rule({
      alert: 'BackupJobFailed',
      severity: 'warning',
      for: '5m',
      expr: this.queries.newestGone(),
      summary: `The last run of backup ${this.target.cronJob} failed`,
      description: `The run that started at {{ $value | humanizeTimestamp }} is gone and has not succeeded. Failed Jobs are not kept (failedJobsRetained is 0): kubectl get events -n ${this.target.namespace} --sort-by=.lastTimestamp, then run it again: ${this.runNow()}`,
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

  /**
   * The age of the data themselves: from when the newest successful run started. Its Job may be gone, and if nobody saw it, what is known is
   * when it ended.
   */
  private tooOld(): AlertRule {
    const { ns, queries } = this;
    const seconds = tooOldSeconds(this.target);
    const gone = goneJobsSeconds(this.target);
    const remembered = rememberedSeconds(this.target);
    const promise = this.target.rpoSeconds === undefined ? `two runs of ${this.target.cronJob} are missing` : `the recovery point objective of ${showSeconds(seconds)} is broken`;
    return this.rule({
      alert: 'BackupJobMissing',
      severity: 'critical',
      for: '1m',
      expr: `
        (
          time() - max by (${ns}) (
            (
              ${queries.starts(gone)}
              unless on (${ns}, job_name) (${queries.ofNamespace('kube_job_failed', { condition: 'true' }, gone)} == 1)
            )
            <= on (${ns}) group_left ()
            ${queries.ofCronJob('kube_cronjob_status_last_successful_time')}
            or
            ${queries.ofCronJob('kube_cronjob_status_last_successful_time')} - ${this.target.deadlineSeconds}
          )
          or on (${ns})
          ${queries.ageIfNew()}
        ) > ${seconds}
        unless on (${ns})
        (${queries.suspendedFromTheStart(seconds)})
        or on (${ns})
        (
          0 * ${queries.ago('kube_cronjob_status_last_schedule_time', remembered)} + ${remembered}
          and on (${ns}) ${queries.ofCronJob('kube_cronjob_info')}
          unless on (${ns}) ${queries.ofCronJob('kube_cronjob_status_last_successful_time')}
          unless on (${ns}) ${queries.ofCronJob('kube_cronjob_created')}
        )`,
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
    const { ns, queries } = this;
    const seconds = neverScheduledSeconds(this.target);
    return this.rule({
      alert: 'BackupJobNeverScheduled',
      severity: 'critical',
      for: '5m',
      expr: `
        (
          (
            time() - ${queries.ofCronJob('kube_cronjob_created')}
            or on (${ns})
            time() - ${queries.ofCronJob('kube_cronjob_next_schedule_time')} + ${this.target.gapSeconds}
          )
          unless on (${ns})
          ${queries.ofCronJob('kube_cronjob_status_last_schedule_time')}
        ) > ${seconds}
        unless on (${ns})
        (${queries.suspendedFromTheStart(seconds)})`,
      summary: `Backup ${this.target.cronJob} has never been started`,
      description: `It has waited for {{ $value | humanizeDuration }} and should have run. First: kubectl describe cronjob/${this.target.cronJob} -n ${this.target.namespace}, whose events say why not`,
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

  /** Two clusters with backups of the same names: whatever is fresh in one hides what is old in the other. */
  private ambiguous(): AlertRule {
    const { ns, queries } = this;
    const of = (metric: string) => series(metric, queries.cronJobLabels());
    return this.rule({
      alert: 'BackupAlertsAmbiguous',
      severity: 'warning',
      for: '30m',
      expr: `
        max by (${ns}) (${of('kube_cronjob_created')})
        > on (${ns})
        min by (${ns}) (${of('kube_cronjob_created')})
        or on (${ns})
        count by (${ns}) (count by (${ns}, cluster) (${of('kube_cronjob_info')})) > 1`,
      summary: `Alerts on backup ${this.target.cronJob} can't tell several clusters apart`,
      description: `This Prometheus sees ${this.target.namespace}/${this.target.cronJob} in several clusters, and what is fresh in one hides what is old in the other. Set matchLabels of BackupAlertRules, such as cluster="prod", with one set of rules for each cluster`,
    });
  }

  private rule(spec: Omit<Parameters<typeof alertRule>[1], 'labels'>): AlertRule {
    const { namespace, cronJob: cronjob, backup } = this.target;
    return alertRule(this.context, { ...spec, labels: { namespace, cronjob, backup } });
  }

  private runNow(): string {
    return `kubectl create job --from=cronjob/${this.target.cronJob} ${this.target.cronJob}-now -n ${this.target.namespace}`;
  }

  private readTheLog(status: string): string {
    return `First: ${this.lookFirst}, then kubectl logs job/NAME -n ${this.target.namespace} of the newest one that is ${status}: its last line says whether trying again helps. If it does: ${this.runNow()}`;
  }
}
