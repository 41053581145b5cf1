import { parse, stringify } from 'yaml';
import { promtool } from './_promtool';
import { filesFor, HOURLY, RULES, testFileOf } from './_rules';

/*
 * Does the set of scenarios that we ship notice a wrong rule? Each rule is broken in each way that people break rules, and promtool
 * must say so. Only the broken alert is in the file, and the scenarios ask for it alone: otherwise this would take an hour.
 */

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
}

/** Ways to break an expression; `undefined` where it has no such part. */
const MUTATIONS: { readonly [name: string]: (expr: string) => string | undefined } = {
  'the comparison is flipped': expr => change(expr, /( > on \(|> on \(|\) > \d|\n< [\d.]|== [01]$|== 1\)?$)/, text => text.includes('==') ? text.replace('==', '!=') : text.includes('>') ? text.replace('>', '<') : text.replace('<', '>')),
  'the threshold is doubled': expr => change(expr, /(?<=(> |< |== on .*))[\d.]+(?=(\)*$|\n))|(?<=\+ )\d+(?=\n\)$)/, text => String(Number(text) * 2)) ?? change(expr, /0\.8(?= \* max)/, () => '1.6'),
  'the namespace is dropped': dropped('namespace'),
  'the name of the CronJob is dropped': expr => dropped('cronjob')(expr) ?? dropped('owner_name')(expr),
  'the claim is dropped': dropped('persistentvolumeclaim'),
  'the name of the backup is dropped': expr => expr.includes('quantile_over_time') || expr.includes('suspect') ? dropped('backup')(expr) : undefined,
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
  ['with failed Jobs kept', filesFor(HOURLY, { runnerMetrics: true })],
  ['without', filesFor({ ...HOURLY, failedJobsRetained: 0 }, { runnerMetrics: true })],
])('%s', (what, files) => {
  const rules: Rule[] = parse(files[RULES]).groups.flatMap((group: any) => group.rules);
  const looked = what === 'without' ? rules.filter(({ alert }) => alert === 'BackupJobFailed') : rules;
  const tests = parse(files[testFileOf(files)]);

  // What is the same alert with and without: the moment at which the CronJob was made is asked for only where there is nothing else; and
  // the selectors of the trend are those of the free space, which would take days of hourly runs to tell apart.
  const alike = (alert: string, mutation: string) => mutation.includes('dropped') && ['BackupOffsiteStale', 'BackupVolumeFullSoon'].includes(alert);

  const cases = looked.flatMap(rule => Object.entries(MUTATIONS).flatMap(([mutation, mutate]) => {
    const expr = mutate(rule.expr);
    return expr === undefined || alike(rule.alert, mutation) ? [] : [[`${rule.alert}/${rule.labels.severity}`, mutation, rule, expr] as const];
  }));

  test.each(looked.map(rule => [`${rule.alert}/${rule.labels.severity}`, rule] as const))('%s as it is passes', async (_name, rule) => {
    expect(await verdict(rule, rule.expr)).toMatchObject({ passed: true });
  });

  test.each(cases)('%s is noticed when %s', async (_name, _mutation, rule, expr) => {
    const { passed, output } = await verdict(rule, expr);
    expect(output).toContain(passed ? 'FAILED' : 'exp:');
  });

  function verdict(rule: Rule, expr: string) {
    const alone = { groups: [{ name: 'mutant', rules: [{ ...rule, expr }] }] };
    return promtool({ 'alerts.rules.yaml': stringify(alone), 'mutant.test.yaml': stringify(only(rule, tests)) }, 'test', 'rules', 'mutant.test.yaml');
  }
});

/** The scenarios as if there were no other alert. */
function only({ alert, labels: { severity } }: Rule, tests: any): unknown {
  const own = `alertname="${alert}", severity="${severity}"`.replaceAll(' ', '');
  return {
    ...tests,
    tests: tests.tests.map((scenario: any) => ({
      ...scenario,
      promql_expr_test: scenario.promql_expr_test.map((test: any) => ({
        ...test, exp_samples: test.exp_samples.filter((sample: any) => sample.labels === '{}' || sample.labels.replaceAll(' ', '') === `{${own}}`),
      })),
    })),
  };
}
