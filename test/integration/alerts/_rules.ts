import { App, Chart, Cron, Duration, Size } from 'cdk8s';
import { BackupAlertRules, BackupAlertRulesProps, BackupCronJob, BackupCronJobProps, BackupStore, RestoreDrill, Retention } from '../../../src';
import { synthFiles } from '../../../src/constructs/core/synth-file';
import { props } from '../../synth';

export const RULES = 'monitoring/alerts.rules';

/** The files of alert rules on one backup, to a volume and to S3; with a schedule, on drills of it as well. */
export function filesFor(
  backup: Partial<BackupCronJobProps>, rules: Partial<BackupAlertRulesProps> = {}, drilled?: Cron,
): { readonly [name: string]: string } {
  const chart = new Chart(new App(), 'chart', { namespace: 'shop' });
  const stores = [BackupStore.volume({ size: Size.gibibytes(20) }), BackupStore.s3({ bucketName: 'shop-backups', region: 'eu-central-1' })];
  const job = new BackupCronJob(chart, 'db-backup', props({ stores, retention: Retention.days(30), ...backup }));
  const drills = drilled ? [new RestoreDrill(chart, 'db-drill', { backup: job, schedule: drilled, deadline: Duration.hours(2) })] : [];
  new BackupAlertRules(chart, 'alerts', { backups: [job], drills, ruleLabels: { release: 'x' }, ...rules });
  return synthFiles(chart);
}

/** Hours are quickly simulated. */
export const HOURLY: Partial<BackupCronJobProps> = {
  schedule: Cron.hourly(),
  deadline: Duration.minutes(40),
  startingDeadline: Duration.minutes(20),
  objectives: { corruption: { rpo: Duration.hours(2) } },
};

export function testFileOf(files: { readonly [name: string]: string }, cronJob: string = 'db-backup'): string {
  return Object.keys(files).find(name => name.endsWith(`.${cronJob}.rules.test`))!;
}

export function testFilesOf(files: { readonly [name: string]: string }): string[] {
  return Object.keys(files).filter(name => name.endsWith('.rules.test'));
}

/** Everything that there are alerts on. */
export function provedFiles(): { readonly [name: string]: string } {
  const proved: Partial<BackupCronJobProps> = {
    ...HOURLY,
    objectives: {
      corruption: { rpo: Duration.hours(2), rto: Duration.hours(1) },
      restore: { backupSize: Size.gibibytes(1), downloadPerSecond: Size.mebibytes(50), restorePerSecond: Size.mebibytes(5) },
    },
    verify: { schedule: Cron.daily(), deadline: Duration.hours(2) },
  };
  return filesFor(proved, { runnerMetrics: true }, Cron.weekly());
}
