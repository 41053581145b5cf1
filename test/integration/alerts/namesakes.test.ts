import { App, Chart, Size } from 'cdk8s';
import { parse } from 'yaml';
import { promtool } from './_promtool';
import { HOURLY, Part, RULES, testAlone, testFilesOf } from './_rules';
import { BackupAlertRules, BackupAlertRulesProps, BackupCronJob, BackupSource, BackupStore, Retention } from '../../../src';
import { synthFiles } from '../../../src/constructs/core/synth-file';
import { props } from '../../synth';

/* Production and staging in one Prometheus, and nobody has named a backup: both are called redis. */

function filesOfBoth(rules: Partial<BackupAlertRulesProps> = {}): { readonly [name: string]: string } {
  const app = new App();
  const backups = ['production', 'staging'].map(namespace => {
    const stores = [BackupStore.volume({ size: Size.gibibytes(1) }), BackupStore.s3({ bucketName: `${namespace}-backups`, region: 'eu-central-1' })];
    const source = BackupSource.redis({ host: 'redis' });
    return new BackupCronJob(new Chart(app, namespace, { namespace }), 'cache-backup', props({ ...HOURLY, source, stores, retention: Retention.days(30) }));
  });
  new BackupAlertRules(backups[0].node.scope!, 'alerts', { backups, runnerMetrics: true, ruleLabels: { release: 'x' }, ...rules });
  return synthFiles(app);
}

const minutes = (count: number, step = 1) => `0+${60 * step}x${count}`;

/**
 * What the exporters say of both: production's off-site copy is dead, and there is one from the future; staging's newest backup is suspect,
 * and its stores have records that differ; all else is well.
 */
const SERIES = ['production', 'staging'].flatMap(namespace => ['volume', 's3'].flatMap(store => {
  const of = (metric: string, values: string, also = '') => ({ series: `${metric}{backup_namespace="${namespace}",backup="redis",store="${store}"${also}}`, values });
  return [
    of('backup_last_recovery_point_timestamp_seconds', namespace === 'production' && store === 's3' ? '0x300' : minutes(300)),
    of('backup_last_suspect', namespace === 'staging' ? '1x300' : '0x300'),
    of('backup_store_up', '1x300'),
    of('backup_ahead_backups', namespace === 'production' && store === 's3' ? '1x300' : '0x300'),
    ...store === 's3' ? [] : [{ series: `backup_differing_backups{backup_namespace="${namespace}",backup="redis"}`, values: namespace === 'staging' ? '1x300' : '0x300' }],
    // The scrape has labels of its own, which are those of the exporter's pod.
    of('backup_repository_backups', '3x300', ',namespace="monitoring"'),
  ];
}));

const firing = (namespace: string, alertname: string) => ({
  expr: `count by (namespace, backup, severity) (ALERTS{alertstate="firing",alertname="${alertname}",namespace="${namespace}"})`, eval_time: '5h',
});

test('a dead off-site copy, and a backup from the future, are production\'s, while staging is fresh; a suspect backup and records that differ are staging\'s', async () => {
  const files = filesOfBoth();
  const labels = (namespace: string, severity: string) => `{backup="redis",namespace="${namespace}",severity="${severity}"}`;
  const fires = (namespace: string, ...severities: string[]) => severities.map(severity => ({ labels: labels(namespace, severity), value: 1 }));
  const tests = {
    rule_files: ['alerts.rules'],
    evaluation_interval: '1m',
    tests: [{
      interval: '1m',
      input_series: SERIES,
      promql_expr_test: [
        { ...firing('production', 'BackupOffsiteStale'), exp_samples: fires('production', 'critical') },
        { ...firing('staging', 'BackupOffsiteStale'), exp_samples: [] },
        { ...firing('production', 'BackupSuspect'), exp_samples: [] },
        { ...firing('staging', 'BackupSuspect'), exp_samples: fires('staging', 'critical') },
        // Staging's data are fresh in this store, and production's are not.
        { ...firing('production', 'BackupFromFuture'), exp_samples: fires('production', 'warning', 'critical') },
        { ...firing('staging', 'BackupFromFuture'), exp_samples: [] },
        { ...firing('production', 'BackupRecordsDiffer'), exp_samples: [] },
        { ...firing('staging', 'BackupRecordsDiffer'), exp_samples: fires('staging', 'critical') },
      ],
    }],
  };
  // Of both, the rules that are asked about.
  const groups: Part['groups'] = parse(files[RULES]!).groups;
  const asked = groups.map(({ name, rules }) => ({ name, rules: rules.filter(({ alert }) => tests.tests[0]!.promql_expr_test.some(({ expr }) => expr.includes(`"${alert}"`))) }));
  expect(asked.flatMap(({ rules }) => rules)).toHaveLength(2 * 5);
  expect(await promtool({ [RULES]: JSON.stringify({ groups: asked }), 'monitoring/both.test.yaml': JSON.stringify(tests) }, 'test', 'rules', 'monitoring/both.test.yaml')).toMatchObject({ passed: true });
});

/** Those of staging are the same but for its name: where both have passed beside each other's rules, one shows what a label changes. */
test.each<[string, Partial<BackupAlertRulesProps>, string[]]>([
  ['as they are', {}, ['production', 'staging']],
  ['in one cluster of several', { matchLabels: { cluster: 'prod' } }, ['production']],
  ['where kube-state-metrics is scraped without honorLabels, and the kubelet with it', { namespaceLabel: 'exported_namespace' }, ['staging']],
  ['the other way round', { kubeletNamespaceLabel: 'exported_namespace' }, ['production']],
])('the rules and tests of both, %s', async (_name, rules, namespaces) => {
  const files = filesOfBoth(rules);
  expect(testFilesOf(files)).toHaveLength(2);
  expect(await promtool(files, 'check', 'rules', RULES)).toMatchObject({ passed: true });
  for (const namespace of namespaces) {
    const name = testFilesOf(files).find(file => file.includes(`.${namespace}.`))!;
    const alone = namespaces.length === 1 ? { namespace } : {};
    expect(await testAlone(files, name, { ...alone, trendOfVolumes: true })).toMatchObject({ passed: true });
  }
}, 600_000);
