import { parse } from 'yaml';
import { filesFor, HOURLY, Part, provedFiles, Rule, RULES, Scenario, testFileOf, testParts, TREND } from './_rules';

/*
 * Does the set of scenarios that we ship notice a wrong rule? Each rule is broken in each way that people break rules, and promtool
 * must say so.
 */

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
  const marked = variants.map((variant, i) => ({ variant, mark: `v${i}` }));
  let output: string;

  /** Whether promtool has said anything of it so far. */
  const isNoticed = ({ mark }: Marked) => output.includes(`variant=\\"${mark}\\"`);
  /** The days of the volume's trend are half of all evaluations, and about volumes only. */
  const isSeenBy = (rule: Rule, { name }: Scenario) => rule.alert.startsWith('BackupVolumeF') || !name.includes(TREND);

  /** Adds what promtool says about the variants of each rule, side by side, with the scenarios that are chosen. */
  async function judge(variantsOf: readonly (readonly Marked[])[], isChosen: (rule: Rule, scenario: Scenario) => boolean): Promise<void> {
    const parts = variantsOf.filter(ofRule => ofRule.length > 0).map(ofRule => {
      const { rule } = ofRule[0]!.variant;
      return partOf(ofRule, tests.tests.filter((scenario: Scenario) => isSeenBy(rule, scenario) && isChosen(rule, scenario)));
    }).filter(part => part.tests.length > 0);
    if (parts.length > 0) output += (await testParts(parts, tests, RULES, testFileOf(files, cronJob))).output;
  }

  // Where the rule fires, or others than its backup do badly, nearly all is noticed. What is not has the other scenarios to be noticed in, beside
  // the rule as it is; where all is noticed, rules.test.ts shows that the rule as it is passes these as well.
  beforeAll(async () => {
    output = '';
    const variantsOf = looked.map(rule => marked.filter(({ variant }) => variant.rule === rule));
    const isLikely = (rule: Rule, scenario: Scenario) => scenario.name.includes('others do badly') || firesIn(rule, scenario);
    await judge(variantsOf, isLikely);
    expect(output).toContain('FAILED');
    const left = variantsOf.map(ofRule => ofRule.filter(one => one.variant.what === AS_IT_IS || !isNoticed(one))).filter(ofRule => ofRule.length > 1);
    await judge(left, (rule, scenario) => !isLikely(rule, scenario));
  }, 600_000);

  test.each(marked.map(one => [nameOf(one.variant), one] as const))('%s', (_name, one) => {
    expect(isNoticed(one)).toBe(one.variant.what !== AS_IT_IS);
  });
});

/** Variants, told apart by a label, and these scenarios. */
function partOf(marked: readonly Marked[], scenarios: readonly Scenario[]): Part {
  const rules = marked.map(({ variant, mark }) => ({ ...variant.rule, expr: variant.expr, labels: { ...labelsOf(variant), variant: mark } }));
  return { groups: [{ name: 'variants', rules }], tests: scenarios.map(scenario => forEach(marked, scenario)) };
}

/**
 * Without the namespace where a rule no longer asks for it, or for a name, and has that of the series: with it, several would have the same labels.
 * That is an error, after which promtool looks at no variant of the scenario.
 */
function labelsOf({ rule: { labels: { namespace, ...labels }, expr }, what }: Variant): Rule['labels'] {
  return what.endsWith('dropped') && /(?<!_)namespace="/.test(expr) ? labels : { namespace, ...labels };
}

function firesIn(rule: Rule, { promql_expr_test }: Scenario): boolean {
  return promql_expr_test.some(({ exp_samples }) => exp_samples.some(({ labels }) => isOf(rule, labels)));
}

function isOf({ alert, labels: { severity } }: Rule, labels: string): boolean {
  return labels.replaceAll(' ', '') === `{alertname="${alert}",severity="${severity}"}`;
}

function nameOf({ rule, what }: Variant): string {
  return `${rule.alert}/${rule.labels.severity} ${what === AS_IT_IS ? 'passes as it is' : `is noticed when ${what}`}`;
}

/** Every question of a scenario for every variant, as if that were the only alert. */
function forEach(marked: readonly Marked[], scenario: Scenario): Scenario {
  return {
    ...scenario,
    promql_expr_test: marked.flatMap(({ variant: { rule }, mark }) => scenario.promql_expr_test.map(question => ({
      ...question,
      expr: question.expr.replaceAll('ALERTS{', `ALERTS{variant="${mark}",`),
      exp_samples: question.exp_samples.filter(({ labels }) => labels === '{}' || isOf(rule, labels)),
    }))),
  };
}
