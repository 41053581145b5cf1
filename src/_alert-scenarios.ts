import { series } from './_alert-rule';
import { AlertContext, AlertTarget, AlertVolume, neverScheduledSeconds, overdueSeconds, storeTooOldSeconds, tooOldSeconds, trendSeconds } from './_alert-target';
import { claimsOf, InputSeries, simulate, SimulatedJob, Simulation } from './_cluster-simulation';

/** Rules are evaluated this often; what is asked in between sees nothing newer. Coarser where runs are far apart, for promtool's speed. */
interface Pace {
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

const HOUR = 3600;
const DAY = 24 * HOUR;

/** From longer schedules on, a scenario of several runs takes promtool minutes. */
const LONGEST_GAP = 3 * DAY;

/** Below it runs follow each other faster than rules are evaluated in the tests. */
const SHORTEST_GAP = 1800;

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
interface Expected {
  readonly at: number;
  readonly firing: readonly string[];
}

interface Scenario extends Omit<Simulation, 'step'> {
  readonly name: string;
  readonly expect: readonly Expected[];
  /** Nothing ever fires, not even between the moments that are looked at. */
  readonly quiet?: boolean;
  /** Not what this scenario is about, and not worth the arithmetic. */
  readonly ignore?: string;
}

const FAILED = 'BackupJobFailed/warning';
const OVERDUE = 'BackupJobMissing/warning';
const TOO_OLD = 'BackupJobMissing/critical';
const TOO_LONG = 'BackupJobRunningTooLong/warning';
const SUSPENDED = 'BackupJobSuspended/warning';
const NEVER = 'BackupJobNeverScheduled/critical';
const ABSENT = 'BackupMetricsAbsent/critical';
const OFFSITE = 'BackupOffsiteStale/critical';

/** Follows from a run that takes too long, sooner or later. */
const MISSING = 'BackupJobMissing|BackupOffsiteStale';

/** In place of an alert: it may have begun to fire or not, so nothing is asked at that moment. */
const OPEN = '?';

/** What promtool reads. */
export interface AlertTests {
  readonly rule_files: readonly string[];
  readonly evaluation_interval: string;
  readonly tests: readonly AlertTest[];
}

/**
 * Tests for all alerts on one backup: what must fire, when, and what must not.
 *
 * @param volumes of all backups whose rules are in the file
 */
export function alertTests(context: AlertContext, target: AlertTarget, volumes: readonly AlertVolume[], ruleFile: string): AlertTests {
  const pace = (target.gapSeconds ?? 0) >= COARSE_GAP ? COARSE : FINE;
  const ownVolumes = volumes.filter(({ slowest }) => slowest === target);
  const scenarios = target.gapSeconds === undefined ? onDemand(target, pace)
    : target.gapSeconds > LONGEST_GAP || target.gapSeconds < SHORTEST_GAP ? new Scheduled(context, target, ownVolumes, pace).short()
      : new Scheduled(context, target, ownVolumes, pace).all();
  return {
    rule_files: [ruleFile],
    evaluation_interval: `${pace.evaluation}s`,
    tests: scenarios.map(scenario => toTest(context, target, pace, scenario)),
  };
}

/** A CronJob that runs every longest gap: the worst that may happen while all is well. */
class Scheduled {
  private readonly gap: number;
  /** A quick run. */
  private readonly quick: number;
  private readonly horizon: number;
  private readonly offsite: boolean;

  constructor(
    private readonly context: AlertContext,
    private readonly target: AlertTarget,
    private readonly volumes: readonly AlertVolume[],
    private readonly pace: Pace,
  ) {
    this.gap = target.gapSeconds!;
    this.quick = minutes(Math.min(600, target.deadlineSeconds / 4));
    // Long enough after the last success for everything to fire.
    const thresholds = [tooOldSeconds, overdueSeconds, neverScheduledSeconds, storeTooOldSeconds];
    this.horizon = Math.max(...thresholds.map(seconds => seconds(target))) + 2 * pace.settled;
    this.offsite = context.runnerMetrics && target.stores.some(({ outside }) => outside);
  }

  public all(): Scenario[] {
    const { target } = this;
    return [
      this.healthy(),
      this.failsOnce('a run fails and the next one succeeds', {}),
      this.failsOnce('the same, seen by two kube-state-metrics at a time', { replicas: 2 }),
      this.failsOnce('the same, and kube-state-metrics is restarted meanwhile', { restartedAt: this.at(3) + target.deadlineSeconds }),
      ...target.keepsFailedJobs ? [this.failsOnce('the same, and no Job that succeeded is kept', {}, true), this.failedWhileTheNextRuns()] : [],
      this.failsAlways(),
      this.rerunByHand(),
      this.others(),
      this.missing('the controller stops', {}),
      this.missing('the CronJob is suspended', { suspendedFrom: this.at(2) + Math.min(HOUR, minutes(this.gap / 2)) }),
      this.missing('the CronJob is suspended and its Jobs are gone', { suspendedFrom: this.at(2) + Math.min(HOUR, minutes(this.gap / 2)) }, true),
      this.stuck(),
      this.slow(),
      ...this.short(),
      ...this.volumes.length > 0 ? [this.volumeFills(), this.volumeTrend()] : [],
      ...this.context.runnerMetrics ? [this.suspect(), ...target.suspectBelowPercent > 0 ? [this.shrinks()] : []] : [],
      ...this.offsite ? [this.offsiteStale()] : [],
    ];
  }

  /** What needs no run to succeed. */
  public short(): Scenario[] {
    return [...this.gap > 62 * DAY ? [] : [this.neverScheduled()], this.metricsLost(), this.deleted()];
  }

  private healthy(): Scenario {
    const count = Math.min(30, Math.ceil(Math.max(5 * this.gap, 11 * DAY) / this.gap));
    // From nearly no time to nearly what is "too long".
    const jobs = this.runs(1, count, run => run % 2 === 0 ? 60 : minutes(0.75 * this.target.deadlineSeconds));
    return { name: `all is well for ${count} runs, quick ones and slow ones in turn`, jobs, until: this.at(count + 1), quiet: true, expect: [] };
  }

  private failsOnce(name: string, changes: Partial<Scenario>, noneKept: boolean = false): Scenario {
    const jobs = kept([...this.runs(1, 2), this.failed(3), this.run(4)], noneKept ? 0 : 3);
    const failedAt = this.at(3) + this.quick;
    const cleared = this.at(4) + this.quick + this.clearing();
    // Without Jobs the start of the last good run is a guess.
    const missing = (time: number) => noneKept ? [] : this.missingAt(time, 2);
    return {
      name,
      ...changes,
      ...noneKept ? { ignore: MISSING } : {},
      jobs,
      until: cleared + this.pace.evaluation,
      expect: [
        { at: this.at(3), firing: [] },
        { at: failedAt + this.pace.settled, firing: [FAILED, ...missing(failedAt + this.pace.settled)] },
        { at: this.at(4) - 600, firing: [FAILED, ...missing(this.at(4) - 600)] },
        { at: cleared, firing: [] },
      ],
    };
  }

  private failedWhileTheNextRuns(): Scenario {
    const now = this.at(4) + minutes(this.target.deadlineSeconds / 2);
    return {
      name: 'a run has failed, and the next one goes on',
      jobs: [...this.runs(1, 2), this.failed(3), { ...this.run(4), end: undefined }],
      until: now + this.pace.evaluation,
      expect: [{ at: now, firing: [FAILED, ...this.missingAt(now, 2)] }],
    };
  }

  private failsAlways(): Scenario {
    const count = Math.ceil(this.horizon / this.gap);
    const now = this.horizon;
    const jobs = Array.from({ length: count + 1 }, (_, i) => this.failed(i + 1))
      .map((job, i, all) => ({ ...job, removed: job.removed ?? all[i + 3]?.end }));
    return {
      name: 'no run has ever succeeded',
      jobs,
      until: now + this.pace.evaluation,
      expect: [
        { at: this.at(1) + this.quick + this.pace.settled, firing: [FAILED, ...this.missingAt(this.at(1) + this.quick + this.pace.settled)] },
        { at: now, firing: [FAILED, ...this.missingAt(now)] },
      ],
    };
  }

  private rerunByHand(): Scenario {
    const again = this.at(3) + minutes(this.gap / 2);
    const jobs: SimulatedJob[] = [...this.runs(1, 2), this.failed(3), { name: 'by-hand', byHand: true, start: again, end: again + this.quick }];
    return {
      name: 'a run fails, and somebody runs it again by hand',
      jobs,
      until: again + this.quick + this.clearing() + this.pace.evaluation,
      expect: [{ at: again, firing: [FAILED, ...this.missingAt(again, 2)] }, { at: again + this.quick + this.clearing(), firing: [] }],
    };
  }

  private others(): Scenario {
    const count = Math.ceil(this.horizon / this.gap) + 1;
    const later = (job: SimulatedJob) => ({ ...job, start: job.start + 300, end: job.end! + 300, removed: undefined });
    const neighbour = { ...later(this.failed(2)), name: `${this.target.cronJob}-verify-2`, owner: `${this.target.cronJob}-verify` };
    const elsewhere = { ...later(this.failed(2)), name: this.run(2).name, namespace: `${this.target.namespace}-staging` };
    return {
      name: 'others do badly: a CronJob whose name begins alike, the same names in another namespace, another claim',
      jobs: [...this.runs(1, count), neighbour, elsewhere],
      neighboursFail: true,
      until: this.at(count) + this.quick + this.pace.settled,
      quiet: true,
      expect: [],
    };
  }

  /** After two runs there are no more. */
  private missing(name: string, changes: Partial<Scenario>, jobsGone: boolean = false): Scenario {
    const jobs = this.runs(1, 2).map(job => jobsGone ? { ...job, removed: job.end! + 600 } : job);
    const ended = this.at(2) + this.quick;
    // Without Jobs the start is not known, and the deadline is taken for the duration of the run.
    const oldFrom = jobsGone ? ended - this.target.deadlineSeconds : this.at(2);
    const at = (time: number): Expected => ({
      at: time,
      firing: [
        ...changes.suspendedFrom === undefined ? [] : this.after(time, changes.suspendedFrom + HOUR, SUSPENDED),
        ...this.missingSince(time, ended, oldFrom, this.at(2)),
      ],
    });
    const thresholds = [ended + overdueSeconds(this.target), oldFrom + tooOldSeconds(this.target), this.at(2) + storeTooOldSeconds(this.target)];
    const around = thresholds.flatMap(threshold => [threshold - 2 * this.pace.evaluation, threshold + this.pace.settled]);
    const moments = [...around, this.at(2) + this.horizon].map(time => roundUp(time, this.pace));
    const until = this.at(2) + this.horizon + this.pace.evaluation;
    return { name, ...changes, jobs, until, expect: unique(moments).filter(time => time > ended).map(at) };
  }

  /** The cluster refuses the pods and nothing ends the Job, as without a deadline; `Forbid` keeps the next runs away. */
  private stuck(): Scenario {
    const from = this.at(3);
    const now = from + minutes(0.8 * this.target.deadlineSeconds) + this.pace.settled;
    return {
      name: 'the pods of a run are refused, and it never ends',
      jobs: [...this.runs(1, 2), { name: 'stuck', start: from, withoutDeadline: true }],
      until: now + this.pace.evaluation,
      ignore: MISSING,
      expect: [{ at: from + minutes(0.4 * this.target.deadlineSeconds), firing: [] }, { at: now, firing: [TOO_LONG] }],
    };
  }

  private slow(): Scenario {
    const from = this.at(3);
    const { deadlineSeconds } = this.target;
    const end = from + minutes(deadlineSeconds);
    const long = from + 0.8 * deadlineSeconds;
    // With a deadline of some minutes there is no moment between the alert and the end of the run.
    const before = long - this.pace.evaluation;
    const noticed = long + this.pace.settled;
    const between = noticed + this.pace.evaluation < end ? [{ at: noticed, firing: [TOO_LONG] }] : [];
    return {
      name: 'a run takes nearly all of its deadline',
      jobs: [...this.runs(1, 2), { ...this.run(3), end }],
      until: end + this.pace.settled + this.pace.evaluation,
      ignore: MISSING,
      expect: [{ at: before, firing: [] }, ...between, { at: end + this.pace.settled, firing: [] }],
    };
  }

  private neverScheduled(): Scenario {
    const never = neverScheduledSeconds(this.target);
    const at = (time: number): Expected => ({ at: time, firing: [...this.after(time, never, NEVER), ...this.missingAt(time)] });
    return {
      name: 'no run is ever started',
      jobs: [],
      until: this.horizon + this.pace.evaluation,
      expect: [never - 2 * this.pace.evaluation, never + this.pace.settled, this.horizon].map(time => roundUp(time, this.pace)).map(at),
    };
  }

  private metricsLost(): Scenario {
    const lost = Math.min(DAY, minutes(this.gap / 2));
    return {
      name: 'kube-state-metrics goes away',
      jobs: [],
      metricsLostAt: lost,
      until: lost + this.pace.settled + this.pace.evaluation,
      expect: [{ at: lost, firing: [] }, { at: lost + this.pace.settled, firing: [ABSENT] }],
    };
  }

  private deleted(): Scenario {
    const deleted = Math.min(DAY, minutes(this.gap / 2));
    return {
      name: 'the CronJob is deleted',
      jobs: [],
      deletedAt: deleted,
      until: deleted + this.pace.settled + this.pace.evaluation,
      expect: [{ at: deleted, firing: [] }, { at: deleted + this.pace.settled, firing: [ABSENT] }],
    };
  }

  private volumeFills(): Scenario {
    const free = [80, 20, 9, 4];
    const settled = (run: number) => this.at(run) + this.quick + this.pace.settled;
    return {
      name: 'the volume fills up, and is mounted during the runs only',
      jobs: this.runs(1, 4),
      freeAfterRun: run => free[run],
      ignore: 'BackupVolumeFullSoon',
      until: settled(4) + this.pace.evaluation,
      expect: [
        { at: settled(2), firing: [] },
        { at: settled(3), firing: ['BackupVolumeFillingUp/warning'] },
        { at: settled(4), firing: ['BackupVolumeFillingUp/warning', 'BackupVolumeFillingUp/critical'] },
      ],
    };
  }

  private volumeTrend(): Scenario {
    const window = Math.max(...this.volumes.map(({ windowSeconds }) => windowSeconds));
    const now = this.at(1) + this.quick + trendSeconds(window) + window + 2 * HOUR;
    const runs = Math.floor(now / this.gap);
    return {
      name: 'the volume has room for the next run, but not for many more',
      jobs: kept(this.runs(1, runs), 3),
      freeAfterRun: run => Math.round(95 - 77 * run / (runs - 1)),
      until: now + this.pace.evaluation,
      expect: [{ at: this.at(2) + this.quick + this.pace.settled, firing: [] }, { at: now, firing: ['BackupVolumeFullSoon/warning'] }],
    };
  }

  private suspect(): Scenario {
    const from = this.at(2) + this.quick;
    return {
      name: 'the newest backup is suspect',
      jobs: this.runs(1, 2),
      suspectFrom: from,
      until: from + this.pace.settled + this.pace.evaluation,
      expect: [{ at: from - this.pace.evaluation, firing: [] }, { at: from + this.pace.settled, firing: ['BackupSuspect/critical'] }],
    };
  }

  private shrinks(): Scenario {
    const share = this.target.suspectBelowPercent / 100;
    const at = this.at(6) + this.quick + this.pace.settled;
    return {
      name: 'backups shrink',
      jobs: kept(this.runs(1, 6), 3),
      bytesOfRun: run => [1000, 1000, 1000, 1000, 1000 * share + 1, 1000 * share - 1][run],
      until: at + this.pace.evaluation,
      expect: [{ at: this.at(5) + this.quick + this.pace.settled, firing: [] }, { at, firing: ['BackupShrinking/warning'] }],
    };
  }

  private offsiteStale(): Scenario {
    const threshold = storeTooOldSeconds(this.target);
    const count = Math.ceil((this.at(1) + threshold + this.pace.settled) / this.gap) + 1;
    return {
      name: 'runs succeed, but the store outside of the cluster gets no more of them',
      jobs: kept(this.runs(1, count), 3),
      offsiteStuckAt: this.at(1) + this.quick,
      until: this.at(1) + threshold + 2 * this.pace.settled,
      expect: [
        { at: this.at(1) + threshold - this.pace.evaluation, firing: [] },
        { at: this.at(1) + threshold + this.pace.settled, firing: [OFFSITE] },
      ],
    };
  }

  /** The alert, once it is past its threshold and everything that it waits for. */
  private after(time: number, threshold: number, alert: string): string[] {
    const { evaluation, settled } = this.pace;
    if (time < threshold - evaluation) return [];
    return time >= threshold + settled - evaluation ? [alert] : [OPEN];
  }

  /** What is missing when the last success is that of a run, or when there was none. */
  private missingAt(time: number, lastSuccess?: number): string[] {
    const started = lastSuccess === undefined ? 0 : this.at(lastSuccess);
    return this.missingSince(time, lastSuccess === undefined ? 0 : started + this.quick, started, started);
  }

  private missingSince(time: number, ended: number, started: number, recoveryPoint: number): string[] {
    return [
      ...this.after(time, ended + overdueSeconds(this.target), OVERDUE),
      ...this.after(time, started + tooOldSeconds(this.target), TOO_OLD),
      ...this.offsite ? this.after(time, recoveryPoint + storeTooOldSeconds(this.target), OFFSITE) : [],
    ];
  }

  /** Where failed Jobs aren't kept the alert stays for a deadline, so that it is there while the next run goes on. */
  private clearing(): number {
    return this.pace.settled + (this.target.keepsFailedJobs ? 0 : this.target.deadlineSeconds);
  }

  private runs(from: number, to: number, duration?: (run: number) => number): SimulatedJob[] {
    const runs = Array.from({ length: to - from + 1 }, (_, i) => this.run(from + i));
    return kept(duration ? runs.map((run, i) => ({ ...run, end: run.start + duration(from + i) })) : runs, 3);
  }

  private run(number: number): SimulatedJob {
    return { name: `${this.target.cronJob}-${number}`, start: this.at(number), end: this.at(number) + this.quick };
  }

  private failed(number: number): SimulatedJob {
    return { ...this.run(number), failed: true, ...this.target.keepsFailedJobs ? {} : { removed: this.at(number) + this.quick } };
  }

  private at(run: number): number {
    return run * this.gap;
  }
}

/** Nobody expects a run, and suspended is what such a CronJob is. */
function onDemand(target: AlertTarget, { settled }: Pace): Scenario[] {
  const quick = minutes(Math.min(600, target.deadlineSeconds / 4));
  const run = (start: number): SimulatedJob => ({ name: `${target.cronJob}-now-${start}`, byHand: true, start, end: start + quick });
  const stuck = { name: 'stuck', byHand: true, start: HOUR };
  const long = HOUR + minutes(0.8 * target.deadlineSeconds);
  return [
    { name: 'nobody asks for a backup, and then somebody does', jobs: [run(2 * DAY)], until: 3 * DAY, quiet: true, expect: [] },
    ...target.keepsFailedJobs ? [{
      name: 'a run by hand fails, and the next one succeeds',
      jobs: [run(HOUR), { ...run(DAY), failed: true }, run(2 * DAY)],
      until: 2 * DAY + quick + 2 * settled,
      expect: [{ at: DAY + quick + settled, firing: [FAILED] }, { at: 2 * DAY + quick + settled, firing: [] }],
    }] : [],
    { name: 'a run by hand hangs', jobs: [stuck], until: long + 2 * settled, expect: [{ at: long - 600, firing: [] }, { at: long + settled, firing: [TOO_LONG] }] },
    { name: 'the CronJob is deleted', jobs: [], deletedAt: HOUR, until: HOUR + 2 * settled, expect: [{ at: HOUR, firing: [] }, { at: HOUR + settled, firing: [ABSENT] }] },
  ];
}

function toTest(context: AlertContext, target: AlertTarget, pace: Pace, scenario: Scenario): AlertTest {
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
  if (alertname === 'BackupShrinking') return target.stores.length;
  return alertname.startsWith('BackupVolume') ? claimsOf(target).length : 1;
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
function kept(jobs: readonly SimulatedJob[], limit: number): SimulatedJob[] {
  const good = jobs.filter(({ failed, end }) => !failed && end !== undefined);
  return jobs.map(job => {
    const index = good.indexOf(job);
    if (index < 0) return job;
    const removed = limit === 0 ? job.end : good[index + limit]?.end;
    return removed === undefined ? job : { ...job, removed };
  });
}

function minutes(seconds: number): number {
  return Math.max(60, Math.round(seconds / 60) * 60);
}

function roundUp(seconds: number, { evaluation }: Pace): number {
  return Math.ceil(seconds / evaluation) * evaluation;
}

function unique(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}
