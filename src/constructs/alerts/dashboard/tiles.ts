import { ageLimit, Chosen, chosenAlerts, chosenBackups, chosenCompanions, chosenCronJobs } from './chosen';
import { Step, Tile, TileQuery, until } from './panels';
import { Metrics } from '../../../contract/metrics';
import { AlertContext, AlertTarget, overdueSeconds } from '../rules/target';

/** Of a limit, so much is used up when somebody should look. */
export const NEAR = 0.9;

/** The first row: what somebody wants to know who has no time, always of the backup where it is the worst. */
export function tiles(context: AlertContext, targets: readonly AlertTarget[]): Tile[] {
  return context.runnerMetrics ? byExporter(context, targets) : byCronJobs(context, targets);
}

export const RESTORABLE_WORDS = { '1': 'Yes', '0': 'No', '-1': 'Not known' };
export const RESTORABLE_STEPS: readonly Step[] = [{ color: 'purple', from: null }, { color: 'red', from: 0 }, { color: 'green', from: 1 }];

/** -1 where the exporter could read no store yet. */
export function restorable(backups: Chosen): string {
  return `${backups.max(Metrics.RESTORABLE.name)} or on (${backups.by}) (0 * ${backups.max(Metrics.STORE_UP.name)} - 1)`;
}

/** As a share of what is allowed: 1 is the limit. */
export function shareOf(backups: Chosen, seconds: string, limits: string): string {
  return `(${seconds}) / on (${backups.by}) (${limits})`;
}

function byExporter(context: AlertContext, targets: readonly AlertTarget[]): Tile[] {
  const backups = chosenBackups(context, targets);
  const known = backups.max(Metrics.STORE_UP.name);
  const since = (metric: string) => `time() - ${backups.max(metric)}`;
  const never = (metric: string): TileQuery =>
    ({ expr: `count(${known} unless on (${backups.by}) ${backups.max(metric)}) or vector(0)`, legend: 'never', unit: 'short', steps: until(1) });
  const measured = backups.max(Metrics.MEASURED_RTO.name);
  return [
    {
      title: 'Can all be restored?',
      description: `${Metrics.RESTORABLE.help} The worst of all.`,
      unit: 'short',
      noValue: 'Nobody looks',
      queries: [{ expr: `min(${restorable(backups)})`, legend: 'restorable', words: RESTORABLE_WORDS, steps: RESTORABLE_STEPS }],
    },
    ageTile(backups, targets, since(Metrics.LAST_RECOVERY_POINT.name), 'Age of the data that a restore would go back to.'),
    {
      title: 'Restore against RTO',
      description: 'How long the newest drill took, as a share of the declared recovery time objective. The worst of all.',
      unit: 'percentunit',
      noValue: 'Not measured',
      queries: [{ expr: `max(${shareOf(backups, measured, backups.max(Metrics.RTO_TARGET.name))})`, legend: 'of RTO', steps: until(1, NEAR) }],
    },
    {
      title: 'Last drill',
      description: 'Time since the last restore drill that passed, of the backup where it is the longest. Beside it: how many never had one, and how many failed the last time.',
      unit: 's',
      noValue: 'Never',
      queries: [
        { expr: `max(${since(Metrics.LAST_DRILL.name)})`, legend: 'oldest', steps: overdue(targets, 'drill') },
        never(Metrics.LAST_DRILL.name),
        { expr: `count(${backups.max(Metrics.LAST_DRILL_FAILED.name)} == 1) or vector(0)`, legend: 'failed', unit: 'short', steps: until(1) },
      ],
    },
    {
      title: 'Read back',
      description: 'Time since a copy was last read back and found good, of the backup where it is the longest. Beside it: how many never were, and how many copies are damaged.',
      unit: 's',
      noValue: 'Never',
      queries: [
        { expr: `max(${since(Metrics.LAST_VERIFICATION.name)})`, legend: 'oldest', steps: overdue(targets, 'verification') },
        never(Metrics.LAST_VERIFICATION.name),
        { expr: `sum(max by (${backups.by}, store) (${backups.all(Metrics.VERIFICATION_FAILED.name)})) or vector(0)`, legend: 'damaged', unit: 'short', steps: until(1) },
      ],
    },
    alertsTile(targets),
  ];
}

function byCronJobs(context: AlertContext, targets: readonly AlertTarget[]): Tile[] {
  const succeeded = 'kube_cronjob_status_last_successful_time';
  const jobs = chosenCronJobs(context, targets);
  const companion = (kind: 'drill' | 'verification', title: string, what: string): Tile[] => {
    if (targets.every(({ companions }) => companions.every(each => each.kind !== kind))) return [];
    return [{
      title,
      description: `Time since the last ${what} that succeeded, where it is the longest.`,
      unit: 's',
      noValue: 'Never',
      queries: [{ expr: `max(time() - ${chosenCompanions(context, targets, kind).max(succeeded)})`, legend: 'oldest', steps: overdue(targets, kind) }],
    }];
  };
  return [
    {
      title: 'Runs that failed last',
      description: 'Backups whose newest run failed. Whether they can be restored only a BackupExporter knows: runnerMetrics.',
      unit: 'short',
      noValue: '0',
      queries: [{ expr: countAlerts(targets, { alertname: 'BackupJobFailed' }), legend: 'failed', steps: until(1) }],
    },
    ageTile(jobs, targets, `time() - ${jobs.max(succeeded)}`, 'Time since the last run that succeeded.'),
    ...companion('drill', 'Last drill', 'restore drill'),
    ...companion('verification', 'Read back', 'verification'),
    alertsTile(targets),
  ];
}

function ageTile(chosen: Chosen, targets: readonly AlertTarget[], age: string, what: string): Tile {
  const limits = chosen.limits(ageLimit);
  const title = targets.every(({ rpoSeconds }) => rpoSeconds !== undefined) ? 'Age against RPO' : 'Age against its limit';
  if (limits === undefined) {
    const query: TileQuery = { expr: `max(${age})`, legend: 'oldest', steps: [{ color: 'green', from: null }] };
    return { title: 'Age', description: `${what} The oldest of all.`, unit: 's', noValue: 'None', queries: [query] };
  }
  return {
    title,
    description: `${what} As a share of the recovery point objective, or of the limit of the alert where none is declared. The worst of all.`,
    unit: 'percentunit',
    noValue: 'None',
    queries: [{ expr: `max(${shareOf(chosen, age, limits)})`, legend: 'of the limit', steps: until(1, NEAR) }],
  };
}

function alertsTile(targets: readonly AlertTarget[]): Tile {
  return {
    title: 'Alerts that fire',
    description: 'On these backups, their verifications and their drills.',
    unit: 'short',
    noValue: '0',
    queries: [{ expr: countAlerts(targets), legend: 'alerts', steps: until(1) }],
  };
}

function countAlerts(targets: readonly AlertTarget[], labels: { readonly [name: string]: string } = {}): string {
  return `count(${chosenAlerts(targets).all('ALERTS', { alertstate: 'firing', ...labels })}) or vector(0)`;
}

/** Red when the first of them is overdue; never where none has a schedule. */
function overdue(targets: readonly AlertTarget[], kind: 'drill' | 'verification'): readonly Step[] {
  const seconds = targets.flatMap(({ companions }) => companions.filter(companion => companion.kind === kind)).map(overdueSeconds);
  return seconds.length === 0 ? [{ color: 'green', from: null }] : until(Math.min(...seconds));
}
