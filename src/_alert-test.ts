import { series } from './_alert-rule';
import { AlertContext, AlertTarget } from './_alert-target';
import { claimsOf, InputSeries, simulate, SimulatedJob, Simulation } from './_cluster-simulation';

/** Rules are evaluated this often; what is asked in between sees nothing newer. Coarser where runs are far apart, for promtool's speed. */
export interface Pace {
  readonly evaluation: number;
  /** Time between two samples. */
  readonly step: number;
  /** By then whatever has to last for a while before it fires has done so. */
  readonly settled: number;
}

const FINE: Pace = { evaluation: 300, step: 60, settled: 1500 };
const COARSE: Pace = { evaluation: 1800, step: 300, settled: 5400 };

/** From this gap on an hour more or less is nothing. */
const COARSE_GAP = 12 * 3600;

/** Where runs are days or weeks apart: promtool evaluates all rules of a file each time, and takes minutes otherwise. */
const DAYS: Pace = { evaluation: 14_400, step: 300, settled: 43_200 };
const WEEKS: Pace = { evaluation: 43_200, step: 300, settled: 129_600 };

/** How a CronJob with this gap between two runs is tested. */
export function paceOf(gapSeconds: number = 0): Pace {
  const days = gapSeconds / 86_400;
  return days > 14 ? WEEKS : days > 3 ? DAYS : gapSeconds >= COARSE_GAP ? COARSE : FINE;
}

/** One test of promtool. */
export interface AlertTest {
  readonly name: string;
  readonly interval: string;
  readonly input_series: readonly InputSeries[];
  readonly promql_expr_test: readonly ExpressionTest[];
}

interface ExpressionTest {
  readonly expr: string;
  readonly eval_time: string;
  readonly exp_samples: readonly { readonly labels: string; readonly value: number }[];
}

/** At this time exactly these alerts fire, written as `NAME/severity`. */
export interface Expected {
  readonly at: number;
  readonly firing: readonly string[];
}

export interface Scenario extends Omit<Simulation, 'step'> {
  readonly name: string;
  readonly expect: readonly Expected[];
  /** Nothing ever fires, not even between the moments that are looked at. */
  readonly quiet?: boolean;
  /** Not what this scenario is about, and not worth the arithmetic. */
  readonly ignore?: string;
}

/** In place of an alert: it may have begun to fire or not, so nothing is asked at that moment. */
export const OPEN = '?';

/** What promtool reads. */
export interface AlertTests {
  readonly rule_files: readonly string[];
  readonly evaluation_interval: string;
  readonly tests: readonly AlertTest[];
}

export function toTest(context: AlertContext, target: AlertTarget, pace: Pace, scenario: Scenario): AlertTest {
  const { name, expect, quiet, ignore, ...simulation } = scenario;
  const until = roundUp(simulation.until, pace);
  const firing = (range: string) => selectors(context, target, scenario).map(selector => range === '' ? selector : `count_over_time(${selector}${range})`).join(' or ');
  return {
    name: `${target.cronJob} in ${target.namespace}: ${name}`,
    interval: `${pace.step}s`,
    input_series: simulate(context, target, { freeAfterRun: () => 80, ...simulation, until, step: pace.step }),
    promql_expr_test: [
      ...expect.filter(expected => !expected.firing.includes(OPEN)).map(expected => ({
        expr: `count by (alertname, severity) (${firing('')})`,
        eval_time: `${roundUp(expected.at, pace)}s`,
        exp_samples: [...expected.firing].sort().map(alert => {
          const [alertname, severity] = alert.split('/');
          return { labels: series('', { alertname, severity }), value: howMany(target, alertname) };
        }),
      })),
      ...quiet ? [{ expr: `count(${firing(`[${until}s]`)}) or vector(0)`, eval_time: `${until}s`, exp_samples: [{ labels: '{}', value: 0 }] }] : [],
    ],
  };
}

function howMany(target: AlertTarget, alertname: string): number {
  if (alertname === 'BackupOffsiteStale') return target.stores.filter(({ outside }) => outside).length;
  if (['BackupShrinking', 'BackupStoreUnreadable', 'BackupVerificationFailed'].includes(alertname)) return Math.max(1, target.stores.length);
  return alertname.startsWith('BackupVolumeF') ? claimsOf(target).length : 1;
}

/** The alerts on this backup and on its volumes; other ones of the file have no metrics in its tests, and fire. */
function selectors({ namespaceLabel: ns }: AlertContext, target: AlertTarget, { ignore, neighboursFail }: Scenario): string[] {
  const of = (labels: { readonly [name: string]: string }) =>
    series('ALERTS', { alertstate: 'firing', ...labels }).replace(/}$/, ignore === undefined ? '}' : `,alertname!~${JSON.stringify(ignore)}}`);
  const own = { cronjob: target.cronJob, backup: target.backup };
  // An alert on a neighbour has the neighbour's namespace or claim.
  if (neighboursFail) {
    return [of(own).replace(/}$/, ',alertname!="BackupMetricsAbsent"}'), ...claimsOf(target).length > 0 ? ['ALERTS{alertstate="firing",alertname=~"BackupVolume.*"}'] : []];
  }
  return [of({ [ns]: target.namespace, ...own }), ...claimsOf(target).map(claim => of({ [ns]: target.namespace, persistentvolumeclaim: claim }))];
}

/** With what the history limit leaves of them. */
export function kept(jobs: readonly SimulatedJob[], limit: number): SimulatedJob[] {
  const good = jobs.filter(({ failed, end }) => !failed && end !== undefined);
  return jobs.map(job => {
    const index = good.indexOf(job);
    if (index < 0) return job;
    const removed = limit === 0 ? job.end : good[index + limit]?.end;
    return removed === undefined ? job : { ...job, removed };
  });
}

export function minutes(seconds: number): number {
  return Math.max(60, Math.round(seconds / 60) * 60);
}

export function roundUp(seconds: number, { evaluation }: Pace): number {
  return Math.ceil(seconds / evaluation) * evaluation;
}

export function unique(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}
