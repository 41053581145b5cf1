import { series } from './rules/rule';
import { AlertContext, AlertTarget, tooOldSeconds, volumesOf } from './rules/target';
import { Metrics } from '../../contract/metrics';

/*
 * A Grafana dashboard, in the form that Grafana imports: age of each backup against its objective, duration, volumes, and with the
 * runner's metrics sizes and stores as well. Only queries on metrics that exist.
 */

interface Query {
  readonly expr: string;
  readonly legend: string;
}

interface PanelSpec {
  readonly title: string;
  readonly description: string;
  readonly unit: string;
  readonly queries: readonly Query[];
}

const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };
const WIDTH = 12;
const HEIGHT = 8;

export function dashboard(name: string, context: AlertContext, targets: readonly AlertTarget[]): unknown {
  const panels = [
    ages(context, targets),
    durations(context, targets),
    outcomes(targets),
    ...volumesOf(targets).length > 0 ? [volumes(context, targets)] : [],
    ...context.runnerMetrics ? [...storePanels(context, targets), ...proofPanels(context, targets)] : [],
  ];
  return {
    uid: uid(name),
    title: 'Backups',
    tags: ['backup'],
    timezone: 'utc',
    schemaVersion: 39,
    time: { from: 'now-7d', to: 'now' },
    refresh: '5m',
    templating: { list: [{ name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Prometheus' }] },
    panels: panels.map((panel, i) => ({
      id: i + 1,
      type: 'timeseries',
      title: panel.title,
      description: panel.description,
      datasource: DATASOURCE,
      gridPos: { h: HEIGHT, w: WIDTH, x: (i % 2) * WIDTH, y: Math.floor(i / 2) * HEIGHT },
      fieldConfig: { defaults: { unit: panel.unit, min: 0 }, overrides: [dashed] },
      targets: panel.queries.map(({ expr, legend }, j) => ({ refId: `Q${j + 1}`, datasource: DATASOURCE, expr, legendFormat: legend })),
    })),
  };
}

/** What is promised is a dashed line. */
const dashed = {
  matcher: { id: 'byRegexp', options: '.* (objective|limit|deadline)$' },
  properties: [{ id: 'custom.lineStyle', value: { fill: 'dash' } }],
};

function ages(context: AlertContext, targets: readonly AlertTarget[]): PanelSpec {
  return {
    title: 'Age of the newest backup against its objective',
    description: 'Time since the last run that succeeded. The dashed line is the recovery point objective, or the limit of the alert where none is declared.',
    unit: 's',
    queries: targets.flatMap(target => [
      { expr: `time() - max(${ofCronJob(context, target, 'kube_cronjob_status_last_successful_time')})`, legend: target.cronJob },
      ...target.gapSeconds === undefined ? [] : [
        { expr: `vector(${tooOldSeconds(target)})`, legend: `${target.cronJob} ${target.rpoSeconds === undefined ? 'limit' : 'objective'}` },
      ],
    ]),
  };
}

function durations(context: AlertContext, targets: readonly AlertTarget[]): PanelSpec {
  const { namespaceLabel: ns } = context;
  return {
    title: 'Duration of runs against their deadline',
    description: 'Of the Jobs that are kept.',
    unit: 's',
    queries: targets.flatMap(target => {
      const of = (metric: string, labels: { readonly [name: string]: string } = {}) =>
        series(metric, { ...context.matchLabels, [ns]: target.namespace, ...labels });
      const byJob = (metric: string) => `max by (${ns}, job_name) (${of(metric)})`;
      return [
        {
          expr: `max((${byJob('kube_job_status_completion_time')} - on (${ns}, job_name) ${byJob('kube_job_status_start_time')}) and on (${ns}, job_name) ${of('kube_job_owner', { owner_kind: 'CronJob', owner_name: target.cronJob })})`,
          legend: target.cronJob,
        },
        { expr: `vector(${target.deadlineSeconds})`, legend: `${target.cronJob} deadline` },
      ];
    }),
  };
}

function outcomes(targets: readonly AlertTarget[]): PanelSpec {
  return {
    title: 'Alerts that fire',
    description: 'On these backups and their volumes.',
    unit: 'short',
    queries: [
      ...targets.map(target => ({
        expr: `count by (alertname, severity) (${series('ALERTS', { alertstate: 'firing', namespace: target.namespace, cronjob: target.cronJob, backup: target.backup })})`,
        legend: `${target.cronJob}: {{alertname}} {{severity}}`,
      })),
      ...volumesOf(targets).map(({ namespace, claim }) => ({
        expr: `count by (alertname, severity) (${series('ALERTS', { alertstate: 'firing', namespace, persistentvolumeclaim: claim })})`,
        legend: `${claim}: {{alertname}} {{severity}}`,
      })),
    ],
  };
}

function volumes(context: AlertContext, targets: readonly AlertTarget[]): PanelSpec {
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

function storePanels(context: AlertContext, targets: readonly AlertTarget[]): PanelSpec[] {
  type Render = (of: (metric: { readonly name: string }) => string) => string;
  const panel = (title: string, description: string, unit: string, query: Render): PanelSpec => ({
    title,
    description,
    unit,
    queries: targets.map(target => ({
      expr: query(metric => `max by (backup, store) (${series(metric.name, { ...context.matchLabels, backup_namespace: target.namespace, backup: target.backup })})`),
      legend: `${target.cronJob} in {{store}}`,
    })),
  });
  return [
    panel('Age of the data in each store', 'What a restore from there would go back to.', 's', of => `time() - ${of(Metrics.LAST_RECOVERY_POINT)}`),
    panel('Size of the newest backup', Metrics.LAST_SIZE.help, 'bytes', of => of(Metrics.LAST_SIZE)),
    panel('Duration, as the runner measured it', Metrics.LAST_DURATION.help, 's', of => of(Metrics.LAST_DURATION)),
    panel('Backups in each store', Metrics.BACKUPS.help, 'short', of => of(Metrics.BACKUPS)),
    panel('Bytes in each store', Metrics.BYTES.help, 'bytes', of => of(Metrics.BYTES)),
    panel('Suspect', Metrics.LAST_SUSPECT.help, 'short', of => of(Metrics.LAST_SUSPECT)),
    panel('Backups from the future', Metrics.AHEAD.help, 'short', of => of(Metrics.AHEAD)),
    {
      title: 'Backups whose records differ',
      description: Metrics.DIFFERING.help,
      unit: 'short',
      queries: targets.map(target => ({ expr: ofBackup(context, target, Metrics.DIFFERING), legend: target.cronJob })),
    },
  ];
}

/** How long a restore takes, and when it was last shown that it works. */
function proofPanels(context: AlertContext, targets: readonly AlertTarget[]): PanelSpec[] {
  const of = (metric: { readonly name: string }, target: AlertTarget) => ofBackup(context, target, metric);
  const since = (title: string, metric: { readonly name: string; readonly help: string }): PanelSpec => ({
    title, description: metric.help, unit: 's', queries: targets.map(target => ({ expr: `time() - ${of(metric, target)}`, legend: target.cronJob })),
  });
  return [
    {
      title: 'Duration of a restore against its objective',
      description: 'As the newest drill measured it. The dashed line is the recovery time objective.',
      unit: 's',
      queries: targets.flatMap(target => [
        { expr: of(Metrics.MEASURED_RTO, target), legend: target.cronJob },
        ...target.rtoSeconds === undefined ? [] : [{ expr: `vector(${target.rtoSeconds})`, legend: `${target.cronJob} objective` }],
      ]),
    },
    since('Time since the last drill that passed', Metrics.LAST_DRILL),
    since('Time since a copy was last read back', Metrics.LAST_VERIFICATION),
  ];
}

/** Whatever the store. */
function ofBackup(context: AlertContext, { namespace, backup }: AlertTarget, metric: { readonly name: string }): string {
  return `max by (backup) (${series(metric.name, { ...context.matchLabels, backup_namespace: namespace, backup })})`;
}

function ofCronJob(context: AlertContext, target: AlertTarget, metric: string): string {
  return series(metric, { ...context.matchLabels, [context.namespaceLabel]: target.namespace, cronjob: target.cronJob });
}

/** Grafana takes 40 characters, and a link to the dashboard holds as long as it is the same. */
function uid(name: string): string {
  return `cdk8s-backup-${name}`.slice(0, 40);
}
