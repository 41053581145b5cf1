import { Yaml } from 'cdk8s';
import { AlikeTexts, StandIns } from './alike';
import { backupGroup, volumeGroup } from './groups';
import { AlertGroup } from './rule';
import { AlertContext, AlertTarget, volumesOf } from './target';

const GROUPS = 'groups:\n';

/** The text of the plain rule file. The groups are those of the PrometheusRules, which cdk8s writes: that takes as long as all else of a backup, so it isn't done twice. */
export function ruleFileText(texts: AlikeTexts, context: AlertContext, targets: readonly AlertTarget[]): string {
  return GROUPS + [
    ...targets.map(target => {
      const names = new StandIns();
      const alike = names.inTarget(target);
      return texts.arePlain(names)
        ? texts.text(names, ['rules of a backup', context, alike], () => textOf(backupGroup(context, alike)))
        : textOf(backupGroup(context, target));
    }),
    ...volumesOf(targets).map(volume => textOf(volumeGroup(context, volume))),
  ].join('');
}

function textOf(group: AlertGroup): string {
  return Yaml.stringify({ groups: [group] }).slice(GROUPS.length);
}
