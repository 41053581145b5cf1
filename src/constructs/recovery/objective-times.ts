/*
 * What objectives say about times, in seconds, with the defaults applied.
 */
import { Size } from 'cdk8s';
import { RecoveryObjective, RecoveryObjectives, RestoreEstimate } from './recovery-objectives';
import { RecoveryScenario } from './recovery-scenario';

/** From the controller manager's defaults: 40 s until a node counts as lost, 300 s of toleration, 6 minutes to detach by force. */
const NODE_LOSS_PREPARATION = 12 * 60;

export function alertDelay({ alertDelay: given }: RecoveryObjectives): number {
  return given?.toSeconds() ?? 3600;
}

export function humanDelay({ humanDelay: given }: RecoveryObjectives): number {
  return given?.toSeconds() ?? 3 * 86_400;
}

export function preparationSeconds({ preparation }: RecoveryObjective, scenario: RecoveryScenario): number {
  return preparation?.toSeconds() ?? (scenario === RecoveryScenario.NODE_LOSS ? NODE_LOSS_PREPARATION : 0);
}

export function slackSeconds({ slack }: RestoreEstimate): number {
  return slack?.toSeconds() ?? 600;
}

export function restoreSeconds(restore: RestoreEstimate, downloads: number): number {
  const { backupSize, downloadPerSecond, restorePerSecond } = restore;
  return downloads * secondsFor(backupSize, downloadPerSecond) + secondsFor(backupSize, restorePerSecond) + slackSeconds(restore);
}

export function secondsFor(size: Size, perSecond: Size): number {
  return Math.ceil(size.toKibibytes() / perSecond.toKibibytes());
}
