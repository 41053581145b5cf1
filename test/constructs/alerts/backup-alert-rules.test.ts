import { ApiObject, App, Chart, Cron, Duration, Size } from 'cdk8s';
import { parse } from 'yaml';
import { BackupAlertRules, BackupAlertRulesProps, BackupCronJob, BackupCronJobProps, BackupSource, BackupStore, RestoreDrill } from '../../../src';
import { SynthFile, synthFiles } from '../../../src/constructs/core/synth-file';
import { warningsOf } from '../../../src/constructs/core/warnings';
import { newChart, objectsOf, props } from '../../synth';

const VOLUME = () => BackupStore.volume({ size: Size.gibibytes(1) });
const S3 = BackupStore.s3({ bucketName: 'shop-backups', region: 'eu-central-1' });
const OTHER_S3 = BackupStore.s3({ storeName: 'other', bucketName: 'other-backups', region: 'eu-west-1' });

function rulesFor(changes: Partial<BackupCronJobProps> = {}, rules: Partial<BackupAlertRulesProps> = {}, chart: Chart = newChart()) {
  const backup = new BackupCronJob(chart, 'db-backup', props(changes));
  return new BackupAlertRules(chart, 'backup-alerts', { backups: [backup], ...rules });
}

/** `NAME/severity` of all rules. */
function alertsOf(construct: BackupAlertRules): string[] {
  return allRules(construct).map(rule => `${rule.alert}/${rule.labels.severity}`);
}

function allRules(construct: BackupAlertRules): any[] {
  return construct.prometheusRules[0].toJson().spec.groups.flatMap((group: any) => group.rules);
}

test('the rules of a backup with everything', () => {
  const construct = rulesFor({
    stores: [VOLUME(), S3],
    activeDeadline: Duration.hours(1),
    startingDeadline: Duration.hours(1),
    objectives: { corruption: { rpo: Duration.hours(26) } },
  }, { runnerMetrics: true, ruleLabels: { release: 'monitoring' }, runbookUrl: 'https://wiki.example.com/backups' });
  expect(construct.prometheusRules[0].toJson()).toMatchSnapshot();
});

describe('there is an alert only where its inputs are', () => {
  const jobs = [
    'BackupJobFailed/warning', 'BackupJobMissing/warning', 'BackupJobMissing/critical', 'BackupJobRunningTooLong/warning', 'BackupJobSuspended/warning',
    'BackupJobNeverScheduled/critical', 'BackupMetricsAbsent/critical', 'BackupAlertsAmbiguous/warning',
  ];
  const onDemand = ['BackupJobFailed/warning', 'BackupJobRunningTooLong/warning', 'BackupMetricsAbsent/critical', 'BackupAlertsAmbiguous/warning', 'BackupMetricsIncomplete/warning'];
  const incomplete = 'BackupMetricsIncomplete/warning';
  const stores = ['BackupStoreUnreadable/warning', 'BackupVerificationFailed/critical'];
  const future = ['BackupFromFuture/warning', 'BackupFromFuture/critical'];
  const volumes = ['BackupVolumeFillingUp/warning', 'BackupVolumeFillingUp/critical', 'BackupVolumeFullSoon/warning'];

  test.each<[string, Partial<BackupCronJobProps>, Partial<BackupAlertRulesProps>, string[]]>([
    ['S3 only', {}, {}, [...jobs, incomplete]],
    ['a volume', { stores: [VOLUME(), S3] }, {}, [...jobs, incomplete, ...volumes]],
    ['the runner\'s metrics', {}, { runnerMetrics: true }, [...jobs, ...stores, 'BackupSuspect/critical', 'BackupShrinking/warning', ...future, 'BackupOffsiteStale/critical', incomplete]],
    ['two stores, whose records may differ', { stores: [S3, OTHER_S3] }, { runnerMetrics: true },
      [...jobs, ...stores, 'BackupSuspect/critical', 'BackupShrinking/warning', future[0], 'BackupRecordsDiffer/critical', future[1], 'BackupOffsiteStale/critical', 'BackupOffsiteStale/critical', incomplete]],
    ['a volume alone, and its metrics', { stores: [VOLUME()] }, { runnerMetrics: true }, [...jobs, ...stores, 'BackupVolumeTooSmall/critical', 'BackupSuspect/critical', 'BackupShrinking/warning', ...future, incomplete, ...volumes]],
    ['sizes that say nothing', { suspectBelowPercent: 0 }, { runnerMetrics: true }, [...jobs, ...stores, 'BackupSuspect/critical', ...future, 'BackupOffsiteStale/critical', incomplete]],
    ['on demand', { onDemand: true }, {}, onDemand],
    ['on demand, the runner\'s metrics', { onDemand: true }, { runnerMetrics: true },
      [...onDemand.slice(0, -1), ...stores, 'BackupSuspect/critical', 'BackupShrinking/warning', future[0], incomplete]],
    ['on demand, no failed Jobs kept', { onDemand: true, failedJobsRetained: 0 }, {}, onDemand],
  ])('%s', (_what, changes, rules, alerts) => {
    expect(alertsOf(rulesFor(changes, rules))).toEqual(alerts);
  });
});

test('without failed Jobs the CronJob\'s status tells of failures, and the alert outlasts the next run', () => {
  const failed = allRules(rulesFor({ failedJobsRetained: 0, activeDeadline: Duration.hours(1) })).find(({ alert }) => alert === 'BackupJobFailed');
  expect(failed).toMatchObject({ keep_firing_for: '3600s', expr: expect.stringContaining('kube_cronjob_status_active') });
  expect(failed.expr).not.toContain('kube_job_');
});

test.each<[string, Partial<BackupCronJobProps>, RegExp]>([
  ['the objective', { activeDeadline: Duration.hours(1), startingDeadline: Duration.hours(1), objectives: { corruption: { rpo: Duration.hours(30) }, nodeLoss: { rpo: Duration.hours(26) } } }, /> 93600$/m],
  ['two runs, where there is none', { activeDeadline: Duration.hours(1), startingDeadline: Duration.hours(1) }, /> 180000$/m],
  ['two runs of 47 hours', { activeDeadline: Duration.hours(1), startingDeadline: Duration.hours(1), timeZone: 'Europe/Berlin' }, /> 345600$/m],
])('data are too old from %s on', (_what, changes, expr) => {
  expect(allRules(rulesFor(changes)).find(({ alert, labels }) => alert === 'BackupJobMissing' && labels.severity === 'critical').expr).toMatch(expr);
});

test('backups that share a claim share its alerts', () => {
  const chart = newChart();
  const stores = [VOLUME()];
  const backups = ['one', 'two'].map(id => new BackupCronJob(chart, id, props({ stores, backupName: id })));
  const construct = new BackupAlertRules(chart, 'alerts', { backups });
  expect(alertsOf(construct).filter(alert => alert.startsWith('BackupVolume'))).toHaveLength(3);
  expect(construct.ruleTestFiles).toEqual(['monitoring/alerts.shop.one.rules.test', 'monitoring/alerts.shop.two.rules.test']);
});

describe('files', () => {
  test('are the same rules for Prometheus without the operator, tests and dashboard', () => {
    const construct = rulesFor({}, { ruleName: 'shop', folder: 'alerts' });
    const files = synthFiles(construct);
    expect(Object.keys(files)).toEqual(['alerts/shop.dashboard.json', 'alerts/shop.rules', 'alerts/shop.shop.db-backup.rules.test']);
    expect(parse(files[construct.ruleFile])).toEqual(construct.prometheusRules[0].toJson().spec);
    expect(parse(files[construct.ruleTestFiles[0]]).rule_files).toEqual(['shop.rules']);
  });

  test('are the same, byte for byte, when they are made again', () => {
    const make = () => synthFiles(rulesFor({ stores: [VOLUME(), S3], timeZone: 'Europe/Berlin' }, { runnerMetrics: true }));
    expect(make()).toEqual(make());
  });

  test('are there without the objects', () => {
    const chart = newChart();
    rulesFor({}, { prometheusRule: false, dashboardConfigMap: false }, chart);
    expect(objectsOf(chart).map(({ kind }) => kind)).toEqual(['ServiceAccount', 'CronJob', 'NetworkPolicy']);
    expect(Object.keys(synthFiles(chart))).toHaveLength(3);
  });
});

test('the dashboard is found by Grafana\'s sidecar', () => {
  const { dashboardConfigMap, dashboardFile } = rulesFor({ stores: [VOLUME(), S3] }, { runnerMetrics: true });
  const map = dashboardConfigMap!.toJson();
  expect(map.metadata).toMatchObject({ name: 'backup-alerts-dashboard', labels: { grafana_dashboard: '1' } });
  const files = synthFiles(dashboardConfigMap!);
  expect(JSON.parse(map.data['backup-alerts.json'])).toEqual(JSON.parse(files[dashboardFile]));
  expect(JSON.parse(files[dashboardFile])).toMatchSnapshot();
});

describe('of very many backups', () => {
  const chart = newChart();
  const stores = [VOLUME(), S3];
  const backups = Array.from({ length: 30 }, (_, i) =>
    new BackupCronJob(chart, `backup-${i}`, props({ stores, source: BackupSource.postgres({ host: 'db', databaseName: `d${i}`, user: 'u' }) })));
  const rules = new BackupAlertRules(chart, 'alerts', { backups, runnerMetrics: true, ruleLabels: { release: 'x' } });
  // What `kubectl apply` notes of an object, as Go writes it.
  const noted = (object: ApiObject) => JSON.stringify(object.toJson()).replace(/[<>&]/g, '\\u0000').length;

  test('each object is small enough for "kubectl apply", and none is smaller than it need be', () => {
    const sizes = rules.prometheusRules.map(noted);
    expect(sizes.length).toBeGreaterThan(1);
    expect(Math.max(...sizes)).toBeLessThan(255_000);
    expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThan(200_000);
    expect(noted(rules.dashboardConfigMap!)).toBeLessThan(255_000);
    expect(warningsOf(rules)).toEqual([]);
  });

  test('each alert is there once, as in the rule file, under names that are easily found', () => {
    const groups = rules.prometheusRules.flatMap(object => object.toJson().spec.groups);
    // Not synthFiles(), which makes the tests of 30 backups as well.
    const file = rules.node.children.find((child): child is SynthFile => child instanceof SynthFile && child.fileName === rules.ruleFile)!;
    expect({ groups }).toEqual(parse(file.text()));
    expect(rules.prometheusRules.map(({ name }) => name)).toEqual(rules.prometheusRules.map((_, i) => i === 0 ? 'alerts' : `alerts-${i + 1}`));
    expect(new Set(rules.prometheusRules.map(({ metadata }) => metadata.getLabel('release')))).toEqual(new Set(['x']));
  });

  test('a backup whose alerts alone are too large is named, with the way out', () => {
    const alone = newChart();
    const backup = new BackupCronJob(alone, 'db-backup', props());
    const drills = Array.from({ length: 150 }, (_, i) => new RestoreDrill(alone, `drill-${i}`, { backup, schedule: Cron.weekly() }));
    expect(warningsOf(new BackupAlertRules(alone, 'alerts', { backups: [backup], drills, ruleLabels: { release: 'x' } }))).toEqual([
      expect.stringContaining('the PrometheusRule "alerts" has the group "backup-shop-db-backup" alone, and is too large: "kubectl apply --server-side" takes it'),
    ]);
  });
});

test.each<[Partial<BackupAlertRulesProps>, number]>([
  [{}, 1],
  [{ ruleLabels: { team: 'x' } }, 1],
  [{ ruleLabels: { release: 'monitoring' } }, 0],
  [{ ruleLabels: { release: '' } }, 0],
  [{ prometheusRule: false }, 0],
])('warns of a PrometheusRule that nobody loads: %j', (changes, count) => {
  expect(warningsOf(rulesFor({}, changes)).filter(message => message.includes('kube-prometheus-stack ignores it'))).toHaveLength(count);
});

test.each<[string, Partial<BackupAlertRulesProps>, string]>([
  ['no backups', { backups: [] }, '\'backups\' must have at least one backup'],
  ['a name that Kubernetes refuses', { ruleName: 'Backup Alerts' }, '\'ruleName\' must be up to 52 lower-case letters'],
  ['a severity for all', { alertLabels: { severity: 'page' } }, '\'alertLabels\' must not have "severity"'],
  ['labels that Prometheus refuses', { matchLabels: { 'a-b': 'c' } }, '\'matchLabels\' has a name that Prometheus refuses, "a-b"'],
  ['a label that Prometheus refuses', { namespaceLabel: 'a b' }, '\'namespaceLabel\' has a name that Prometheus refuses'],
  ['a label of the kubelet that Prometheus refuses', { kubeletNamespaceLabel: 'a b' }, '\'kubeletNamespaceLabel\' has a name that Prometheus refuses'],
  ['labels that Kubernetes refuses', { ruleLabels: { 'a b': 'c' } }, '\'ruleLabels\' has a key that Kubernetes refuses'],
])('fails on %s', (_what, changes, message) => {
  expect(() => rulesFor({}, changes)).toThrow(message);
});

describe('what proves a backup', () => {
  const define = (rules: (drill: RestoreDrill) => Partial<BackupAlertRulesProps>) => {
    const chart = newChart();
    const backup = new BackupCronJob(chart, 'db-backup', props({
      verify: { schedule: Cron.daily() },
      objectives: {
        corruption: { rto: Duration.hours(2) },
        restore: { backupSize: Size.gibibytes(1), downloadPerSecond: Size.gibibytes(1), restorePerSecond: Size.gibibytes(1) },
      },
    }));
    const drill = new RestoreDrill(chart, 'db-drill', { backup, schedule: Cron.weekly() });
    return new BackupAlertRules(chart, 'backup-alerts', { backups: [backup], ...rules(drill) });
  };
  const about = (construct: BackupAlertRules, cronJob: string) =>
    allRules(construct).filter(({ labels }) => labels.cronjob === cronJob).map(({ alert }) => alert);

  test('is watched without the runner\'s metrics as well', () => {
    const construct = define(drill => ({ drills: [drill] }));
    expect(about(construct, 'db-backup-verify')).toEqual(['BackupVerificationFailed', 'BackupVerificationStale']);
    expect(about(construct, 'db-drill')).toEqual(['BackupDrillFailed', 'BackupDrillStale']);
    expect(alertsOf(construct)).not.toContain('BackupRtoExceeded/warning');
    expect(construct.ruleTestFiles).toEqual(['db-backup', 'db-backup-verify', 'db-drill'].map(name => `monitoring/backup-alerts.shop.${name}.rules.test`));
  });

  test('and the measured RTO with them, where drills measure one that was declared', () => {
    const exceeded = allRules(define(drill => ({ drills: [drill], runnerMetrics: true }))).find(({ alert }) => alert === 'BackupRtoExceeded');
    expect(exceeded).toMatchObject({ expr: expect.stringMatching(/backup_measured_rto_seconds.* > 7200$/) });
    expect(alertsOf(define(() => ({ runnerMetrics: true })))).not.toContain('BackupRtoExceeded/warning');
  });

  test('fails on the drill of a backup that is not watched', () => {
    expect(() => define(drill => ({ drills: [drill], backups: [new BackupCronJob(newChart(), 'other', props())] })))
      .toThrow('\'drills\' has chart/db-drill, whose backup "db-backup" is not among \'backups\'');
  });
});

test('fails on two backups of one name in a namespace, where only the name tells their metrics apart', () => {
  const define = (runnerMetrics: boolean) => {
    const chart = newChart();
    const backups = ['users', 'sessions'].map(id => new BackupCronJob(chart, id, props({ backupName: 'redis', stores: [BackupStore.s3({ bucketName: id, region: 'eu-central-1' })] })));
    return new BackupAlertRules(chart, 'alerts', { backups, runnerMetrics });
  };
  expect(() => define(true)).toThrow('\'backups\' has several of the name "shop/redis", those of ["users","sessions"]');
  expect(() => define(false)).not.toThrow();
});

test('the kubelet and kube-state-metrics have the namespace in labels of their own', () => {
  const exprs = (rules: Partial<BackupAlertRulesProps>) => allRules(rulesFor({ stores: [VOLUME()] }, rules)).map(({ expr }) => expr).join('\n');
  expect(exprs({ namespaceLabel: 'exported_namespace' })).toMatch(/kubelet_volume_stats_available_bytes\{namespace="shop"/);
  expect(exprs({ namespaceLabel: 'exported_namespace' })).not.toMatch(/kube_[a-z_]+\{namespace=/);
  expect(exprs({ kubeletNamespaceLabel: 'exported_namespace' })).toMatch(/kubelet_volume_stats_available_bytes\{exported_namespace="shop"/);
  expect(exprs({ kubeletNamespaceLabel: 'exported_namespace' })).not.toMatch(/kube_[a-z_]+\{exported_namespace=/);
});

test('every alert has the namespace, by which Alertmanager mutes a warning, and two of one name differ in their labels for whoever reads the rules only', () => {
  const chart = newChart();
  const other = new Chart(chart.node.root as App, 'other', { namespace: 'web' });
  const backups = [chart, other].flatMap(scope => ['one', 'two'].map(id =>
    new BackupCronJob(scope, id, props({ stores: [BackupStore.volume({ size: Size.gibibytes(1), claimName: `claim-${id}` }), S3], backupName: id }))));
  for (const rules of [{}, { namespaceLabel: 'exported_namespace' }]) {
    const all = allRules(new BackupAlertRules(chart, `alerts-${Object.keys(rules).length}`, { backups, runnerMetrics: true, ...rules }));
    expect(all.filter(({ labels }) => !['shop', 'web'].includes(labels.namespace))).toEqual([]);
    const identities = all.map(({ alert, labels }) => JSON.stringify([alert, labels]));
    expect(new Set(identities).size).toBe(identities.length);
  }
});

describe('the dashboard of one team is never that of another', () => {
  const boardOf = (namespace: string, id: string, rules: Partial<BackupAlertRulesProps> = {}, more: readonly string[] = []) => {
    const chart = newChart(namespace);
    const backups = ['db-backup', ...more].map(each => new BackupCronJob(chart, each, props({ backupName: each })));
    const { dashboardFile } = new BackupAlertRules(chart, id, { backups, ...rules });
    return JSON.parse(synthFiles(chart)[dashboardFile]);
  };

  test('in another namespace, of another name, or in another cluster, title and uid are others', () => {
    const boards = [boardOf('shop', 'alerts'), boardOf('web', 'alerts'), boardOf('shop', 'more-alerts'), boardOf('shop', 'alerts', { matchLabels: { cluster: 'eu-1' } })];
    expect(boards.map(({ title }) => title)).toEqual(['Backups: shop / alerts', 'Backups: web / alerts', 'Backups: shop / more-alerts', 'Backups: eu-1 / shop / alerts']);
    expect(new Set(boards.map(({ uid }) => uid)).size).toBe(4);
    for (const { uid } of boards) expect(uid).toMatch(/^[a-z0-9-]{1,40}$/);
  });

  test('and one more backup changes neither', () => {
    const [one, two] = [boardOf('shop', 'alerts'), boardOf('shop', 'alerts', {}, ['other'])];
    expect([two.title, two.uid]).toEqual([one.title, one.uid]);
    expect([one, two].map(({ templating }) => templating.list[1].options.length)).toEqual([2, 3]);
  });
});

test('the dashboard begins with a row of tiles, then a table, then series', () => {
  for (const runnerMetrics of [true, false]) {
    const { dashboardFile, dashboardConfigMap } = rulesFor({ stores: [VOLUME(), S3] }, { runnerMetrics });
    const { panels } = JSON.parse(synthFiles(dashboardConfigMap!)[dashboardFile]);
    const kinds: string[] = panels.map(({ type }: any) => type);
    expect(kinds.join(' ')).toMatch(/^(stat ){3,6}table( timeseries)+$/);
    for (const { gridPos } of panels.filter(({ type }: any) => type === 'stat')) expect(gridPos).toMatchObject({ y: 0, h: 5 });
    expect(panels.filter(({ gridPos }: any) => gridPos.x + gridPos.w > 24)).toEqual([]);
    const places = panels.map(({ gridPos: { x, y } }: any) => `${x} ${y}`);
    expect(new Set(places).size).toBe(places.length);
    // All but volumes, which are shared, is of the backups that are chosen.
    const queries: string[] = panels.flatMap(({ targets }: any) => targets.map(({ expr }: any) => expr));
    expect(queries.filter(expr => !expr.includes('${backup:pipe}') && !expr.includes('persistentvolumeclaim'))).toEqual([]);
  }
});

test('fails on a backup that is there twice, or in no namespace', () => {
  const backup = new BackupCronJob(newChart(), 'db-backup', props());
  expect(() => new BackupAlertRules(backup.node.scope!, 'alerts', { backups: [backup, backup] })).toThrow('\'backups\' must have each backup once, got "shop/db-backup"');
  const nowhere = new BackupCronJob(new Chart(new App(), 'chart'), 'db-backup', props({ schedule: Cron.hourly() }));
  expect(() => new BackupAlertRules(nowhere.node.scope!, 'alerts', { backups: [nowhere] })).toThrow('whose chart has no namespace');
});
