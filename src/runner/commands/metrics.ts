import { Gauge, Registry } from 'prom-client';
import { Context, openStores } from './context';
import { reportFaults, storedBytes, tookSeconds } from './list';
import { NamedConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { Metric, METRIC_LABELS, Metrics } from '../../contract/metrics';
import { Backup, Catalog, readCatalog } from '../catalog';

/** Prints what the records say as Prometheus metrics, for a file that a node exporter collects. */
export async function metrics(context: Context<NamedConfig>): Promise<ExitCode> {
  const { config, reporter, signal, stdout } = context;
  const catalog = await readCatalog(config.name, openStores(context), signal);
  stdout.write(await renderMetrics(config.name, catalog));
  return reportFaults(catalog, reporter);
}

/** In the text format of Prometheus. A store that could not be read has no values: absence is what an alert sees. */
export async function renderMetrics(name: string, catalog: Catalog): Promise<string> {
  const registry = new Registry();
  const gauges = new Map<string, Gauge<typeof METRIC_LABELS[number]>>(Object.values(Metrics).map(({ name: metric, help }) =>
    [metric, new Gauge({ name: metric, help, labelNames: METRIC_LABELS, registers: [registry] })]));
  const stores = new Set(catalog.backups.flatMap(({ copies }) => [...copies.keys()]));
  for (const store of stores) {
    if (catalog.unreachable.has(store)) continue;
    const set = (metric: Metric, value: number) => gauges.get(metric.name)!.set({ backup: name, store }, value);
    const whole = catalog.backups.filter(({ copies }) => copies.get(store) === null);
    const newest = whole.at(-1);
    const good = whole.findLast(({ record, accepted }) => record.suspect === null || accepted);
    set(Metrics.BACKUPS, whole.length);
    set(Metrics.BYTES, whole.reduce((sum, backup) => sum + storedBytes(backup), 0));
    if (newest) {
      set(Metrics.LAST_SIZE, storedBytes(newest));
      set(Metrics.LAST_SUSPECT, newest.record.suspect !== null && !newest.accepted ? 1 : 0);
    }
    if (good) {
      set(Metrics.LAST_SUCCESS, seconds(good, 'finishedAt'));
      set(Metrics.LAST_RECOVERY_POINT, seconds(good, 'startedAt'));
      set(Metrics.LAST_DURATION, tookSeconds(good));
    }
  }
  return registry.metrics();
}

function seconds({ record }: Backup, field: 'startedAt' | 'finishedAt'): number {
  return Date.parse(record[field]) / 1000;
}
