import { AbsentScenarios } from './absent-scenarios';
import { AlertTests, minutes, Pace, paceOf, Scenario, toTest } from './alert-test';
import { SimulatedJob } from './cluster-simulation';
import { Scheduled } from './scheduled-scenarios';
import { StoreScenarios } from './store-scenarios';
import { AlertContext, AlertTarget, AlertVolume } from '../rules/target';

const HOUR = 3600;
const DAY = 24 * HOUR;

/** From longer schedules on, a scenario of several runs takes promtool minutes. */
const LONGEST_GAP = 3 * DAY;

/** Below it runs follow each other faster than rules are evaluated in the tests. */
const SHORTEST_GAP = 1800;

/**
 * Tests for all alerts on one backup: what must fire, when, and what must not.
 *
 * @param volumes of all backups whose rules are in the file
 */
export function alertTests(context: AlertContext, target: AlertTarget, volumes: readonly AlertVolume[], ruleFile: string): AlertTests {
  const pace = paceOf(target.gapSeconds ?? 8 * HOUR);
  const ownVolumes = volumes.filter(({ slowest }) => slowest === target);
  const scenarios = target.gapSeconds === undefined ? onDemand(target, pace)
    : target.gapSeconds > LONGEST_GAP || target.gapSeconds < SHORTEST_GAP ? new Scheduled(context, target, ownVolumes, pace).short()
      : [Scheduled, StoreScenarios, AbsentScenarios].flatMap(scenariosOf => new scenariosOf(context, target, ownVolumes, pace).all());
  return {
    rule_files: [ruleFile],
    evaluation_interval: `${pace.evaluation}s`,
    tests: scenarios.map(scenario => toTest(context, target, pace, scenario)),
  };
}

/** Nobody expects a run, and suspended is what such a CronJob is. */
function onDemand(target: AlertTarget, { settled }: Pace): Scenario[] {
  const quick = minutes(Math.min(600, target.deadlineSeconds / 4));
  const run = (start: number): SimulatedJob => ({ name: `${target.cronJob}-now-${start}`, byHand: true, start, end: start + quick });
  const stuck = { name: 'stuck', byHand: true, start: HOUR };
  const long = HOUR + minutes(0.8 * target.deadlineSeconds);
  return [
    { name: 'nobody asks for a backup, and then somebody does', jobs: [run(2 * DAY)], until: 3 * DAY, quiet: true, expect: [] },
    ...target.keepsFailedJobs ? [{
      name: 'a run by hand fails, and the next one succeeds',
      jobs: [run(HOUR), { ...run(DAY), failed: true }, run(2 * DAY)],
      until: 2 * DAY + quick + 2 * settled,
      expect: [{ at: DAY + quick + settled, firing: ['BackupJobFailed/warning'] }, { at: 2 * DAY + quick + settled, firing: [] }],
    }] : [{
      name: 'a run by hand fails, its Job is gone, and the next one succeeds',
      jobs: [run(HOUR), { ...run(DAY), failed: true, removed: DAY + quick }, run(DAY + 6 * HOUR)],
      until: DAY + 6 * HOUR + quick + 2 * settled,
      expect: [{ at: DAY + quick + settled, firing: ['BackupJobFailed/warning'] }, { at: DAY + 6 * HOUR + quick + settled, firing: [] }],
    }],
    { name: 'a run by hand hangs', jobs: [stuck], until: long + 2 * settled, expect: [{ at: long - 600, firing: [] }, { at: long + settled, firing: ['BackupJobRunningTooLong/warning'] }] },
    { name: 'the CronJob is deleted', jobs: [], deletedAt: HOUR, until: HOUR + 2 * settled, expect: [{ at: HOUR, firing: [] }, { at: HOUR + settled, firing: ['BackupMetricsAbsent/critical'] }] },
  ];
}
