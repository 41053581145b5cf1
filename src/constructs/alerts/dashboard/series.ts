import { ageLimit, Chosen, chosenAlerts, chosenBackups, chosenCronJobs } from './chosen';
import { Query, Series } from './panels';
import { Metrics } from '../../../contract/metrics';
import { series } from '../rules/rule';
import { AlertContext, AlertTarget, volumesOf } from '../rules/target';

/** What came before, below the tiles and the table: how each number got where it is. */
export function seriesOf(context: AlertContext, targets: readonly AlertTarget[]): Series[] {
  return [
    ages(context, targets),
    durations(context, targets),
    alerts(targets),
    ...volumesOf(targets).length > 0 ? [volumes(context, targets)] : [],
    ...context.runnerMetrics ? [...storeSeries(context, targets), ...proofSeries(context, targets)] : [],
  ];
}

/** A dashed line for each backup that has such a limit and is seen. */
function limitLines(chosen: Chosen, of: (target: AlertTarget) => number | undefined, seen: string, legend: string): Query[] {
  const limits = chosen.limits(of);
  return limits === undefined ? [] : [{ expr: `(${limits}) and on (${chosen.by}) (${seen})`, legend }];
}

function ages(context: AlertContext, targets: readonly AlertTarget[]): Series {
  const jobs = chosenCronJobs(context, targets);
  const succeeded = jobs.max('kube_cronjob_status_last_successful_time');
  return {
    title: 'Age of the newest backup against its objective',
    description: 'Time since the last run that succeeded. The dashed line is the recovery point objective, or the limit of the alert where none is declared.',
    unit: 's',
    queries: [
      { expr: `time() - ${succeeded}`, legend: '{{cronjob}}' },
      ...limitLines(jobs, ageLimit, succeeded, '{{cronjob}} limit'),
    ],
    ...sameLimit(targets.map(ageLimit)),
  };
}

function durations(context: AlertContext, targets: readonly AlertTarget[]): Series {
  const { namespaceLabel: ns } = context;
  const jobs = chosenCronJobs(context, targets);
  const namespaces = [...new Set(targets.map(({ namespace }) => namespace))];
  const byJob = (metric: string) => `max by (${ns}, job_name) (${namespaces.map(namespace => series(metric, { ...context.matchLabels, [ns]: namespace })).join(' or ')})`;
  const duration = `${byJob('kube_job_status_completion_time')} - on (${ns}, job_name) ${byJob('kube_job_status_start_time')}`;
  // The owner is the only exact link between a Job and its CronJob.
  const owners = `max by (${ns}, job_name, owner_name) (${jobs.all('kube_job_owner', { owner_kind: 'CronJob' }).replaceAll('cronjob=~', 'owner_name=~')})`;
  const ofCronJob = `max by (${ns}, cronjob) (label_replace((${duration}) * on (${ns}, job_name) group_right () (0 * ${owners} + 1), "cronjob", "$1", "owner_name", "(.*)"))`;
  return {
    title: 'Duration of runs against their deadline',
    description: 'Of the Jobs that are kept.',
    unit: 's',
    queries: [
      { expr: ofCronJob, legend: '{{cronjob}}' },
      ...limitLines(jobs, ({ deadlineSeconds }) => deadlineSeconds, jobs.max('kube_cronjob_status_last_successful_time'), '{{cronjob}} deadline'),
    ],
    ...sameLimit(targets.map(({ deadlineSeconds }) => deadlineSeconds)),
  };
}

function alerts(targets: readonly AlertTarget[]): Series {
  return {
    title: 'Alerts over time',
    description: 'On these backups and their volumes.',
    unit: 'short',
    queries: [
      { expr: `count by (cronjob, alertname, severity) (${chosenAlerts(targets).all('ALERTS', { alertstate: 'firing' })})`, legend: '{{cronjob}}: {{alertname}} {{severity}}' },
      ...volumesOf(targets).map(({ namespace, claim }) => ({
        expr: `count by (alertname, severity) (${series('ALERTS', { alertstate: 'firing', namespace, persistentvolumeclaim: claim })})`,
        legend: `${claim}: {{alertname}} {{severity}}`,
      })),
    ],
  };
}

function volumes(context: AlertContext, targets: readonly AlertTarget[]): Series {
  return {
    title: 'Free space of the volumes',
    description: 'As of the last run: a volume is seen only while a pod has it mounted.',
    unit: 'percentunit',
    queries: volumesOf(targets).map(volume => {
      const bytes = (kind: string) => `last_over_time(${series(`kubelet_volume_stats_${kind}_bytes`, {
        ...context.matchLabels, [context.kubeletNamespaceLabel]: volume.namespace, persistentvolumeclaim: volume.claim,
      })}[${volume.windowSeconds}s])`;
      return { expr: `min(${bytes('available')}) / max(${bytes('capacity')})`, legend: volume.claim };
    }),
  };
}

function storeSeries(context: AlertContext, targets: readonly AlertTarget[]): Series[] {
  const backups = chosenBackups(context, targets);
  const panel = (title: string, metric: { readonly name: string; readonly help: string }, unit: string, since = false): Series => ({
    title,
    description: since ? 'A restore from there would go back to this time.' : metric.help,
    unit,
    queries: [{ expr: `${since ? 'time() - ' : ''}max by (${backups.by}, store) (${backups.all(metric.name)})`, legend: '{{backup}} in {{store}}' }],
    ...since ? sameLimit(targets.map(ageLimit)) : {},
  });
  return [
    panel('Age of the data in each store', Metrics.LAST_RECOVERY_POINT, 's', true),
    panel('Size of the newest backup', Metrics.LAST_SIZE, 'bytes'),
    panel('Duration, as the runner measured it', Metrics.LAST_DURATION, 's'),
    panel('Backups in each store', Metrics.BACKUPS, 'short'),
    panel('Bytes in each store', Metrics.BYTES, 'bytes'),
    panel('Suspect', Metrics.LAST_SUSPECT, 'short'),
    panel('Backups from the future', Metrics.AHEAD, 'short'),
    {
      title: 'Backups whose records differ',
      description: Metrics.DIFFERING.help,
      unit: 'short',
      queries: [{ expr: backups.max(Metrics.DIFFERING.name), legend: '{{backup}}' }],
    },
  ];
}

/** How long a restore takes, and when it was last shown that it works. */
function proofSeries(context: AlertContext, targets: readonly AlertTarget[]): Series[] {
  const backups = chosenBackups(context, targets);
  const measured = backups.max(Metrics.MEASURED_RTO.name);
  const since = (title: string, metric: { readonly name: string; readonly help: string }): Series =>
    ({ title, description: metric.help, unit: 's', queries: [{ expr: `time() - ${backups.max(metric.name)}`, legend: '{{backup}}' }] });
  return [
    {
      title: 'Duration of a restore against its objective',
      description: 'As the newest drill measured it. The dashed line is the recovery time objective.',
      unit: 's',
      queries: [
        { expr: measured, legend: '{{backup}}' },
        ...limitLines(backups, ({ rtoSeconds }) => rtoSeconds, measured, '{{backup}} objective'),
      ],
      ...sameLimit(targets.map(({ rtoSeconds }) => rtoSeconds)),
    },
    since('Time since the last drill that passed', Metrics.LAST_DRILL),
    since('Time since a copy was last read back', Metrics.LAST_VERIFICATION),
  ];
}

/** A panel is red beyond a limit where it is that of all of them. */
function sameLimit(limits: readonly (number | undefined)[]): { readonly limit?: number } {
  const [first, ...others] = new Set(limits);
  return first === undefined || others.length > 0 ? {} : { limit: first };
}
