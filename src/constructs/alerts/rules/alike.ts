/*
 * Texts about backups that differ in names only are alike but for the names. Such a text is made once, with stand-ins, which the names then replace.
 */
import { Yaml } from 'cdk8s';
import { IConstruct } from 'constructs';
import { AlertTarget, AlertVolume, RelatedJob } from './target';

const STAND_IN = /stand-in-(\d+)-name/;

const bySynthRoot = new WeakMap<IConstruct, AlikeTexts>();

export class AlikeTexts {
  /** Those of the app. */
  public static of(scope: IConstruct): AlikeTexts {
    const { root } = scope.node;
    const texts = bySynthRoot.get(root) ?? new AlikeTexts();
    bySynthRoot.set(root, texts);
    return texts;
  }

  /** By what they are made of: what stands between the stand-ins, and in turn the number of each stand-in. */
  private readonly made = new Map<string, readonly string[]>();
  private readonly plain = new Map<string, boolean>();

  /**
   * @param what all that the text is made of, with stand-ins
   */
  public text(names: StandIns, what: readonly unknown[], make: () => string): string {
    const key = JSON.stringify(what);
    const parts = this.made.get(key) ?? make().split(STAND_IN);
    this.made.set(key, parts);
    return names.replacedIn(parts);
  }

  /** Whether YAML has the names as they are, as it has the stand-ins: it quotes those that it would take for numbers and the like. */
  public arePlain(names: StandIns): boolean {
    return names.all().every(name => {
      const plain = this.plain.get(name) ?? Yaml.stringify(name.trim()) === `${name.trim()}\n`;
      this.plain.set(name, plain);
      return plain;
    });
  }
}

/** What stands in for each name: the same for the same name, so that two backups are alike only if the same of their names are equal. */
export class StandIns {
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
      jobSelector: this.of(target.jobSelector),
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

  public all(): string[] {
    return [...this.standIns.keys()];
  }

  public replacedIn(parts: readonly string[]): string {
    const names = this.all();
    return parts.map((part, i) => i % 2 === 0 ? part : names[Number(part)]).join('');
  }
}
