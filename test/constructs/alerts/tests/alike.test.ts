import { App, Yaml } from 'cdk8s';
import { AlikeTexts } from '../../../../src/constructs/alerts/rules/alike';
import { alertGroups } from '../../../../src/constructs/alerts/rules/groups';
import { ruleFileText } from '../../../../src/constructs/alerts/rules/rule-file';
import { AlertContext, AlertTarget, RelatedJob, volumesOf } from '../../../../src/constructs/alerts/rules/target';
import { TestTexts } from '../../../../src/constructs/alerts/tests/alike';
import { companionTests } from '../../../../src/constructs/alerts/tests/related-job-scenarios';
import { alertTests } from '../../../../src/constructs/alerts/tests/scenarios';

const HOUR = 3600;
const RULES = 'alerts.rules';
const CONTEXT: AlertContext = { namespaceLabel: 'namespace', kubeletNamespaceLabel: 'namespace', matchLabels: { cluster: 'eu' }, labels: {}, runnerMetrics: true };

function targetOf(cronJob: string, changes: Partial<AlertTarget> = {}): AlertTarget {
  return {
    namespace: 'shop',
    cronJob,
    backup: cronJob,
    jobSelector: ` -l component=${cronJob}`,
    gapSeconds: 24 * HOUR,
    startingDeadlineSeconds: HOUR,
    deadlineSeconds: HOUR,
    keepsFailedJobs: true,
    suspectBelowPercent: 50,
    stores: [{ name: 'volume', claimName: `${cronJob}-claim`, outside: false }, { name: 's3', outside: true }],
    companions: [{ kind: 'drill', cronJob: `${cronJob}-drill`, gapSeconds: 24 * HOUR, deadlineSeconds: HOUR }],
    ...changes,
  };
}

/** The texts for these backups and for what proves them. */
function textsFor(targets: readonly AlertTarget[], texts = AlikeTexts.of(new App())): string[] {
  const tests = new TestTexts(texts, CONTEXT, volumesOf(targets), RULES);
  return targets.flatMap(target => [tests.ofBackup(target), ...target.companions.map(companion => tests.ofCompanion(target, companion))]);
}

const DRILL: RelatedJob = { kind: 'drill', cronJob: 'nightly', gapSeconds: 12 * HOUR, deadlineSeconds: HOUR };

describe.each<[string, readonly AlertTarget[]]>([
  ['other names', [targetOf('db'), targetOf('cache'), targetOf('a-very-long-name-of-a-backup-1'), targetOf('007', { backup: 'Orders_2', namespace: 'x' })]],
  ['names that are numbers, truths or nothing to YAML', ['1e3', 'null', 'yes', '2026-11-28'].map((name, i) => targetOf(i % 2 === 0 ? name : 'db', { namespace: i % 2 === 0 ? 'shop' : name }))],
  ['no labels that select', [targetOf('db', { jobSelector: '' }), targetOf('cache', { jobSelector: '' })]],
  ['a claim that several share', [targetOf('db'), targetOf('cache', { stores: targetOf('db').stores }), targetOf('files')]],
  ['names that are called as what stands in for others', [targetOf('stand-in-3-name', { namespace: 'stand-in-2-name' }), targetOf('db')]],
  ['the name of the namespace', [targetOf('shop'), targetOf('db')]],
  ['another schedule, another drill, on demand', [targetOf('db'), targetOf('cache', { gapSeconds: HOUR }), targetOf('files', { companions: [DRILL] }), targetOf('now', { gapSeconds: undefined })]],
])('what was made for another backup is what would be made for this one, to the byte: %s', (_what, targets) => {
  test('tests', () => {
    const volumes = volumesOf(targets);
    const each = targets.flatMap(target => [
      Yaml.stringify(alertTests(CONTEXT, target, volumes, RULES)),
      ...target.companions.map(companion => Yaml.stringify(companionTests(CONTEXT, target, companion, RULES))),
    ]);

    expect(textsFor(targets)).toEqual(each);
  });

  test('rules', () => {
    const whole = Yaml.stringify({ groups: alertGroups(CONTEXT, targets) });

    expect(ruleFileText(AlikeTexts.of(new App()), CONTEXT, targets)).toBe(whole);
  });
});

test('backups that differ in names only are simulated once, and their rules are written once, in all rules of an app', () => {
  const texts = AlikeTexts.of(new App());
  const simulated = (targets: readonly AlertTarget[]) => madeBy(() => textsFor(targets, texts));
  const written = (targets: readonly AlertTarget[]) => madeBy(() => ruleFileText(texts, CONTEXT, targets));
  const named = (...names: string[]) => names.map(name => targetOf(name, { stores: [{ name: 's3', outside: true }] }));
  const slow = named('slow').map(target => ({ ...target, deadlineSeconds: 2 * HOUR }));

  expect(simulated(named('db', 'cache', 'files'))).toBe(2); // of a backup, and of its drill
  expect(written(named('db', 'cache', 'files'))).toBe(1);
  expect([simulated(named('mail')), written(named('mail'))]).toEqual([0, 0]);
  expect([simulated(slow), written(slow)]).toEqual([2, 1]);
});

/** So many rules and tests are made into YAML. */
function madeBy(write: () => unknown): number {
  const made = jest.spyOn(Yaml, 'stringify');
  try {
    write();
    return made.mock.calls.filter(([what]) => typeof what === 'object').length;
  } finally {
    made.mockRestore();
  }
}
