import { createHash } from 'node:crypto';
import { backupVariable } from './chosen';
import { eachBackup } from './each-backup';
import { seriesPanel, tilePanel } from './panels';
import { seriesOf } from './series';
import { tiles } from './tiles';
import { AlertContext, AlertTarget } from '../rules/target';

/*
 * A Grafana dashboard, in the form that Grafana imports: a row of tiles that say how it is, a table that says of which backup, and the series
 * below. Only queries on metrics that exist.
 */

/** Of Grafana's 24 columns. */
const COLUMNS = 24;
const TILE_HEIGHT = 5;
const SERIES = { w: 12, h: 8 };

/** What tells one dashboard from every other in a Grafana: Kubernetes has one ConfigMap of a name in a namespace. */
export interface DashboardName {
  readonly namespace: string;
  readonly name: string;
}

export function dashboard({ namespace, name }: DashboardName, context: AlertContext, targets: readonly AlertTarget[]): unknown {
  const first = tiles(context, targets);
  const width = Math.floor(COLUMNS / first.length);
  const tableHeight = Math.min(12, 4 + targets.length);
  const below = TILE_HEIGHT + tableHeight;
  const panels = [
    ...first.map((tile, i) => ({ ...tilePanel(tile), gridPos: { h: TILE_HEIGHT, w: width, x: i * width, y: 0 } })),
    { ...eachBackup(context, targets), gridPos: { h: tableHeight, w: COLUMNS, x: 0, y: TILE_HEIGHT } },
    ...seriesOf(context, targets).map((series, i) => ({
      ...seriesPanel(series), gridPos: { ...SERIES, x: (i % 2) * SERIES.w, y: below + Math.floor(i / 2) * SERIES.h },
    })),
  ];
  const places = Object.values(context.matchLabels);
  return {
    uid: uid(context, namespace, name),
    title: `Backups: ${[...places, namespace, name].join(' / ')}`,
    tags: ['backup'],
    timezone: 'utc',
    schemaVersion: 39,
    time: { from: 'now-7d', to: 'now' },
    refresh: '5m',
    templating: { list: [{ name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Prometheus' }, backupVariable(targets)] },
    panels: panels.map((panel, i) => ({ id: i + 1, ...panel })),
  };
}

/** Grafana takes 40 characters, and a link to the dashboard holds as long as it is the same: whichever backups there are. */
function uid({ matchLabels }: AlertContext, namespace: string, name: string): string {
  const labels = Object.entries(matchLabels).sort(([a], [b]) => a < b ? -1 : 1);
  return `cdk8s-backup-${createHash('sha256').update(JSON.stringify([labels, namespace, name])).digest('hex').slice(0, 24)}`;
}
