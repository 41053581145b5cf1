import { AlertContext, AlertTarget, volumesOf } from '../../../../src/constructs/alerts/rules/target';
import { AlertTests, toTest, paceOf } from '../../../../src/constructs/alerts/tests/alert-test';
import { alertTests } from '../../../../src/constructs/alerts/tests/scenarios';

const HOUR = 3600;
const CONTEXT: AlertContext = { namespaceLabel: 'namespace', kubeletNamespaceLabel: 'namespace', matchLabels: {}, labels: {}, runnerMetrics: true };
const TARGET: AlertTarget = {
  namespace: 'shop',
  cronJob: 'db',
  backup: 'db',
  jobSelector: '',
  gapSeconds: 24 * HOUR,
  startingDeadlineSeconds: HOUR,
  deadlineSeconds: HOUR,
  keepsFailedJobs: true,
  suspectBelowPercent: 50,
  stores: [{ name: 'volume', claimName: 'claim', outside: false }, { name: 's3', outside: true }],
  companions: [],
};

/** What promtool makes of the notation; `undefined` is no sample. */
function samplesOf(values: string): (number | 'stale' | undefined)[] {
  return values.split(' ').flatMap((part): (number | 'stale' | undefined)[] => {
    const [, gone, first, growth, times] = /^(?:_x(\d+)|(-?[\d.]+)(?:\+(\d+)x(\d+))?)$/.exec(part) ?? [];
    if (part === 'stale') return ['stale'];
    if (gone !== undefined) return Array.from({ length: Number(gone) }, () => undefined);
    return Array.from({ length: Number(times ?? 0) + 1 }, (_, i) => Number(first) + i * Number(growth ?? 0));
  });
}

function seriesOf(jobs: readonly { readonly start: number; readonly end: number }[], until: number): ReadonlyMap<string, readonly unknown[]> {
  const pace = paceOf(TARGET.gapSeconds!);
  const { input_series: series } = toTest(CONTEXT, TARGET, pace, { name: 'x', jobs: jobs.map((job, i) => ({ name: `db-${i}`, ...job })), until, expect: [] });
  return new Map(series.map(({ series: name, values }) => [name, samplesOf(values)]));
}

test('what has been seen until now is a sample every five minutes, and the same when it is written as one run of samples', () => {
  const all = seriesOf([{ start: HOUR, end: 2 * HOUR }], 4 * HOUR);
  const only = (metric: string, label: string) => [...all].find(([name]) => name.startsWith(`${metric}{`) && name.includes(label))![1];
  const times = Array.from({ length: 49 }, (_, i) => 300 * i);

  expect(only('kube_cronjob_status_last_successful_time', 'cronjob="db-eu"')).toEqual(times);
  expect(only('kube_cronjob_status_last_successful_time', 'namespace="shop",cronjob="db"')).toEqual(times.map(time => time < 2 * HOUR ? undefined : 2 * HOUR));
  expect(only('kube_cronjob_status_active', 'namespace="shop",cronjob="db"')).toEqual(times.map(time => Number(time >= HOUR && time < 2 * HOUR)));
  expect(only('kube_job_complete', 'condition="true"')).toEqual(times.map(time => time < 2 * HOUR ? undefined : 1));
});

test('tests are short enough to be read in a comparison: no series has more than some changes', () => {
  const { tests }: AlertTests = alertTests(CONTEXT, TARGET, volumesOf([TARGET]), 'x.rules');
  const longest = Math.max(...tests.flatMap(({ input_series }) => input_series.map(({ values }) => values.length)));

  expect(tests.length).toBeGreaterThan(30);
  expect(longest).toBeLessThan(400);
});
