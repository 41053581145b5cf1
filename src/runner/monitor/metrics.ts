import type * as PromClient from 'prom-client';
import { isRestorable, lastRunIfFailed, newestBy, Targets } from './assess';
import { stateOf } from './drills';
import { Observation, ObservedStore } from './observe';
import { Metric, METRIC_LABELS, Metrics } from '../../contract/metrics';
import { Backup } from '../catalog/catalog';
import { isUsable, newestOf } from '../catalog/choose-backup';
import { copiesAsRead, isWhole } from '../catalog/copy-state';
import { bytesOf } from '../catalog/sizes';
import { sum } from '../core/sum';

/** One value of a metric. */
export interface Sample {
  readonly metric: Metric;
  /** `null` where it is not known. */
  readonly namespace: string | null;
  readonly backup: string;
  /** `null` where the metric is not about one store. */
  readonly store: string | null;
  readonly value: number;
}

/** What the stores say about one backup. What was never seen has no value: absence is what an alert sees. */
export function samplesOf(observation: Observation, { namespace, ...targets }: Partial<Targets> & { readonly namespace: string | null }): Sample[] {
  const { name, catalog } = observation;
  const samples: Sample[] = [];
  for (const store of observation.stores) {
    const set = (metric: Metric, value: number | null | undefined) => {
      if (value !== null && value !== undefined) samples.push({ metric, namespace, backup: name, store: store.name, value });
    };
    set(Metrics.STORE_UP, store.trouble === null ? 1 : 0);
    if (store.readAt === null) continue;
    set(Metrics.STORE_READ, store.readAt.getTime() / 1000);
    set(Metrics.FREE_BYTES, store.freeBytes);
    set(Metrics.PRUNE_HELD, store.held ? 1 : 0);
    set(Metrics.PINNED, store.pinned.size);
    historyOf(store, set);
    if (!catalog || catalog.unreachable.has(store.name)) continue;
    const whole = catalog.backups.filter(({ copies }) => isWhole(copies.get(store.name)));
    backupsOf(store.name, whole, set);
    runsOf(store, newestOf({ backups: whole }), set);
  }
  const differing = catalog ? catalog.backups.filter(backup => backup.differing !== null).length : 0;
  // That none differ is known once all stores are: 0 would clear the alert on one that differs from what can't be read now.
  if (differing > 0 || catalog?.unreachable.size === 0) {
    samples.push({ metric: Metrics.DIFFERING, namespace, backup: name, store: null, value: differing });
  }
  const restorable = isRestorable(observation);
  if (restorable !== null) samples.push({ metric: Metrics.RESTORABLE, namespace, backup: name, store: null, value: restorable ? 1 : 0 });
  if (targets.rpoSeconds) samples.push({ metric: Metrics.RPO_TARGET, namespace, backup: name, store: null, value: targets.rpoSeconds });
  if (targets.rtoSeconds) samples.push({ metric: Metrics.RTO_TARGET, namespace, backup: name, store: null, value: targets.rtoSeconds });
  return samples;
}

type Set = (metric: Metric, value: number | null | undefined) => void;

function backupsOf(store: string, whole: readonly Backup[], set: Set): void {
  const newest = newestOf({ backups: whole });
  const good = whole.findLast(backup => isUsable(backup) && isWhole(copiesAsRead(backup).get(store)))?.record;
  set(Metrics.AHEAD, whole.filter(({ ahead }) => ahead !== null).length);
  set(Metrics.BACKUPS, whole.length);
  set(Metrics.BYTES, sum(whole.map(({ record }) => bytesOf(record.artifacts))));
  if (newest) {
    set(Metrics.LAST_SIZE, bytesOf(newest.record.artifacts));
    set(Metrics.LAST_SUSPECT, newest.record.suspect !== null && !newest.accepted ? 1 : 0);
  }
  if (good) {
    set(Metrics.LAST_SUCCESS, seconds(good.finishedAt));
    set(Metrics.LAST_RECOVERY_POINT, seconds(good.startedAt));
    set(Metrics.LAST_DURATION, Math.max(0, seconds(good.finishedAt)! - seconds(good.startedAt)!));
  }
}

function runsOf(store: ObservedStore, newest: Backup | undefined, set: Set): void {
  const failed = lastRunIfFailed(store.failedRuns, newest);
  const last = failed ?? newest?.record;
  set(Metrics.LAST_RUN, seconds(last?.finishedAt));
  if (last) set(Metrics.LAST_RUN_FAILED, failed ? 1 : 0);
}

function historyOf(store: ObservedStore, set: Set): void {
  const verifications = [...store.verifications.values()];
  const good = newestBy(verifications.filter(({ faults }) => faults.length === 0), ({ finishedAt }) => finishedAt);
  set(Metrics.LAST_VERIFICATION, seconds(good?.finishedAt));
  set(Metrics.VERIFICATION_FAILED, verifications.filter(({ faults }) => faults.length > 0).length);
  const { last, lastPassed, measuredSeconds } = stateOf(store.drills);
  set(Metrics.LAST_DRILL, seconds(lastPassed?.finishedAt));
  set(Metrics.MEASURED_RTO, measuredSeconds);
  if (last) set(Metrics.LAST_DRILL_FAILED, last.outcome === 'failed' ? 1 : 0);
}

/* Takes long to load, so it is where it is used first. `import()` in the tests is that of Node.js, which knows no TypeScript. */
// eslint-disable-next-line @typescript-eslint/no-require-imports
const promClient = (): typeof PromClient => require('prom-client') as typeof PromClient;

/** In the text format of Prometheus. */
export async function renderSamples(samples: readonly Sample[]): Promise<string> {
  const { Gauge, Registry } = promClient();
  const registry = new Registry();
  const gauges = new Map<string, PromClient.Gauge<typeof METRIC_LABELS[number]>>();
  for (const { metric, namespace, backup, store, value } of samples) {
    let gauge = gauges.get(metric.name);
    if (!gauge) {
      gauge = new Gauge({ name: metric.name, help: metric.help, labelNames: METRIC_LABELS, registers: [registry] });
      gauges.set(metric.name, gauge);
    }
    gauge.set({ ...namespace === null ? {} : { backup_namespace: namespace }, backup, ...store === null ? {} : { store } }, value);
  }
  return registry.metrics();
}

function seconds(instant: string): number;
function seconds(instant: string | undefined): number | undefined;
function seconds(instant: string | undefined): number | undefined {
  return instant === undefined ? undefined : Date.parse(instant) / 1000;
}
