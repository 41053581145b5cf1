import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { App, Chart, Cron, Duration, Size } from 'cdk8s';
import { BackupAlertRules, BackupCronJob, BackupCronJobProps, BackupStore, RestoreDrill } from '../../../src';
import { synthFiles } from '../../../src/constructs/core/synth-file';
import { props } from '../../synth';
import { folder } from '../_configs';
import { RunningExporter, startExporter } from '../exporter/_exporter';
import { exported, hoursAgo, plantDrill, plantMonth, plantVerification } from '../exporter/_stores';
import { freePort, RunningProcess, startProcess, tempDir, until } from '../servers/_process';

/* What the tiles and the table of the dashboard show, by a real Prometheus that scrapes a real exporter. */

const NAMESPACE = 'whispercache';

let exporter: RunningExporter;
let prometheus: RunningProcess;
let url: string;
let board: any;

beforeAll(async () => {
  const directory = tempDir('stores');
  const app = plantMonth([directory], 'app', { days: 3 });
  plantVerification(directory, app.at(-1)!, 'volume', hoursAgo(5));
  plantDrill(directory, 'app', hoursAgo(20), { seconds: { verify: 1, restore: 1, check: 1, total: 900 } });
  // Too old, never drilled, and a copy is damaged: that of one before the newest.
  const cache = plantMonth([directory], 'cache', { days: 3, hours: 54 });
  plantVerification(directory, cache[0]!, 'volume', hoursAgo(3), ['it has another digest']);
  exporter = await startExporter([
    exported('app', [folder(directory)], { namespace: NAMESPACE }), exported('cache', [folder(directory)], { namespace: NAMESPACE, rtoSeconds: null }),
    // Of another team, in a worse state, and with the same names.
    exported('lost', [folder('/nowhere/at/all')], { namespace: 'other' }),
  ]);
  board = JSON.parse(synthFiles(construct())['monitoring/alerts.dashboard.json']!);
  const [home, port] = [tempDir('prometheus'), await freePort()];
  writeFileSync(path.join(home, 'prometheus.yml'),
    `scrape_configs:\n  - job_name: backups\n    scrape_interval: 1s\n    static_configs: [{ targets: ['${new URL(exporter.url).host}'] }]\n`);
  url = `http://127.0.0.1:${port}`;
  prometheus = await startProcess({
    file: 'prometheus',
    args: [`--config.file=${home}/prometheus.yml`, `--storage.tsdb.path=${home}/data`, `--web.listen-address=127.0.0.1:${port}`],
    logFile: path.join(home, 'log'),
    readiness: () => fetch(`${url}/-/ready`).then(({ ok }) => ok, () => false),
    timeoutMs: 60_000,
  });
  await until('Prometheus has scraped', 30_000, async () => (await query('backup_store_up')).length > 0);
});

afterAll(async () => {
  await prometheus?.stop();
  await exporter?.stop();
});

function construct(): Chart {
  const chart = new Chart(new App(), 'chart', { namespace: NAMESPACE });
  const stores = [BackupStore.volume({ size: Size.gibibytes(1) })];
  const backup = (id: string, backupName: string, changes: Partial<BackupCronJobProps> = {}) => new BackupCronJob(chart, id, props({
    backupName,
    stores,
    activeDeadline: Duration.hours(1),
    startingDeadline: Duration.hours(1),
    objectives: { corruption: { rpo: Duration.hours(27) } },
    ...changes,
  }));
  const backups = [backup('db-backup', 'app', { verify: { schedule: Cron.daily() } }), backup('cache-backup', 'cache')];
  new BackupAlertRules(chart, 'alerts', {
    backups, drills: [new RestoreDrill(chart, 'db-drill', { backup: backups[0]!, schedule: Cron.weekly() })], runnerMetrics: true, ruleLabels: { release: 'x' },
  });
  return chart;
}

type Sample = { readonly metric: { readonly [label: string]: string }; readonly value: [number, string] };

async function query(expression: string): Promise<Sample[]> {
  const answer = await (await fetch(`${url}/api/v1/query`, { method: 'POST', body: new URLSearchParams({ query: expression }) })).json() as any;
  if (answer.status !== 'success') throw new Error(`${expression}: ${answer.error}`);
  return answer.data.result;
}

/** As Grafana does it: all values of the variable, or the one that is called so. */
function choosing(expr: string, text?: string): string {
  const { options } = board.templating.list.find(({ name }: any) => name === 'backup');
  const values = options.filter((option: any) => option.value !== '$__all' && (text === undefined || option.text === text)).map(({ value }: any) => value);
  return expr.replaceAll('${backup:pipe}', values.join('|'));
}

/** The values of a tile, by what they are called; nothing where Grafana shows that there is none. */
async function tile(title: string, chosen?: string): Promise<{ readonly [legend: string]: number | undefined }> {
  const { targets } = board.panels.find((panel: any) => panel.type === 'stat' && panel.title === title);
  const values = await Promise.all(targets.map(async ({ expr, legendFormat }: any) => {
    const [sample, ...others] = await query(choosing(expr, chosen));
    expect(others).toEqual([]); // a tile has one number of each kind
    return [legendFormat, sample && Number(sample.value[1])];
  }));
  return Object.fromEntries(values);
}

test('of all backups, each tile shows the worst, and how many were never proved', async () => {
  expect(await tile('Can all be restored?')).toEqual({ restorable: 1 });
  expect((await tile('Age against RPO'))['of the limit']).toBeCloseTo(54 / 27, 1);
  expect((await tile('Restore against RTO'))['of RTO']).toBeCloseTo(0.5, 5);
  expect(await tile('Last drill')).toEqual({ oldest: expect.closeTo(20 * 3600, -3), never: 1, failed: 0 });
  expect(await tile('Read back')).toEqual({ oldest: expect.closeTo(5 * 3600, -3), never: 1, damaged: 1 });
  expect(await tile('Alerts that fire')).toEqual({ alerts: 0 });
});

test('the variable chooses one', async () => {
  expect((await tile('Age against RPO', 'db-backup'))['of the limit']).toBeCloseTo(10 / 27, 1);
  expect(await tile('Last drill', 'db-backup')).toMatchObject({ never: 0 });
  expect(await tile('Read back', 'cache-backup')).toEqual({ oldest: undefined, never: 1, damaged: 1 });
});

test('the table has a line for each backup of the dashboard, and none of others', async () => {
  const { targets, transformations } = board.panels.find(({ type }: any) => type === 'table');
  const titles = transformations[1].options.renameByName;
  const columns = Object.fromEntries(await Promise.all(targets.map(async ({ refId, expr }: any) => [
    titles[`Value #${refId}`], Object.fromEntries((await query(choosing(expr))).map(({ metric, value }) => [`${metric.backup_namespace}/${metric.backup}`, Number(value[1])])),
  ])));
  const [app, cache] = [`${NAMESPACE}/app`, `${NAMESPACE}/cache`];
  expect(columns).toMatchObject({
    'Restorable': { [app]: 1, [cache]: 1 },
    'Age': { [app]: expect.closeTo(36_000, -3), [cache]: expect.closeTo(194_400, -3) },
    'Of its limit': { [app]: expect.closeTo(10 / 27, 1), [cache]: expect.closeTo(2, 1) },
    'Restore takes': { [app]: 900 },
    'Damaged': { [app]: 0, [cache]: 1 },
    'Backups': { [app]: 3, [cache]: 3 },
  });
  for (const column of Object.values(columns)) expect(Object.keys(column as object).filter(name => ![app, cache].includes(name))).toEqual([]);
});

test('every other panel of the exporter\'s metrics has something to show', async () => {
  const seen = ['kube_', 'kubelet_', 'ALERTS'];
  const panels = board.panels.filter(({ type, targets }: any) => type === 'timeseries' && targets.every(({ expr }: any) => seen.every(name => !expr.includes(name))));
  expect(panels.length).toBeGreaterThan(9);
  for (const { title, targets } of panels) expect([title, (await query(choosing(targets[0].expr))).length > 0]).toEqual([title, true]);
});
