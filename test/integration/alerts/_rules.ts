import { App, Chart, Cron, Duration, Size } from 'cdk8s';
import { parse } from 'yaml';
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

/** Of half of all evaluations, and about volumes only: where volumes are as in another case, that case has shown it. */
export const TREND = 'the volume has room for the next run, but not for many more';

interface Rules {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
}

interface Rule {
  readonly expr: string;
  readonly labels: { readonly cronjob?: string };
}

/**
 * A file of tests, and the rules that its questions can see, which is what promtool takes its time for: it evaluates every rule for every scenario.
 * A question names the CronJob or asks about a volume, and a rule has its CronJob among its labels.
 */
export function testedAlone(
  files: { readonly [name: string]: string },
  testFile: string,
  { rulesFile = RULES, without }: { readonly rulesFile?: string; readonly without?: string } = {},
): { readonly [name: string]: string } {
  const cronJob = testFile.split('.').at(-3)!;
  const seen = new RegExp(`cronjob="${cronJob}"|persistentvolumeclaim=|alertname=~"BackupVolume\\.\\*"`);
  const rules: Rules = parse(files[rulesFile]!);
  const tests = parse(files[testFile]!);
  const questions: string[] = tests.tests.flatMap((scenario: any) => scenario.promql_expr_test.map(({ expr }: { readonly expr: string }) => expr));
  const others = questions.flatMap(question => question.match(/ALERTS{[^}]*}/g)!).filter(selector => !seen.test(selector));
  if (questions.length === 0 || others.length > 0) throw new Error(`${testFile} asks about more than ${cronJob} and volumes: ${others.join(', ')}`);
  if (rules.groups.some(group => group.rules.some(({ expr }) => expr.includes('ALERTS')))) throw new Error('a rule depends on another, which may not be left out');
  const isSeen = ({ labels }: Rule) => labels.cronjob === undefined || labels.cronjob === cronJob;
  const groups = rules.groups.map(group => ({ name: group.name, rules: group.rules.filter(isSeen) }));
  const shown = tests.tests.filter(({ name }: { readonly name: string }) => without === undefined || !name.includes(without));
  return { [rulesFile]: JSON.stringify({ groups }), [testFile]: JSON.stringify({ ...tests, tests: shown }) };
}
