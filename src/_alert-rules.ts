import { absentRule } from './_absent-alerts';
import { AlertGroup } from './_alert-rule';
import { AlertContext, AlertTarget, volumesOf } from './_alert-target';
import { companionRules } from './_companion-alerts';
import { JobAlerts } from './_job-alerts';
import { storeRules } from './_store-alerts';
import { volumeRules } from './_volume-alerts';

/** All alerts, in groups that Prometheus evaluates one by one. */
export function alertGroups(context: AlertContext, targets: readonly AlertTarget[]): AlertGroup[] {
  return [
    ...targets.map(target => ({
      name: `backup-${target.namespace}-${target.cronJob}`,
      rules: [
        ...new JobAlerts(context, target).rules(),
        ...target.companions.flatMap(companion => companionRules(context, target, companion)),
        ...context.runnerMetrics ? storeRules(context, target) : [],
        absentRule(context, target),
      ],
    })),
    ...volumesOf(targets).map(volume => ({ name: `backup-volume-${volume.namespace}-${volume.claim}`, rules: volumeRules(context, volume) })),
  ];
}
