/*
 * Tests of backups that differ in names only are alike but for the names. The simulation of months is most of what they cost, so it is made once
 * for all that are alike, with stand-ins, which the names then replace in its text.
 */
import { Yaml } from 'cdk8s';
import { IConstruct } from 'constructs';
import { AlertTests } from './alert-test';
import { companionTests } from './related-job-scenarios';
import { alertTests } from './scenarios';
import { AlertContext, AlertTarget, AlertVolume, RelatedJob } from '../rules/target';

/** Texts by what was simulated: what stands between the stand-ins, and in turn the number of each stand-in. An app has one such map. */
type Simulated = Map<string, readonly string[]>;

const STAND_IN = /stand-in-(\d+)-name/;

const bySynthRoot = new WeakMap<IConstruct, Simulated>();

/** The text of the test files for a set of rules. */
export class TestTexts {
  private readonly simulated: Simulated;

  constructor(
    scope: IConstruct, private readonly context: AlertContext, private readonly volumes: readonly AlertVolume[], private readonly ruleFile: string,
  ) {
    const { root } = scope.node;
    this.simulated = bySynthRoot.get(root) ?? new Map();
    bySynthRoot.set(root, this.simulated);
  }

  public ofBackup(target: AlertTarget): string {
    const names = new StandIns();
    const alike = names.inTarget(target);
    const volumes = this.volumes.filter(({ slowest }) => slowest === target).map(volume => names.inVolume(volume));
    return this.once('backup', names, [alike, volumes], ruleFile => alertTests(this.context, alike, volumes.map(volume => ({ ...volume, slowest: alike })), ruleFile));
  }

  public ofCompanion(target: AlertTarget, companion: RelatedJob): string {
    const names = new StandIns();
    const alike = { ...names.inTarget(target), companions: [] };
    const job = names.inCompanion(companion);
    return this.once('companion', names, [alike, job], ruleFile => companionTests(this.context, alike, job, ruleFile));
  }

  private once(kind: string, names: StandIns, what: readonly unknown[], tests: (ruleFile: string) => AlertTests): string {
    const ruleFile = names.of(this.ruleFile);
    const key = JSON.stringify([kind, this.context, ruleFile, ...what]);
    const parts = this.simulated.get(key) ?? Yaml.stringify(tests(ruleFile)).split(STAND_IN);
    this.simulated.set(key, parts);
    return names.replacedIn(parts);
  }
}

/** What stands in for each name: the same for the same name, so that two backups are alike only if the same of their names are equal. */
class StandIns {
  private readonly standIns = new Map<string, string>();

  public of(name: string): string {
    const known = this.standIns.get(name) ?? `stand-in-${this.standIns.size}-name`;
    this.standIns.set(name, known);
    return known;
  }

  public inTarget(target: AlertTarget): AlertTarget {
    return {
      ...target,
      namespace: this.of(target.namespace),
      cronJob: this.of(target.cronJob),
      backup: this.of(target.backup),
      jobSelector: '', // only alerts tell it
      stores: target.stores.map(({ name, claimName, ...store }) =>
        ({ ...store, name: this.of(name), ...claimName === undefined ? {} : { claimName: this.of(claimName) } })),
      companions: target.companions.map(companion => this.inCompanion(companion)),
    };
  }

  public inCompanion(companion: RelatedJob): RelatedJob {
    return { ...companion, cronJob: this.of(companion.cronJob) };
  }

  public inVolume({ namespace, claim, windowSeconds }: AlertVolume): Omit<AlertVolume, 'slowest'> {
    return { namespace: this.of(namespace), claim: this.of(claim), windowSeconds };
  }

  public replacedIn(parts: readonly string[]): string {
    const names = [...this.standIns.keys()];
    return parts.map((part, i) => i % 2 === 0 ? part : names[Number(part)]).join('');
  }
}
