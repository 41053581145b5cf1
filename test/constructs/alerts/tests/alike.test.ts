import { App, Yaml } from 'cdk8s';
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
function textsFor(targets: readonly AlertTarget[], app = new App()): string[] {
  const tests = new TestTexts(app, CONTEXT, volumesOf(targets), RULES);
  return targets.flatMap(target => [tests.ofBackup(target), ...target.companions.map(companion => tests.ofCompanion(target, companion))]);
}

const DRILL: RelatedJob = { kind: 'drill', cronJob: 'nightly', gapSeconds: 12 * HOUR, deadlineSeconds: HOUR };

test.each<[string, readonly AlertTarget[]]>([
  ['other names', [targetOf('db'), targetOf('cache'), targetOf('a-very-long-name-of-a-backup-1'), targetOf('007', { backup: 'Orders_2', namespace: 'x' })]],
  ['a claim that several share', [targetOf('db'), targetOf('cache', { stores: targetOf('db').stores }), targetOf('files')]],
  ['names that are called as what stands in for others', [targetOf('stand-in-3-name', { namespace: 'stand-in-2-name' }), targetOf('db')]],
  ['the name of the namespace', [targetOf('shop'), targetOf('db')]],
  ['another schedule, another drill, on demand', [targetOf('db'), targetOf('cache', { gapSeconds: HOUR }), targetOf('files', { companions: [DRILL] }), targetOf('now', { gapSeconds: undefined })]],
])('what was simulated for another backup is what would be simulated for this one, to the byte: %s', (_what, targets) => {
  const volumes = volumesOf(targets);
  const each = targets.flatMap(target => [
    Yaml.stringify(alertTests(CONTEXT, target, volumes, RULES)),
    ...target.companions.map(companion => Yaml.stringify(companionTests(CONTEXT, target, companion, RULES))),
  ]);

  expect(textsFor(targets)).toEqual(each);
});

test('backups that differ in names only are simulated once, in all rules of an app', () => {
  const app = new App();
  const made = jest.spyOn(Yaml, 'stringify');
  try {
    textsFor(['db', 'cache', 'files'].map(name => targetOf(name)), app);
    textsFor([targetOf('mail')], app);
    expect(made).toHaveBeenCalledTimes(2); // of a backup, and of its drill
    textsFor([targetOf('slow', { deadlineSeconds: 2 * HOUR })], app);
    expect(made).toHaveBeenCalledTimes(4);
  } finally {
    made.mockRestore();
  }
});
