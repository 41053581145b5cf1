import { App, Chart, Cron, Duration, Size } from 'cdk8s';
import { parse } from 'yaml';
import { promtool, Verdict } from './_promtool';
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
  const drills = drilled ? [new RestoreDrill(chart, 'db-drill', { backup: job, schedule: drilled, activeDeadline: Duration.hours(2) })] : [];
  new BackupAlertRules(chart, 'alerts', { backups: [job], drills, ruleLabels: { release: 'x' }, ...rules });
  return synthFiles(chart);
}

/** Hours are quickly simulated. */
export const HOURLY: Partial<BackupCronJobProps> = {
  schedule: Cron.hourly(),
  activeDeadline: Duration.minutes(40),
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
    verify: { schedule: Cron.daily(), activeDeadline: Duration.hours(2) },
  };
  return filesFor(proved, { runnerMetrics: true }, Cron.weekly());
}

/** Of half of all evaluations, and about volumes only. */
export const TREND = 'the volume has room for the next run, but not for many more';

interface Rules {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
}

export interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string; readonly namespace?: string; readonly cronjob?: string };
}

interface Tests {
  readonly evaluation_interval: string;
  readonly tests: readonly Scenario[];
}

export interface Scenario {
  readonly name: string;
  readonly promql_expr_test: readonly Question[];
}

interface Question {
  readonly expr: string;
  readonly exp_samples: readonly { readonly labels: string; readonly value: number }[];
}

export interface Alone {
  readonly rulesFile?: string;
  /** Rules of this namespace only, where several backups have CronJobs of one name. */
  readonly namespace?: string;
  /** Whether {@link TREND} is seen by the rules on volumes only. That the others are silent meanwhile is shown where it is not so. */
  readonly trendOfVolumes?: boolean;
}

/**
 * Runs a file of tests with the rules that its questions can see, since promtool evaluates every rule for every scenario, and that is what
 * it takes its time for. A question names the CronJob or asks about a volume, and a rule has its CronJob among its labels.
 */
export async function testAlone(
  files: { readonly [name: string]: string }, testFile: string, { rulesFile = RULES, namespace, trendOfVolumes = false }: Alone = {},
): Promise<Verdict> {
  const cronJob = testFile.split('.').at(-3)!;
  const seen = new RegExp(`cronjob="${cronJob}"|persistentvolumeclaim=|alertname=~"BackupVolume\\.\\*"`);
  const { groups }: Rules = parse(files[rulesFile]!);
  const all: Tests = parse(files[testFile]!);
  const others = questionsOf(all.tests).flatMap(question => question.match(/ALERTS{[^}]*}/g)!).filter(selector => !seen.test(selector));
  if (questionsOf(all.tests).length === 0 || others.length > 0) throw new Error(`${testFile} asks about more than ${cronJob} and volumes: ${others.join(', ')}`);
  if (groups.some(group => group.rules.some(({ expr }) => expr.includes('ALERTS')))) throw new Error('a rule depends on another, which may not be left out');

  const own = groups.filter(({ name }) => namespace === undefined || new RegExp(`^backup-(volume-)?${namespace}-`).test(name));
  const seenBy = (isSeen: (rule: Rule) => boolean) => own.map(({ name, rules }) => ({ name, rules: rules.filter(isSeen) }));
  const ofBackup = seenBy(({ labels }) => labels.cronjob === undefined || labels.cronjob === cronJob);
  const ofVolumes = seenBy(({ labels }) => labels.cronjob === undefined);
  const isTrend = ({ name }: Scenario) => name.includes(TREND);
  const parts: readonly Part[] = trendOfVolumes && all.tests.some(isTrend)
    ? [{ groups: ofBackup, tests: all.tests.filter(scenario => !isTrend(scenario)) }, { groups: ofVolumes, tests: all.tests.filter(isTrend) }]
    : [{ groups: ofBackup, tests: all.tests }];
  return testParts(parts, all, rulesFile, testFile);
}

function questionsOf(scenarios: readonly Scenario[]): string[] {
  return scenarios.flatMap(scenario => scenario.promql_expr_test.map(({ expr }) => expr));
}

/** Scenarios, and the rules to evaluate for them. */
export interface Part extends Rules {
  readonly tests: readonly Scenario[];
}

/** Runs parts of a file of tests at once, under the names that the files have. */
export function testParts(parts: readonly Part[], file: Tests, rulesFile: string, testFile: string): Promise<Verdict> {
  const files = Object.fromEntries(parts.flatMap(({ groups, tests }, i) => [
    [`${i}/${rulesFile}`, JSON.stringify({ groups })], [`${i}/${testFile}`, JSON.stringify({ ...file, tests })],
  ]));
  return promtool(files, 'test', 'rules', ...parts.map((_, i) => `${i}/${testFile}`));
}
