import { absentRule } from './absent-alerts';
import { JobAlerts } from './job-alerts';
import { relatedJobRules } from './related-job-alerts';
import { AlertGroup } from './rule';
import { storeRules } from './store-alerts';
import { AlertContext, AlertTarget, AlertVolume, volumesOf } from './target';
import { volumeRules } from './volume-alerts';

/** All alerts, in groups that Prometheus evaluates one by one. */
export function alertGroups(context: AlertContext, targets: readonly AlertTarget[]): AlertGroup[] {
  return [...targets.map(target => backupGroup(context, target)), ...volumesOf(targets).map(volume => volumeGroup(context, volume))];
}

export function backupGroup(context: AlertContext, target: AlertTarget): AlertGroup {
  return {
    name: `backup-${target.namespace}-${target.cronJob}`,
    rules: [
      ...new JobAlerts(context, target).rules(),
      ...target.companions.flatMap(companion => relatedJobRules(context, target, companion)),
      ...context.runnerMetrics ? storeRules(context, target) : [],
      absentRule(context, target),
    ],
  };
}

export function volumeGroup(context: AlertContext, volume: AlertVolume): AlertGroup {
  return { name: `backup-volume-${volume.namespace}-${volume.claim}`, rules: volumeRules(context, volume) };
}
