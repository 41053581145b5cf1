import { CronJobQueries } from './cron-job-queries';
import { AlertRule, alertRule, series } from './rule';
import { AlertContext, AlertTarget, goneJobsSeconds } from './target';
import { Metrics } from '../../../contract/metrics';

/** A metric that rules need, and an expression that has a value where it is missing. */
interface Missing {
  readonly metric: string;
  readonly expr: string;
}

/** A warning for each metric without which alerts on the backup are silent, or false. That the CronJob itself is not seen is an alert of its own. */
export function absentRule(context: AlertContext, target: AlertTarget): AlertRule {
  const { namespace, cronJob, backup } = target;
  const missing = [...ofKubeStateMetrics(context, target), ...ofKubelet(context, target), ...context.runnerMetrics ? ofRunner(context, target) : []];
  return alertRule(context, {
    alert: 'BackupMetricsIncomplete',
    severity: 'warning',
    for: '30m',
    expr: missing.map(({ metric, expr }) => `label_replace(${expr}, "metric", ${JSON.stringify(metric)}, "", "")`).join('\nor\n'),
    summary: `{{ $labels.metric }} of backup ${cronJob} is missing`,
    description: 'Alerts that need it are silent, or wrong. Whoever exports it is gone (kube-state-metrics, the kubelet, the BackupExporter), or the scrape drops it: look at Status, Targets, and at metricRelabelings and metric lists. A volume whose driver has no statistics never has them: set runnerMetrics, which sees the space too',
    labels: { namespace, cronjob: cronJob, backup },
  });
}

function ofKubeStateMetrics(context: AlertContext, target: AlertTarget): Missing[] {
  const { namespaceLabel: ns } = context;
  const queries = new CronJobQueries(context, target.namespace, target.cronJob);
  const window = target.gapSeconds === undefined ? 86_400 : goneJobsSeconds(target);
  const info = queries.ofCronJob('kube_cronjob_info');
  const owned = `max by (${ns}, job_name) (${queries.ofNamespace('kube_job_owner', { owner_kind: 'CronJob', owner_name: target.cronJob }, window)})`;
  const suspend = queries.ofCronJob('kube_cronjob_spec_suspend');
  const [active, next, success] = ['status_active', 'next_schedule_time', 'status_last_successful_time'].map(name => `kube_cronjob_${name}`);
  return [
    ...target.gapSeconds === undefined ? [] : [
      { metric: 'kube_cronjob_spec_suspend', expr: `${info} unless on (${ns}) ${suspend}` },
      { metric: next, expr: `${info} unless on (${ns}) ${queries.ofCronJob('kube_cronjob_created')} unless on (${ns}) (${suspend} == 1) unless on (${ns}) ${queries.ofCronJob(next)}` },
    ],
    { metric: active, expr: `${info} unless on (${ns}) ${queries.ofCronJob(active)}` },
    // While a run is active, there is a Job.
    {
      metric: 'kube_job_owner',
      expr: `max by (${ns}) (max_over_time(${series(active, queries.cronJobLabels())}[${window}s])) > 0 unless on (${ns}) ${owned}`,
    },
    {
      metric: 'kube_job_status_start_time',
      expr: `max by (${ns}) (${owned}) unless on (${ns}) (${queries.starts(window)})`,
    },
    {
      metric: success,
      expr: `max by (${ns}) (${queries.starts()} and on (${ns}, job_name) (${queries.ofNamespace('kube_job_complete', { condition: 'true' })} == 1)) unless on (${ns}) ${queries.ofCronJob(success)}`,
    },
  ];
}

/** Of a claim there is something while it is mounted. Where the runner's metrics are, they see the space as well. */
function ofKubelet(context: AlertContext, target: AlertTarget): Missing[] {
  if (context.runnerMetrics || target.gapSeconds === undefined) return [];
  const { matchLabels, namespaceLabel: ns, kubeletNamespaceLabel } = context;
  const { namespace, cronJob } = target;
  const window = goneJobsSeconds(target);
  const metric = 'kubelet_volume_stats_available_bytes';
  const success = series('kube_cronjob_status_last_successful_time', { ...matchLabels, [ns]: namespace, cronjob: cronJob });
  return target.stores.flatMap(({ claimName }) => {
    if (claimName === undefined) return [];
    const stats = series(metric, { ...matchLabels, [kubeletNamespaceLabel]: namespace, persistentvolumeclaim: claimName });
    return [{ metric, expr: `max by (${ns}) (changes(${success}[${window}s])) > 0 unless on () last_over_time(${stats}[${window}s])` }];
  });
}

function ofRunner(context: AlertContext, { namespace, backup, stores, suspectBelowPercent, rtoSeconds }: AlertTarget): Missing[] {
  const of = (metric: { readonly name: string }, store?: string) =>
    series(metric.name, { ...context.matchLabels, backup_namespace: namespace, backup, ...store === undefined ? {} : { store } });
  const without = (there: string, metric: { readonly name: string }, store?: string): Missing => ({
    metric: metric.name,
    expr: `max by (backup, store) (${there}) unless on (backup, store) ${of(metric, store)}`,
  });
  return [
    // Nobody looks at the store.
    ...stores.map(({ name }) => ({ metric: Metrics.STORE_UP.name, expr: `absent(${of(Metrics.STORE_UP, name)})` })),
    without(of(Metrics.STORE_READ), Metrics.VERIFICATION_FAILED),
    without(of(Metrics.BACKUPS), Metrics.AHEAD),
    ...stores.length < 2 ? [] : [{
      metric: Metrics.DIFFERING.name,
      // While a store can't be read, it is not known.
      expr: `min by (backup) (${of(Metrics.STORE_UP)}) == 1 unless on (backup) ${of(Metrics.DIFFERING)}`,
    }],
    without(`${of(Metrics.BACKUPS)} > 0`, Metrics.LAST_SUSPECT),
    // Where every backup was found damaged, there is none: that is another alert's.
    without(`${of(Metrics.LAST_SUSPECT)} == 0 and ${of(Metrics.BACKUPS)} > ${of(Metrics.VERIFICATION_FAILED)}`, Metrics.LAST_RECOVERY_POINT),
    ...suspectBelowPercent === 0 ? [] : [without(`${of(Metrics.BACKUPS)} > 0`, Metrics.LAST_SIZE)],
    ...stores.flatMap(({ name, claimName }) => claimName === undefined ? [] : [without(of(Metrics.STORE_READ, name), Metrics.FREE_BYTES, name)]),
    ...rtoSeconds === undefined ? [] : [without(of(Metrics.LAST_DRILL), Metrics.MEASURED_RTO)],
  ];
}
