import { Cron, Duration, Size } from 'cdk8s';
import { BackupAlertRules, BackupCronJob, BackupStore, RestoreDrill } from '../../src';
import { readPages } from '../pages';
import { newChart, props } from '../synth';

/** `NAME/severity`, each once. */
const sorted = (alerts: readonly string[]) => [...new Set(alerts)].sort();

test('the table of alerts has those that are made, with their severities, and no other', () => {
  const chart = newChart();
  const backup = new BackupCronJob(chart, 'db-backup', props({
    stores: [BackupStore.volume({ size: Size.gibibytes(1) }), BackupStore.s3({ bucketName: 'shop-backups', region: 'eu-central-1' })],
    verify: { schedule: Cron.weekly() },
    objectives: {
      rpo: Duration.days(3),
      corruption: { rto: Duration.hours(1) },
      restore: { backupSize: Size.gibibytes(1), downloadPerSecond: Size.mebibytes(50), restorePerSecond: Size.mebibytes(50) },
    },
  }));
  const drill = new RestoreDrill(chart, 'db-drill', { backup, schedule: Cron.weekly() });
  const rules = new BackupAlertRules(chart, 'alerts', { backups: [backup], drills: [drill], runnerMetrics: true });
  const made = rules.prometheusRules.flatMap(rule => rule.toJson().spec.groups).flatMap(({ rules: own }) => own)
    .map(({ alert, labels }) => `${alert}/${labels.severity}`);

  const { text } = readPages().find(({ file }) => file === 'docs/reference/metrics-and-alerts.md')!;
  const rows = [...text.matchAll(/^\| (Backup\w+) \| ([a-z, ]+) \|/gm)].flatMap(([, alert, severities]) => severities!.split(', ').map(severity => `${alert}/${severity}`));
  expect(sorted(rows)).toEqual(sorted(made));
  expect(rows.length).toBeGreaterThan(20);
});
