import { App, Chart, Duration } from 'cdk8s';
import { promtool } from './_promtool';
import { BackupSource, BackupStore, RecoveryPlan } from '../../../src';
import { synthFiles } from '../../../src/constructs/core/synth-file';

/* The tests of alerts that a plan ships, for a promise of each size: schedule, deadlines and thresholds all follow from it. */

test.each(['PT3H', 'PT6H', 'PT12H', 'PT24H'])('promtool passes the alert tests of a plan with an RPO of %s', async rpo => {
  const app = new App();
  const chart = new Chart(app, 'shop', { namespace: 'shop' });
  new RecoveryPlan(chart, 'shop', {
    data: { db: { source: BackupSource.postgres({ host: 'postgres', databaseName: 'shop', user: 'shop' }), rpo: Duration.parse(rpo) } },
    stores: [BackupStore.s3({ bucketName: 'your-backup-bucket', prefix: 'shop' })],
    alerts: { ruleLabels: { release: 'kube-prometheus-stack' } },
  });
  const folder = 'monitoring/';
  const files = Object.fromEntries(Object.entries(synthFiles(app)).flatMap(([name, text]) => /\.rules(\.test)?$/.test(name) ? [[name.slice(folder.length), text]] : []));
  const tests = Object.keys(files).filter(name => name.endsWith('.test'));
  expect(tests.length).toBeGreaterThan(2);
  expect(await promtool(files, 'test', 'rules', ...tests)).toMatchObject({ passed: true });
}, 120_000);
