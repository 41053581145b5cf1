import { Metrics } from '../../../contract/metrics';
import { series } from '../rules/rule';
import { AlertContext, AlertTarget } from '../rules/target';

/*
 * What kube-state-metrics, the kubelet and the runner would say about a backup, as series for promtool: names, labels and lifetimes as
 * in kube-state-metrics 2.20. Time is in seconds since the CronJob was made, at 0; that of promtool begins when the simulation does, so
 * that what was before has a negative time there.
 */

export interface SimulatedJob {
  readonly name: string;
  readonly start: number;
  /** `undefined`: it goes on for ever. */
  readonly end?: number;
  readonly failed?: boolean;
  /** Started by hand, so no sign of the schedule. */
  readonly byHand?: boolean;
  /** When the object is deleted. */
  readonly removed?: number;
  readonly withoutDeadline?: boolean;
  /** Belongs to another CronJob, or is in another namespace. */
  readonly owner?: string;
  readonly namespace?: string;
}

export interface Simulation {
  readonly from: number;
  readonly until: number;
  /** Time between two samples. */
  readonly step: number;
  readonly jobs: readonly SimulatedJob[];
  /** When the CronJob is suspended; never if left out. */
  readonly suspendedFrom?: number;
  /** When the CronJob is deleted. */
  readonly deletedAt?: number;
  /** Metrics that the scrape drops. */
  readonly dropped?: readonly string[];
  /** When the exporter goes away. */
  readonly exporterLostAt?: number;
  /** From when on another cluster has the same backup. */
  readonly otherClusterFrom?: number;
  /** When kube-state-metrics goes away. */
  readonly metricsLostAt?: number;
  /** When kube-state-metrics is restarted and comes back under another address. */
  readonly restartedAt?: number;
  /** Number of replicas of kube-state-metrics. */
  readonly replicas?: number;
  /** Bytes that are free in the volumes, of 100, after the run that ended last. */
  readonly freeAfterRun?: (run: number) => number;
  /** Stored bytes of a run; the runner's metrics. */
  readonly bytesOfRun?: (run: number) => number;
  readonly suspectFrom?: number;
  /** Whether the neighbours do badly, and not well: a CronJob whose name begins alike, and the same names in another namespace. */
  readonly neighboursFail?: boolean;
  /** From when on the nodes' clock is ahead: what ends later is from the future. */
  readonly clockAheadFrom?: number;
  /** While two stores have records that differ. */
  readonly differing?: { readonly from: number; readonly to: number };
  /** When the store outside of the cluster got its last backup. */
  readonly offsiteStuckAt?: number;
  /** While stores can't be read. */
  readonly storesDown?: { readonly from: number; readonly to: number };
  /** While a verification has found a damaged copy. */
  readonly damaged?: { readonly from: number; readonly to: number };
  /** Bytes that are free in the volumes, as the runner sees them, of which a backup has 1000. */
  readonly freeBytes?: (time: number) => number;
  /** How long the newest drill took, from a moment on. */
  readonly drillSeconds?: (time: number) => number;
}

export interface InputSeries {
  readonly series: string;
  readonly values: string;
}

type Sample = number | undefined;

export function simulate(context: AlertContext, target: AlertTarget, simulation: Simulation): InputSeries[] {
  const { namespaceLabel: ns, matchLabels } = context;
  const { from, step, jobs, deletedAt = Infinity, metricsLostAt = Infinity } = simulation;
  const result: InputSeries[] = [];
  const put = (metric: string, labels: { readonly [name: string]: string }, at: (time: number) => Sample) => {
    const values = simulation.dropped?.includes(metric) ? undefined : valuesOf(at, simulation);
    if (values !== undefined) result.push({ series: series(metric, { ...matchLabels, ...labels }), values });
  };
  const replicas = Array.from({ length: simulation.replicas ?? 1 }, (_, i) => `10.0.0.${i + 1}:8080`);
  const ksm = (metric: string, labels: { readonly [name: string]: string }, at: (time: number) => Sample, namespace: string = target.namespace) => {
    const all = { [ns]: namespace, ...labels, job: 'kube-state-metrics' };
    const there = (time: number) => time < metricsLostAt ? at(time) : undefined;
    const restart = simulation.restartedAt ?? Infinity;
    for (const instance of replicas) put(metric, { ...all, instance }, time => time < restart ? there(time) : undefined);
    if (restart !== Infinity) put(metric, { ...all, instance: '10.0.0.9:8080' }, time => time >= restart + step ? there(time) : undefined);
  };

  const cronJob = (metric: string, at: (time: number) => Sample) =>
    ksm(metric, { cronjob: target.cronJob }, time => time < deletedAt ? at(time) : undefined);
  const mine = jobs.filter(job => job.owner === undefined && job.namespace === undefined);
  const scheduled = mine.filter(job => !job.byHand);
  const onDemand = target.gapSeconds === undefined;
  cronJob('kube_cronjob_info', () => 1);
  cronJob('kube_cronjob_created', () => -from);
  cronJob('kube_cronjob_spec_suspend', time => onDemand || time >= (simulation.suspendedFrom ?? Infinity) ? 1 : 0);
  cronJob('kube_cronjob_next_schedule_time', time => onDemand || time >= (simulation.suspendedFrom ?? Infinity) ? undefined
    : (latest(scheduled, ({ start }) => start, time) ?? 0) + target.gapSeconds! - from);
  cronJob('kube_cronjob_status_active', time => scheduled.filter(({ start, end = Infinity }) => start <= time && time < end).length);
  cronJob('kube_cronjob_status_last_schedule_time', time => latest(scheduled, ({ start }) => start - from, time - from));
  cronJob('kube_cronjob_status_last_successful_time', time => latest(mine.filter(job => !job.failed), ({ end }) => end === undefined ? undefined : end - from, time - from));

  const { otherClusterFrom } = simulation;
  if (otherClusterFrom !== undefined) {
    for (const metric of ['kube_cronjob_info', 'kube_cronjob_created']) {
      ksm(metric, { cronjob: target.cronJob, cluster: 'other' }, time => time < otherClusterFrom ? undefined : metric.endsWith('_info') ? 1 : otherClusterFrom - from);
    }
  }
  neighbours(target, simulation, ksm, put, context);

  for (const job of jobs) {
    const { end = Infinity, removed = Infinity } = job;
    const alive = (time: number) => time >= job.start && time < Math.min(removed, deletedAt);
    const of = (metric: string, labels: { readonly [name: string]: string }, at: (time: number) => Sample) =>
      ksm(metric, { job_name: job.name, ...labels }, time => alive(time) ? at(time) : undefined, job.namespace);
    of('kube_job_owner', { owner_kind: 'CronJob', owner_name: job.owner ?? target.cronJob, owner_is_controller: 'true' }, () => 1);
    of('kube_job_status_start_time', {}, () => job.start - from);
    if (!job.withoutDeadline) of('kube_job_spec_active_deadline_seconds', {}, () => target.deadlineSeconds);
    const metric = job.failed ? 'kube_job_failed' : 'kube_job_complete';
    for (const condition of ['true', 'false', 'unknown']) of(metric, { condition }, time => time >= end ? Number(condition === 'true') : undefined);
  }

  if (simulation.freeAfterRun) {
    for (const claim of claimsOf(target)) {
      const of = (kind: string, at: (run: number) => number) =>
        put(`kubelet_volume_stats_${kind}_bytes`, { [context.kubeletNamespaceLabel]: target.namespace, persistentvolumeclaim: claim, node: 'a' }, time => {
          // For one sample at least, however quick the run.
          const run = mine.findIndex(({ start, end = Infinity }) => start <= time && time <= Math.max(end, Math.ceil(start / step) * step));
          return run < 0 ? undefined : at(run);
        });
      of('available', simulation.freeAfterRun);
      of('capacity', () => 100);
    }
  }

  if (context.runnerMetrics) {
    const good = mine.filter(job => !job.failed && job.end !== undefined);
    const { suspectFrom = Infinity, offsiteStuckAt = Infinity, clockAheadFrom = Infinity } = simulation;
    const { exporterLostAt = Infinity, bytesOfRun = () => 1000 } = simulation;
    for (const { name: store, outside, claimName } of target.stores) {
      const stored = (time: number) => outside ? Math.min(time, offsiteStuckAt) : time;
      const seen = (time: number) => Math.min(stored(time), clockAheadFrom);
      const until = (last: number) => good.filter(({ end }) => end! <= last).length;
      const of = (metric: { readonly name: string }, at: (time: number) => Sample) =>
        put(metric.name, { backup_namespace: target.namespace, backup: target.backup, store }, time => time < exporterLostAt ? at(time) : undefined);
      of(Metrics.LAST_RECOVERY_POINT, time => latest(good.filter(({ end }) => end! <= seen(time)), ({ start }) => start - from, time - from));
      of(Metrics.LAST_SUSPECT, time => good.some(({ end }) => end! <= seen(time)) ? Number(time >= suspectFrom) : undefined);
      of(Metrics.STORE_READ, time => time - from);
      of(Metrics.BACKUPS, time => until(stored(time)));
      of(Metrics.AHEAD, time => until(stored(time)) - until(seen(time)));
      of(Metrics.STORE_UP, time => Number(!isWithin(time, simulation.storesDown)));
      of(Metrics.VERIFICATION_FAILED, time => Number(isWithin(time, simulation.damaged)));
      if (claimName !== undefined) of(Metrics.FREE_BYTES, simulation.freeBytes ?? (() => 1e6));
      if (target.rtoSeconds !== undefined) {
        of(Metrics.LAST_DRILL, () => -from);
        of(Metrics.MEASURED_RTO, simulation.drillSeconds ?? (() => target.rtoSeconds));
      }
      of(Metrics.LAST_SIZE, time => {
        const runs = until(seen(time));
        return runs === 0 ? undefined : bytesOfRun(runs - 1);
      });
    }
    put(Metrics.DIFFERING.name, { backup_namespace: target.namespace, backup: target.backup },
      time => time < exporterLostAt ? Number(isWithin(time, simulation.differing)) : undefined);
  }
  return result;
}

type Put = (metric: string, labels: { readonly [name: string]: string }, at: (time: number) => Sample) => void;
type Ksm = (metric: string, labels: { readonly [name: string]: string }, at: (time: number) => Sample, namespace: string) => void;

/** A rule that looks at them as well takes their health for that of the backup. */
function neighbours(target: AlertTarget, { neighboursFail: fail = false, from, until }: Simulation, ksm: Ksm, put: Put, context: AlertContext): void {
  const elsewhere = `${target.namespace}-staging`;
  const all = [[target.namespace, `${target.cronJob}-eu`], [elsewhere, target.cronJob], [`${target.namespace}-dev`, target.cronJob]];
  for (const [namespace, cronjob] of all) {
    const of = (metric: string, at: (time: number) => Sample) => ksm(metric, { cronjob }, at, namespace);
    of('kube_cronjob_info', () => 1);
    of('kube_cronjob_created', () => -from);
    // Suspended from the start, nobody misses it.
    of('kube_cronjob_spec_suspend', () => Number(fail && namespace !== elsewhere));
    of('kube_cronjob_status_active', () => 0);
    if (fail) {
      // One of them has been started at least.
      if (namespace.endsWith('-dev')) of('kube_cronjob_status_last_schedule_time', () => -from);
      ksm('kube_job_owner', { job_name: 'hangs', owner_kind: 'CronJob', owner_name: cronjob, owner_is_controller: 'true' }, () => 1, namespace);
      ksm('kube_job_status_start_time', { job_name: 'hangs' }, () => -from, namespace);
    } else {
      of('kube_cronjob_status_last_schedule_time', time => time - from);
      of('kube_cronjob_status_last_successful_time', time => time - from);
    }
  }
  if (context.runnerMetrics) namesakes(target, fail, { from, until }, put);
  if (!fail) return;
  for (const [namespace, persistentvolumeclaim] of [[target.namespace, 'other-claim'], ...claimsOf(target).map(claim => [elsewhere, claim])]) {
    const of = (kind: string, at: (time: number) => number) =>
      put(`kubelet_volume_stats_${kind}_bytes`, { [context.kubeletNamespaceLabel]: namespace, persistentvolumeclaim, node: 'a' }, at);
    // Nearly full, and fuller every day.
    of('available', time => Math.max(1, 4 - Math.floor((time - from) / 86_400)));
    of('capacity', () => 100);
  }
}

/** What the stores say of other backups: of another name, and of the same name in another namespace. */
function namesakes(target: AlertTarget, fail: boolean, { from, until }: Pick<Simulation, 'from' | 'until'>, put: Put): void {
  const store = target.stores[0].name;
  const others = [
    { backup_namespace: target.namespace, backup: `${target.backup}-other`, store },
    ...target.stores.map(({ name }) => ({ backup_namespace: `${target.namespace}-staging`, backup: target.backup, store: name })),
  ];
  for (const other of others) {
    for (const { name } of [Metrics.LAST_SUSPECT, Metrics.VERIFICATION_FAILED, Metrics.AHEAD]) put(name, other, () => Number(fail));
    for (const { name } of [Metrics.STORE_UP, Metrics.FREE_BYTES]) put(name, other, () => fail ? 0 : 1e6);
    for (const { name } of [Metrics.STORE_READ, Metrics.LAST_RECOVERY_POINT]) put(name, other, time => fail ? -from : time - from);
    put(Metrics.BACKUPS.name, other, () => 3);
    put(Metrics.MEASURED_RTO.name, other, () => fail ? 1e6 : 1);
    put(Metrics.LAST_SIZE.name, other, time => !fail || time < (from + until) / 2 ? 1000 : 1);
  }
  for (const { backup_namespace, backup } of others.slice(0, 2)) put(Metrics.DIFFERING.name, { backup_namespace, backup }, () => Number(fail));
}

function isWithin(time: number, span: { readonly from: number; readonly to: number } | undefined): boolean {
  return span !== undefined && span.from <= time && time < span.to;
}

export function claimsOf(target: AlertTarget): string[] {
  return target.stores.flatMap(({ claimName }) => claimName === undefined ? [] : [claimName]);
}

/** In a loop without lists: it is asked of each job for each sample. */
function latest(jobs: readonly SimulatedJob[], at: (job: SimulatedJob) => number | undefined, time: number): Sample {
  let last: Sample;
  for (const job of jobs) {
    const moment = at(job);
    if (moment !== undefined && moment <= time && (last === undefined || moment > last)) last = moment;
  }
  return last;
}

/**
 * Samples in promtool's notation; `undefined` if there are none. Where a series ends it is marked as gone, as Prometheus does. A time that is always now
 * is one run of samples, as a value that stays is.
 */
function valuesOf(at: (time: number) => Sample, { from, until, step }: Simulation): string | undefined {
  const parts: string[] = [];
  let [first, last, growth, count]: [Sample | 'stale', Sample | 'stale', number, number] = [undefined, undefined, 0, 0];
  const flush = () => {
    if (count === 0) return;
    if (first === undefined) parts.push(`_x${count}`);
    else if (first === 'stale') parts.push('stale');
    else parts.push(count === 1 ? String(first) : `${first}+${growth}x${count - 1}`);
  };
  const goesOn = (next: Sample | 'stale') => {
    if (next === last) return count === 1 || growth === 0;
    return typeof next === 'number' && typeof last === 'number' && next - last === step && (count === 1 || growth === step);
  };
  let previous: Sample;
  for (let time = from; time <= until; time += step) {
    const sample = at(time);
    const next = sample === undefined && previous !== undefined ? 'stale' : sample;
    if (count > 0 && goesOn(next)) {
      growth = next === last ? 0 : step;
      count++;
    } else {
      flush();
      [first, growth, count] = [next, 0, 1];
    }
    last = next;
    previous = sample;
  }
  if (first !== undefined) flush();
  return parts.some(part => !part.startsWith('_')) ? parts.join(' ') : undefined;
}
