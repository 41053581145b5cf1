import { AlertTests, kept, minutes, paceOf, Scenario, toTest } from './alert-test';
import { SimulatedJob } from './cluster-simulation';
import { companionAlerts } from '../rules/related-job-alerts';
import { RelatedJob, AlertContext, AlertTarget, overdueSeconds } from '../rules/target';

/** Tests for the alerts on the verification or the drills of a backup. */
export function companionTests(context: AlertContext, target: AlertTarget, companion: RelatedJob, ruleFile: string): AlertTests {
  const pace = paceOf(companion.gapSeconds, 8);
  const { failed, stale } = companionAlerts(companion);
  // To kube-state-metrics it is a CronJob like any other.
  const watched: AlertTarget = {
    ...target, ...companion, jobSelector: '', startingDeadlineSeconds: 0, rpoSeconds: undefined, suspectBelowPercent: 0, stores: [], companions: [],
  };
  const quick = minutes(Math.min(600, companion.deadlineSeconds / 4));
  const at = (run: number) => run * companion.gapSeconds;
  const run = (number: number): SimulatedJob => ({ name: `${companion.cronJob}-${number}`, start: at(number), end: at(number) + quick });
  const overdue = at(2) + quick + overdueSeconds(companion);
  const never = overdueSeconds(companion);
  const later = { ...run(2), failed: true, start: at(2) + 300, end: at(2) + 300 + quick };
  const neighbour = { ...later, name: `${companion.cronJob}-eu-2`, owner: `${companion.cronJob}-eu` };
  const elsewhere = { ...later, namespace: `${target.namespace}-staging` };
  const scenarios: Scenario[] = [
    { name: 'all is well for 4 runs', jobs: kept([1, 2, 3, 4].map(run), 3), until: at(5), quiet: true, expect: [] },
    {
      name: 'a run fails and the next one succeeds',
      jobs: [run(1), { ...run(2), failed: true }, run(3)],
      from: at(2),
      until: at(3) + quick + pace.settled + pace.evaluation,
      ignore: stale.split('/')[0],
      expect: [
        { at: at(2), firing: [] },
        { at: at(2) + quick + pace.settled, firing: [failed] },
        { at: at(3) + quick + pace.settled, firing: [] },
      ],
    },
    {
      name: 'no run has ever succeeded',
      jobs: [{ ...run(1), failed: true }, { ...run(2), failed: true }],
      until: at(2) + quick + pace.settled + pace.evaluation,
      ignore: stale.split('/')[0],
      expect: [{ at: at(1) + quick + pace.settled, firing: [failed] }, { at: at(2) + quick + pace.settled, firing: [failed] }],
    },
    {
      name: 'there are no more runs',
      jobs: [run(1), run(2)],
      from: at(2),
      until: overdue + 2 * pace.settled,
      expect: [{ at: overdue - 2 * pace.evaluation, firing: [] }, { at: overdue + pace.settled, firing: [stale] }],
    },
    {
      name: 'no run has ever been started',
      jobs: [],
      from: never - 2 * pace.evaluation,
      until: never + 2 * pace.settled,
      expect: [{ at: never - 2 * pace.evaluation, firing: [] }, { at: never + pace.settled, firing: [stale] }],
    },
    {
      name: 'others do badly: a CronJob whose name begins alike, the same names in another namespace',
      jobs: [...kept([1, 2, 3].map(run), 3), neighbour, elsewhere],
      neighboursFail: true,
      from: at(2),
      until: at(3) + quick + pace.settled,
      quiet: true,
      expect: [],
    },
  ];
  return {
    rule_files: [ruleFile],
    evaluation_interval: `${pace.evaluation}s`,
    tests: scenarios.map(scenario => toTest({ ...context, runnerMetrics: false }, watched, pace, scenario)),
  };
}
