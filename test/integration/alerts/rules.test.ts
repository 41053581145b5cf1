import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { App, Chart, Cron, Duration, Size } from 'cdk8s';
import { parse } from 'yaml';
import { promtool } from './_promtool';
import { filesFor, HOURLY, provedFiles, RULES, testAlone, testFileOf, testFilesOf } from './_rules';
import { BackupAlertRules, BackupCronJob, BackupStore } from '../../../src';
import { synthFiles } from '../../../src/constructs/core/synth-file';
import { Metrics } from '../../../src/contract/metrics';
import { synthExample } from '../../_example';
import { props } from '../../synth';
import { tempDir } from '../servers/_process';

const NIGHTLY = { activeDeadline: Duration.hours(2), startingDeadline: Duration.hours(1), objectives: { corruption: { rpo: Duration.hours(27) } } };

/** The trend of a volume is seen by all rules here, and by those on volumes in the other cases. */
const WHOLE = 'hourly, with the runner\'s metrics';

const CASES: [string, ReturnType<typeof filesFor>][] = [
  ['hourly', filesFor(HOURLY)],
  [WHOLE, filesFor(HOURLY, { runnerMetrics: true, matchLabels: { cluster: 'prod' }, alertLabels: { team: 'data' }, namespaceLabel: 'exported_namespace' })],
  ['hourly, no failed Jobs kept', filesFor({ ...HOURLY, failedJobsRetained: 0 })],
  ['nightly, by default', filesFor({})],
  ['nightly, with a gap of 47 hours', filesFor({ timeZone: 'Europe/Berlin' })],
  ['weekly', filesFor({ schedule: Cron.weekly() })],
  ['monthly', filesFor({ schedule: Cron.monthly(), retention: undefined })],
  ['every five minutes', filesFor({ schedule: Cron.schedule({ minute: '*/5' }) })],
  ['on demand', filesFor({ onDemand: true, schedule: undefined })],
  ['hourly, verified each day and drilled each week', provedFiles()],
];

// Those of on-premises are the same as those of production, and development has the alerts on SQLite besides.
test.each<[string, RegExp]>([
  ['production', /db-|redis-/], ['development', /sqlite-/],
])('promtool accepts all that the example whispercache emits: %s', async (profile, named) => {
  const out = tempDir('whispercache');
  const root = path.join(__dirname, '..', '..', '..');
  execFileSync(path.join(root, 'node_modules', '.bin', 'cdk8s'), ['synth', '--no-check-upgrade', '--output', out], {
    cwd: path.join(root, 'examples', 'whispercache'), env: { ...process.env, PROFILE: profile }, stdio: 'pipe',
  });
  const folder = path.join(out, 'monitoring');
  const files = Object.fromEntries(readdirSync(folder).map(name => [name, readFileSync(path.join(folder, name), 'utf8')]));
  expect(await promtool(files, 'check', 'rules', 'backup-alerts.rules')).toMatchObject({ passed: true });
  const tests = testFilesOf(files).filter(name => named.test(name));
  expect(tests).toHaveLength(profile === 'production' ? 6 : 3);
  for (const name of tests) {
    expect(await testAlone(files, name, { rulesFile: 'backup-alerts.rules', trendOfVolumes: true })).toMatchObject({ passed: true });
  }
  // As it was emitted, beside all rules: the shortest.
  const [shortest] = [...tests].sort((a, b) => files[a]!.length - files[b]!.length);
  expect(await promtool(files, 'test', 'rules', shortest!)).toMatchObject({ passed: true });
}, 900_000);

test.each(['fleet', 'recovery-plan', 'whispercache'])('promtool finds nothing to complain of in the rules of the example %s', async example => {
  const synthesized = synthExample(example);
  const rules = Object.keys(synthesized).filter(name => name.endsWith('.rules'));
  expect(rules).toHaveLength(1);
  for (const name of rules) {
    const files = { 'all.rules': synthesized[name]! };
    expect(await promtool(files, 'check', 'rules', '--lint=all', '--lint-fatal', 'all.rules')).toMatchObject({ passed: true, output: expect.not.stringMatching(/duplicate/) });
  }
});

test('nor in those of volumes and namespaces by the dozen; and it would of rules that are there twice', async () => {
  const app = new App();
  const backups = ['shop', 'web'].flatMap(namespace => {
    const chart = new Chart(app, namespace, { namespace });
    return ['one', 'two'].map(id => new BackupCronJob(chart, id, props({ backupName: id, stores: [BackupStore.volume({ claimName: `claim-${id}`, size: Size.gibibytes(1) })] })));
  });
  new BackupAlertRules(backups[0]!.node.scope!, 'alerts', { backups, runnerMetrics: true, ruleLabels: { release: 'x' } });
  const rules = synthFiles(app)[RULES]!;
  const lint = (text: string) => promtool({ 'all.rules': text }, 'check', 'rules', '--lint=all', '--lint-fatal', 'all.rules');
  expect(await lint(rules)).toMatchObject({ passed: true });
  expect(await lint(rules.replaceAll('claim-two', 'claim-one'))).toMatchObject({ passed: false });
});

test.each(CASES)('promtool accepts the rules and finds their tests passed: %s', async (what, files) => {
  expect(await promtool(files, 'check', 'rules', RULES)).toMatchObject({ passed: true });
  for (const name of testFilesOf(files)) {
    expect(await testAlone(files, name, { trendOfVolumes: what !== WHOLE })).toMatchObject({ passed: true });
  }
}, 600_000);

test('a nightly backup has at least 19 scenarios', () => {
  const files = filesFor(NIGHTLY, { runnerMetrics: true });
  expect(parse(files[testFileOf(files)]).tests.length).toBeGreaterThanOrEqual(19);
});

test('five healthy runs, one every six hours, are silent when rules are evaluated every two minutes', async () => {
  // Of a day and more, the longest that any rule looks back by a number of its own; nights by the dozen are evaluated as often as their tests say.
  const files = filesFor({ ...NIGHTLY, schedule: Cron.schedule({ minute: '0', hour: '*/6' }), objectives: { corruption: { rpo: Duration.hours(9) } } });
  const name = testFileOf(files);
  const tests = parse(files[name]);
  const [healthy] = tests.tests.filter((scenario: any) => scenario.name.includes('all is well'));
  const [{ expr, eval_time: whole, exp_samples }] = healthy.promql_expr_test;
  // Quick runs and slow ones, and more than there are Jobs kept; those that follow are the same again.
  const runs = `${5 * 6 * 3600}s`;
  const question = { expr: expr.replaceAll(`[${whole}]`, `[${runs}]`), eval_time: runs, exp_samples };
  expect(question.expr).toContain(runs);
  const often = { ...tests, evaluation_interval: '2m', tests: [{ ...healthy, promql_expr_test: [question] }] };
  expect(await promtool({ ...files, [name]: JSON.stringify(often) }, 'test', 'rules', name)).toMatchObject({ passed: true });
}, 600_000);

test.each([
  ['with the runner\'s metrics', provedFiles()],
  ['without', filesFor({ ...HOURLY, verify: { schedule: Cron.daily(), activeDeadline: Duration.hours(2) } }, {}, Cron.weekly())],
])('the dashboard\'s queries parse, and name only metrics that exist: %s', async (_what, files) => {
  const dashboard = JSON.parse(files['monitoring/alerts.dashboard.json']);
  const queries: string[] = dashboard.panels.flatMap((panel: any) => panel.targets.map((target: any) => target.expr));
  expect(queries.length).toBeGreaterThan(10);
  // As recording rules: promtool 2.42 has no other way to check an expression.
  const rules = { groups: [{ name: 'dashboard', rules: queries.map((expr, i) => ({ record: `query_${i}`, expr })) }] };
  expect(await promtool({ 'queries.yaml': JSON.stringify(rules) }, 'check', 'rules', 'queries.yaml')).toMatchObject({ passed: true });
  const known = [
    'ALERTS', 'kube_cronjob_status_last_successful_time', 'kube_job_owner', 'kube_job_status_completion_time', 'kube_job_status_start_time',
    'kubelet_volume_stats_available_bytes', 'kubelet_volume_stats_capacity_bytes', ...Object.values(Metrics).map(({ name }) => name),
  ];
  const named = queries.flatMap(query => [...query.matchAll(/([A-Za-z_][A-Za-z0-9_]*)\{/g)].map(([, metric]) => metric));
  expect([...new Set(named)].filter(metric => !known.includes(metric))).toEqual([]);
});
