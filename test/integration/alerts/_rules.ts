import { App, Chart, Cron, Duration, Size } from 'cdk8s';
import { BackupAlertRules, BackupAlertRulesProps, BackupCronJob, BackupCronJobProps, BackupStore, Retention } from '../../../src';
import { synthFiles } from '../../../src/_synth-file';
import { props } from '../../synth';

export const RULES = 'monitoring/alerts.rules.yaml';

/** The files of alert rules on one backup, to a volume and to S3. */
export function filesFor(backup: Partial<BackupCronJobProps>, rules: Partial<BackupAlertRulesProps> = {}): { readonly [name: string]: string } {
  const chart = new Chart(new App(), 'chart', { namespace: 'shop' });
  const stores = [BackupStore.volume({ size: Size.gibibytes(20) }), BackupStore.s3({ bucketName: 'shop-backups', region: 'eu-central-1' })];
  const job = new BackupCronJob(chart, 'db-backup', props({ stores, retention: Retention.days(30), ...backup }));
  new BackupAlertRules(chart, 'alerts', { backups: [job], ruleLabels: { release: 'x' }, ...rules });
  return synthFiles(chart);
}

/** Hours are quickly simulated. */
export const HOURLY: Partial<BackupCronJobProps> = {
  schedule: Cron.hourly(),
  deadline: Duration.minutes(40),
  startingDeadline: Duration.minutes(20),
  objectives: { corruption: { rpo: Duration.hours(2) } },
};

export function testFileOf(files: { readonly [name: string]: string }): string {
  return Object.keys(files).find(name => name.endsWith('.rules.test.yaml'))!;
}
