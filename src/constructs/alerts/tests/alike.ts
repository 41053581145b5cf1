/*
 * The simulation of months is most of what tests cost, so it is made once for all backups that are alike.
 */
import { Yaml } from 'cdk8s';
import { AlertTests } from './alert-test';
import { companionTests } from './related-job-scenarios';
import { alertTests } from './scenarios';
import { AlikeTexts, StandIns } from '../rules/alike';
import { AlertContext, AlertTarget, AlertVolume, RelatedJob } from '../rules/target';

/** The text of the test files for a set of rules. */
export class TestTexts {
  constructor(
    private readonly texts: AlikeTexts,
    private readonly context: AlertContext,
    private readonly volumes: readonly AlertVolume[],
    private readonly ruleFile: string,
  ) {}

  public ofBackup(target: AlertTarget): string {
    const names = new StandIns();
    const alike = inTests(names, target);
    const volumes = this.volumes.filter(({ slowest }) => slowest === target).map(volume => names.inVolume(volume));
    return this.once('tests of a backup', names, [alike, volumes], ruleFile => alertTests(this.context, alike, volumes.map(volume => ({ ...volume, slowest: alike })), ruleFile));
  }

  public ofCompanion(target: AlertTarget, companion: RelatedJob): string {
    const names = new StandIns();
    const alike = inTests(names, { ...target, companions: [] });
    const job = names.inCompanion(companion);
    return this.once('tests of a companion', names, [alike, job], ruleFile => companionTests(this.context, alike, job, ruleFile));
  }

  private once(kind: string, names: StandIns, what: readonly unknown[], tests: (ruleFile: string) => AlertTests): string {
    const ruleFile = names.of(this.ruleFile);
    return this.texts.text(names, [kind, this.context, ruleFile, ...what], () => Yaml.stringify(tests(ruleFile)));
  }
}

/** Only alerts tell how Jobs are selected. */
function inTests(names: StandIns, target: AlertTarget): AlertTarget {
  return names.inTarget({ ...target, jobSelector: '' });
}
