import { Duration } from 'cdk8s';
import { ClusterLocation, RecoveryObjective, RecoveryObjectives } from './recovery-objectives';
import { RecoveryScenario } from './recovery-scenario';
import { checkRegion, checkZone } from './regions';
import { wholeSeconds } from '../core/check';

/** Refuses objectives that can't be meant, whatever the backup is. */
export function checkObjectives(objectives: RecoveryObjectives): void {
  checkDurations(objectives);
  checkCluster(objectives.cluster ?? {});
}

function checkDurations(objectives: RecoveryObjectives): void {
  const check = (property: string, value: Duration | undefined, min: number, reason: string) => {
    if (value) wholeSeconds(`objectives.${property}`, value, min, reason);
  };
  check('rpo', objectives.rpo, 0, 'it is in the past');
  check('rto', objectives.rto, 1, 'a restore takes some time');
  for (const scenario of Object.values(RecoveryScenario)) {
    const objective: RecoveryObjective | undefined = objectives[scenario];
    check(`${scenario}.rpo`, objective?.rpo, 0, 'it is in the past');
    check(`${scenario}.rto`, objective?.rto, 1, 'a restore takes some time');
    check(`${scenario}.preparation`, objective?.preparation, 0, 'it comes before the restore');
  }
  check('alertDelay', objectives.alertDelay, 0, 'it comes after the damage');
  check('humanDelay', objectives.humanDelay, 0, 'it comes after the alert');
  check('restoreHorizon', objectives.restoreHorizon, 0, 'it is in the past');
  check('restore.slack', objectives.restore?.slack, 0, 'a restore takes some time');
  const { restore } = objectives;
  for (const property of ['backupSize', 'downloadPerSecond', 'restorePerSecond'] as const) {
    if (restore && restore[property].toKibibytes() <= 0) throw new Error(`'objectives.restore.${property}' must be more than nothing, got ${restore[property].asString()}`);
  }
}

function checkCluster({ region, zones = [] }: ClusterLocation): void {
  if (region !== undefined) checkRegion('objectives.cluster.region', region);
  for (const zone of zones) checkZone('objectives.cluster.zones', zone, region);
}
