import { claimsOf, InputSeries, simulate, SimulatedJob, Simulation } from './cluster-simulation';
import { series } from '../rules/rule';
import { AlertContext, AlertTarget } from '../rules/target';

/**
 * Rules are evaluated this often; what is asked in between sees nothing newer. What promtool takes is about a quarter of a millisecond
 * for each rule and evaluation, whatever the number of series: so no oftener than the schedule needs.
 */
export interface Pace {
  readonly evaluation: number;
  /** Time between two samples. */
  readonly step: number;
  /** By then whatever has to last for five minutes before it fires has done so. */
  readonly noticed: number;
  /** By then whatever has to last for a quarter of an hour before it fires has done so. */
  readonly settled: number;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const EVALUATIONS = [10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY];

/** Prometheus takes a series for gone after five minutes without a sample. */
const LONGEST_STEP = 5 * MINUTE;

/** Beyond it there is a sample for each evaluation only: months are a million of them otherwise. */
const STEADY_GAP = 3 * DAY;

/**
 * How a CronJob with this gap between two runs is tested.
 *
 * @param perGap rules are evaluated at least so often from run to run, unless they follow each other within hours
 */
export function paceOf(gapSeconds: number, perGap: number = 16): Pace {
  const evaluation = gapSeconds < HOUR ? LONGEST_STEP : EVALUATIONS.filter(seconds => seconds <= gapSeconds / perGap).pop() ?? EVALUATIONS[0];
  return {
    evaluation,
    step: gapSeconds > STEADY_GAP ? evaluation : LONGEST_STEP,
    noticed: 2 * evaluation,
    settled: evaluation + Math.ceil(15 * MINUTE / evaluation) * evaluation,
  };
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

export interface Scenario extends Omit<Simulation, 'from' | 'step'> {
  readonly name: string;
  /** What comes before it is history, and needs no evaluation; from the beginning, if left out. */
  readonly from?: number;
  readonly expect: readonly Expected[];
  /** Nothing ever fires, not even between the moments that are looked at. */
  readonly quiet?: boolean;
  /** So many metrics are missing. */
  readonly incomplete?: number;
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
  const { name, expect, quiet, ignore, incomplete, ...simulation } = scenario;
  const from = Math.max(0, roundUp(simulation.from ?? 0, pace) - 2 * pace.evaluation);
  const until = roundUp(simulation.until, pace);
  const firing = (range: string) => selectors(target, scenario).map(selector => range === '' ? selector : `count_over_time(${selector}${range})`).join(' or ');
  return {
    name: `${target.cronJob} in ${target.namespace}: ${name}`,
    interval: `${pace.step}s`,
    input_series: simulate(context, target, { freeAfterRun: () => 80, ...simulation, from, until, step: pace.step }),
    promql_expr_test: [
      ...expect.filter(expected => !expected.firing.includes(OPEN)).map(expected => ({
        expr: `count by (alertname, severity) (${firing('')})`,
        eval_time: `${roundUp(expected.at, pace) - from}s`,
        exp_samples: [...expected.firing].sort().map(alert => {
          const [alertname, severity] = alert.split('/');
          return { labels: series('', { alertname, severity }), value: alertname === 'BackupMetricsIncomplete' ? incomplete ?? 1 : howMany(target, alertname) };
        }),
      })),
      ...quiet ? [{ expr: `count(${firing(`[${until - from}s]`)}) or vector(0)`, eval_time: `${until - from}s`, exp_samples: [{ labels: '{}', value: 0 }] }] : [],
    ],
  };
}

function howMany(target: AlertTarget, alertname: string): number {
  if (alertname === 'BackupOffsiteStale') return target.stores.filter(({ outside }) => outside).length;
  if (['BackupFromFuture', 'BackupShrinking', 'BackupStoreUnreadable', 'BackupVerificationFailed'].includes(alertname)) return Math.max(1, target.stores.length);
  return alertname.startsWith('BackupVolumeF') ? claimsOf(target).length : 1;
}

/** The alerts on this backup and on its volumes; other ones of the file have no metrics in its tests, and fire. */
function selectors(target: AlertTarget, { ignore, neighboursFail }: Scenario): string[] {
  const of = (labels: { readonly [name: string]: string }) =>
    series('ALERTS', { alertstate: 'firing', ...labels }).replace(/}$/, ignore === undefined ? '}' : `,alertname!~${JSON.stringify(ignore)}}`);
  const own = { cronjob: target.cronJob, backup: target.backup };
  // An alert on a neighbour has the neighbour's namespace or claim.
  if (neighboursFail) {
    const namespaces = ['', '-staging', '-dev'].map(suffix => `${target.namespace}${suffix}`).join('|');
    return [of(own).replace(/}$/, `,namespace=~"${namespaces}",alertname!="BackupMetricsAbsent"}`), ...claimsOf(target).length > 0 ? ['ALERTS{alertstate="firing",alertname=~"BackupVolume.*"}'] : []];
  }
  const { namespace } = target;
  return [of({ namespace, ...own }), ...claimsOf(target).map(claim => of({ namespace, persistentvolumeclaim: claim }))];
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
