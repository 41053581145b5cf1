import { parse } from 'yaml';
import { promtool } from './_promtool';
import { filesFor, HOURLY, provedFiles, RULES, testFileOf } from './_rules';

/*
 * Does the set of scenarios that we ship notice a wrong rule? Each rule is broken in each way that people break rules, and promtool
 * must say so.
 */

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string; readonly cronjob?: string };
}

const AS_IT_IS = 'as it is';

interface Variant {
  readonly rule: Rule;
  /** How it was broken, or that it was not. */
  readonly what: string;
  readonly expr: string;
}

/** With the label that tells it from the others. */
interface Marked {
  readonly variant: Variant;
  readonly mark: string;
}

/** Ways to break an expression; `undefined` where it has no such part. */
const MUTATIONS: { readonly [name: string]: (expr: string) => string | undefined } = {
  'the comparison is flipped': expr => change(expr, /( > on \(|> on \(|\) > \d|\n< [\d.]|== [01]$|== 1\)?$)/, text => text.includes('==') ? text.replace('==', '!=') : text.includes('>') ? text.replace('>', '<') : text.replace('<', '>')),
  'the threshold is doubled': expr => change(expr, /(?<=(> |< |<= |== on .*))(?!0\n)[\d.]+(?=(\)*$|\n))|(?<=\+ )\d+(?=\n\)$)/, text => String(Number(text) * 2)) ?? change(expr, /0\.8(?= \* max)/, () => '1.6'),
  'the namespace is dropped': dropped('(?<!_)namespace'),
  'the namespace of the backup is dropped': expr => /backup_(?!last_recovery)/.test(expr) ? dropped('backup_namespace')(expr) : undefined,
  'the name of the CronJob is dropped': expr => dropped('cronjob')(expr) ?? dropped('owner_name')(expr),
  'the claim is dropped': dropped('persistentvolumeclaim'),
  'the name of the backup is dropped': expr => /backup_(?!last_recovery)/.test(expr) ? dropped('(?<!_)backup')(expr) : undefined,
  'the absence is not looked for': expr => expr.startsWith('absent(') ? 'vector(0) == 1' : expr.includes('absent(') ? expr.replace(/\nor\n\([\s\S]*$/, '') : undefined,
  'it always fires': () => 'vector(1)',
  'it never fires': () => 'vector(0) == 1',
};

function change(expr: string, pattern: RegExp, by: (text: string) => string): string | undefined {
  const changed = expr.replace(pattern, by);
  return changed === expr ? undefined : changed;
}

function dropped(label: string): (expr: string) => string | undefined {
  return expr => change(expr, new RegExp(`${label}="[^"]*",?`, 'g'), () => '')?.replaceAll(',}', '}');
}

describe.each([
  ['a backup', 'db-backup', provedFiles()],
  ['a backup of which no failed Jobs are kept', 'db-backup', filesFor({ ...HOURLY, failedJobsRetained: 0 }, { runnerMetrics: true })],
  ['its verification', 'db-backup-verify', provedFiles()],
  ['its drills', 'db-drill', provedFiles()],
])('%s', (what, cronJob, files) => {
  const rules: Rule[] = parse(files[RULES]).groups.flatMap((group: any) => group.rules)
    .filter(({ labels }: Rule) => (labels.cronjob ?? 'db-backup') === cronJob);
  const looked = what.includes('no failed Jobs') ? rules.filter(({ alert }) => alert === 'BackupJobFailed') : rules;
  const tests = parse(files[testFileOf(files, cronJob)]);

  // What is the same alert with and without: the moment at which the CronJob was made is asked for only where there is nothing else; and
  // the selectors of the trend are those of the free space, which would take days of hourly runs to tell apart.
  // The list of missing metrics is a union, of which a part is broken at a time; each part has a scenario of its own.
  const alike = (alert: string, mutation: string) => (mutation.includes('dropped') && ['BackupOffsiteStale', 'BackupVolumeFullSoon', 'BackupAlertsAmbiguous'].includes(alert))
    || (alert === 'BackupAlertsAmbiguous' && /threshold|flipped/.test(mutation)) // there are two signs of it
    || (alert === 'BackupMetricsIncomplete' && !mutation.startsWith('it '));

  const variants: readonly Variant[] = looked.flatMap<Variant>(rule => [
    { rule, what: AS_IT_IS, expr: rule.expr },
    ...Object.entries(MUTATIONS).flatMap(([mutation, mutate]) => {
      const expr = mutate(rule.expr);
      return expr === undefined || alike(rule.alert, mutation) ? [] : [{ rule, what: mutation, expr }];
    }),
  ]);
  let output: string;

  // Many of them in one file, told apart by a label. The days of the volume's trend are half of all evaluations, and about volumes only.
  beforeAll(async () => {
    const ofVolume = ({ rule }: Variant) => rule.alert.startsWith('BackupVolumeF');
    const isTrend = ({ name }: { readonly name: string }) => name.includes('but not for many more');
    const marked = variants.map((variant, i) => ({ variant, mark: `v${i}` }));
    output = await verdictOn(marked.filter(({ variant }) => ofVolume(variant)), tests, tests.tests)
      + await verdictOn(marked.filter(({ variant }) => !ofVolume(variant)), tests, tests.tests.filter((scenario: any) => !isTrend(scenario)));
    expect(output).toContain('FAILED');
  }, 600_000);

  test.each(variants.map((variant, i) => [nameOf(variant), variant.what !== AS_IT_IS, `variant=\\"v${i}\\"`] as const))('%s', (_name, noticed, mark) => {
    expect(output.includes(mark)).toBe(noticed);
  });
});

/** What promtool says about these, with these scenarios. */
async function verdictOn(marked: readonly Marked[], tests: object, scenarios: readonly unknown[]): Promise<string> {
  if (marked.length === 0) return '';
  const rules = marked.map(({ variant: { rule, expr }, mark }) => ({ ...rule, expr, labels: { ...rule.labels, variant: mark } }));
  const together = {
    'alerts.rules': JSON.stringify({ groups: [{ name: 'variants', rules }] }),
    'variants.test.yaml': JSON.stringify({ ...tests, tests: scenarios.map(scenario => forEach(marked, scenario)) }),
  };
  return (await promtool(together, 'test', 'rules', 'variants.test.yaml')).output;
}

function nameOf({ rule, what }: Variant): string {
  return `${rule.alert}/${rule.labels.severity} ${what === AS_IT_IS ? 'passes as it is' : `is noticed when ${what}`}`;
}

/** Every question of a scenario for every variant, as if that were the only alert. */
function forEach(marked: readonly Marked[], scenario: any): unknown {
  return {
    ...scenario,
    promql_expr_test: marked.flatMap(({ variant: { rule: { alert, labels: { severity } } }, mark }) =>
      scenario.promql_expr_test.map((question: any) => ({
        ...question,
        expr: question.expr.replaceAll('ALERTS{', `ALERTS{variant="${mark}",`),
        exp_samples: question.exp_samples.filter(({ labels }: any) => labels === '{}' || labels.replaceAll(' ', '') === `{alertname="${alert}",severity="${severity}"}`),
      }))),
  };
}
