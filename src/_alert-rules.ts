import { AlertGroup, AlertRule, alertRule, series } from './_alert-rule';
import {
  AlertContext, AlertTarget, AlertVolume, fullWithinSeconds, neverScheduledSeconds, overdueSeconds, storeTooOldSeconds, tooOldSeconds, trendSeconds,
  volumesOf,
} from './_alert-target';
import { showSeconds } from './_check';
import { Metrics } from './contract/metrics';

/*
 * Every expression first aggregates by the namespace (or by the Job), so that two replicas of kube-state-metrics are one alert and a
 * restart of it does not resolve one. `max by` also drops labels on which the two sides of an operator would differ.
 */

/** All alerts, in groups that Prometheus evaluates one by one. */
export function alertGroups(context: AlertContext, targets: readonly AlertTarget[]): AlertGroup[] {
  return [
    ...targets.map(target => ({
      name: `backup-${target.namespace}-${target.cronJob}`,
      rules: [...new JobAlerts(context, target).rules(), ...context.runnerMetrics ? storeRules(context, target) : []],
    })),
    ...volumesOf(targets).map(volume => ({ name: `backup-volume-${volume.namespace}-${volume.claim}`, rules: volumeRules(context, volume) })),
  ];
}

/** Alerts on the CronJob and its Jobs, from kube-state-metrics. */
class JobAlerts {
  private readonly ns: string;
  private readonly lookFirst: string;

  constructor(private readonly context: AlertContext, private readonly target: AlertTarget) {
    this.ns = context.namespaceLabel;
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
    const { ns } = this;
    return this.rule({
      alert: 'BackupJobFailed',
      severity: 'warning',
      for: '1m',
      expr: `
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
        )`,
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
          ${this.ofCronJob('kube_cronjob_status_last_schedule_time')}
          unless on (${ns})
          (
            ${this.ofCronJob('kube_cronjob_status_last_successful_time')}
            >= on (${ns})
            ${this.ofCronJob('kube_cronjob_status_last_schedule_time')}
          )
        )
        and on (${ns})
        (${this.ofCronJob('kube_cronjob_status_active')} == 0)`,
      summary: `The last run of backup ${this.target.cronJob} failed`,
      description: `The run of {{ $value | humanizeTimestamp }} has not succeeded. Failed Jobs are not kept (failedJobsRetained is 0): kubectl get events -n ${this.target.namespace} --sort-by=.lastTimestamp, then run it again: ${this.runNow()}`,
    });
  }

  private overdue(): AlertRule {
    const { ns } = this;
    const seconds = overdueSeconds(this.target);
    return this.rule({
      alert: 'BackupJobMissing',
      severity: 'warning',
      for: '5m',
      expr: `
        (
          time() - ${this.ofCronJob('kube_cronjob_status_last_successful_time')}
          or on (${ns})
          time() - ${this.ofCronJob('kube_cronjob_created')}
        ) > ${seconds}`,
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
            ${this.starts()}
            and on (${ns}, job_name) (${this.ofNamespace('kube_job_complete', { condition: 'true' })} == 1)
          )
          or on (${ns})
          time() - ${this.ofCronJob('kube_cronjob_status_last_successful_time')} + ${this.target.deadlineSeconds}
          or on (${ns})
          time() - ${this.ofCronJob('kube_cronjob_created')}
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
          time() - (${this.starts()})
          unless on (${ns}, job_name) (${this.ofNamespace('kube_job_complete', { condition: 'true' })} == 1)
          unless on (${ns}, job_name) (${this.ofNamespace('kube_job_failed', { condition: 'true' })} == 1)
        )
        > on (${ns}, job_name)
        (
          0.8 * max by (${ns}, job_name) (${this.ofNamespace('kube_job_spec_active_deadline_seconds')})
          or on (${ns}, job_name)
          0 * max by (${ns}, job_name) (${this.ofNamespace('kube_job_status_start_time')}) + ${Math.round(0.8 * deadlineSeconds)}
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
      expr: `${this.ofCronJob('kube_cronjob_spec_suspend')} == 1`,
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
          time() - ${this.ofCronJob('kube_cronjob_created')}
          unless on (${ns})
          ${this.ofCronJob('kube_cronjob_status_last_schedule_time')}
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
      expr: `absent(${series('kube_cronjob_info', this.cronJobLabels())})`,
      summary: `Nothing is known about backup ${this.target.cronJob}`,
      description: `Either the CronJob is gone or kube-state-metrics is, and without it no other alert on this backup can fire. First: kubectl get cronjob/${this.target.cronJob} -n ${this.target.namespace}`,
    });
  }

  private rule(spec: Omit<Parameters<typeof alertRule>[1], 'labels'>): AlertRule {
    return alertRule(this.context, { ...spec, labels: { cronjob: this.target.cronJob, backup: this.target.backup } });
  }

  /** Start times of all Jobs of the CronJob. The owner is the only exact link between the two. */
  private starts(): string {
    const owner = { owner_kind: 'CronJob', owner_name: this.target.cronJob };
    return `max by (${this.ns}, job_name) (${this.ofNamespace('kube_job_status_start_time')}) and on (${this.ns}, job_name) ${this.ofNamespace('kube_job_owner', owner)}`;
  }

  private ofNamespace(metric: string, labels: { readonly [name: string]: string } = {}): string {
    return series(metric, { ...this.context.matchLabels, [this.ns]: this.target.namespace, ...labels });
  }

  private ofCronJob(metric: string): string {
    return `max by (${this.ns}) (${series(metric, this.cronJobLabels())})`;
  }

  private cronJobLabels(): { readonly [name: string]: string } {
    return { ...this.context.matchLabels, [this.ns]: this.target.namespace, cronjob: this.target.cronJob };
  }

  private runNow(): string {
    return `kubectl create job --from=cronjob/${this.target.cronJob} ${this.target.cronJob}-now -n ${this.target.namespace}`;
  }

  private readTheLog(status: string): string {
    return `First: ${this.lookFirst}, then kubectl logs job/NAME -n ${this.target.namespace} of the newest one that is ${status}: its last line says whether trying again helps. If it does: ${this.runNow()}`;
  }
}

/** Alerts on what is in the stores, from the runner's own metrics. */
function storeRules(context: AlertContext, target: AlertTarget): AlertRule[] {
  const { backup, cronJob, namespace } = target;
  const labels = { [context.namespaceLabel]: namespace, cronjob: cronJob, backup };
  const of = (metric: { readonly name: string }, store?: string) =>
    series(metric.name, { ...context.matchLabels, backup, ...store === undefined ? {} : { store } });
  const list = `cdk8s-backup list --manifest FILE --job ${cronJob}`;
  const rules = [
    alertRule(context, {
      alert: 'BackupSuspect',
      severity: 'critical',
      for: '1m',
      expr: `max by (backup) (${of(Metrics.LAST_SUSPECT)}) == 1`,
      summary: `The newest backup of ${cronJob} is suspect`,
      description: `It is empty or much smaller than the one before, so it is not the latest that a restore takes. Look at the database before anything else: has it lost data? Then: ${list}`,
      labels,
    }),
    ...target.suspectBelowPercent === 0 ? [] : [alertRule(context, {
      alert: 'BackupShrinking',
      severity: 'warning',
      for: '5m',
      expr: `
        max by (backup, store) (${of(Metrics.LAST_SIZE)})
        / on (backup, store)
        max by (backup, store) (quantile_over_time(0.5, ${of(Metrics.LAST_SIZE)}[7d]))
        < ${target.suspectBelowPercent / 100}`,
      summary: `Backups of ${cronJob} shrink`,
      description: `The newest one has {{ $value | humanizePercentage }} of the bytes that were usual in the last 7 days. Compare: ${list}`,
      labels,
    })],
  ];
  if (target.gapSeconds === undefined) return rules;
  const seconds = storeTooOldSeconds(target);
  // A backup that was made just now has no copy yet.
  const created = series('kube_cronjob_created', { ...context.matchLabels, [context.namespaceLabel]: namespace, cronjob: cronJob });
  return [...rules, ...target.stores.filter(({ outside }) => outside).map(({ name }) => alertRule(context, {
    alert: 'BackupOffsiteStale',
    severity: 'critical',
    for: '15m',
    expr: `
      (time() - max by (backup, store) (${of(Metrics.LAST_RECOVERY_POINT, name)})) > ${seconds}
      or
      (
        absent(${of(Metrics.LAST_RECOVERY_POINT, name)})
        and on ()
        (time() - max(${created}) > ${seconds})
      )`,
    summary: `Store ${name} has no recent backup of ${cronJob}`,
    description: `More than ${showSeconds(seconds)} old, none at all, or nobody looks: the copy that outlives the cluster can't be counted on. First: ${list}`,
    labels: { ...labels, store: name },
  }))];
}

/**
 * Alerts on a claim. Its numbers exist while a pod has it mounted, some minutes a day, so all of them look back to the last run.
 */
function volumeRules(context: AlertContext, { namespace, claim, windowSeconds: window }: AlertVolume): AlertRule[] {
  const ns = context.namespaceLabel;
  const trend = trendSeconds(window);
  const ahead = fullWithinSeconds(window);
  const bytes = (kind: string, offset: string = '') =>
    `last_over_time(${series(`kubelet_volume_stats_${kind}_bytes`, { ...context.matchLabels, [ns]: namespace, persistentvolumeclaim: claim })}[${window}s]${offset})`;
  const available = `min by (${ns}, persistentvolumeclaim) (${bytes('available')})`;
  const wayOut = `Expand it, if its class allows it: kubectl patch pvc/${claim} -n ${namespace} -p '{"spec":{"resources":{"requests":{"storage":"NEW"}}}}', and raise 'size' of the store; or keep fewer backups`;
  const free = (severity: 'critical' | 'warning', share: number) => alertRule(context, {
    alert: 'BackupVolumeFillingUp',
    severity,
    expr: `
      ${available}
      / on (${ns}, persistentvolumeclaim)
      max by (${ns}, persistentvolumeclaim) (${bytes('capacity')})
      < ${share}`,
    summary: `The backup volume ${claim} fills up`,
    description: `{{ $value | humanizePercentage }} of it is free. A run for which there is no room fails. ${wayOut}`,
    labels: {},
  });
  return [
    free('warning', 0.15),
    free('critical', 0.05),
    alertRule(context, {
      alert: 'BackupVolumeFullSoon',
      severity: 'warning',
      for: '1h',
      expr: `
        ${available}
        - on (${ns}, persistentvolumeclaim)
        (
          max by (${ns}, persistentvolumeclaim) (${bytes('available', ` offset ${trend}s`)})
          - on (${ns}, persistentvolumeclaim)
          ${available}
        ) * ${Number((ahead / trend).toFixed(4))}
        < 0`,
      summary: `The backup volume ${claim} will be full within ${showSeconds(ahead)}`,
      description: `That is so if it fills as fast as in the last ${showSeconds(trend)}. ${wayOut}`,
      labels: {},
    }),
  ];
}
