import { Duration, Size } from 'cdk8s';
import { Promised as PromisedByRule, promisesOf } from './promises';
import { ClusterLocation, RecoveryObjective, RecoveryObjectives, RestoreEstimate } from './recovery-objectives';
import { RecoveryReport, ScenarioRecovery, StoreRecovery } from './recovery-report';
import { RecoveryScenario } from './recovery-scenario';
import { checkRegion, checkZone } from './regions';
import { retrievalSeconds } from './retrieval-times';
import { StoreLocation } from './store-location';
import { keepsForever, RetentionConfig, SCRATCH_SPARE_BYTES } from '../../contract/config';
import { show, showSeconds, wholeSeconds } from '../core/check';
import { Gaps, gapsOf } from '../schedule/longest-gap';
import { parseSchedule, shortestIntervalSeconds } from '../schedule/schedule';

/** A store, as far as recovery is concerned. */
export interface RecoveryStore {
  readonly name: string;
  readonly location: StoreLocation;
  /** The class that objects are written in; `undefined` for a volume. */
  readonly storageClass?: string;
  /** The Secret with the keys to it, if there is one. */
  readonly secretName?: string;
}

/** The scratch volume of a restore of this backup. */
export interface ScratchOfRestore {
  readonly path: string;
  readonly scratchSize: Size;
}

/** What moves objects to other storage classes as they grow older: the lifecycle of a bucket. */
export interface StorageClassSource {
  /** Storage classes that an object of this store can be in while it is at most this old, beside the one that it is written in. */
  storageClassesWithin(storeName: string, days: number): readonly string[];
}

export interface RecoveryProps {
  readonly backupName: string;
  readonly cronJobName: string;
  /** `undefined`: on demand. */
  readonly schedule?: string;
  readonly timeZone: string;
  readonly startingDeadlineSeconds: number;
  readonly deadlineSeconds: number;
  readonly retention: RetentionConfig;
  readonly stores: readonly RecoveryStore[];
  readonly objectives?: RecoveryObjectives;
}

const SCENARIOS = Object.values(RecoveryScenario);

/** From the controller manager's defaults: 40 s until a node counts as lost, 300 s of toleration, 6 minutes to detach by force. */
const NODE_LOSS_PREPARATION = 12 * 60;

const DAY = 86_400;

/** The only class of S3 that is in one zone. */
const ONE_ZONE = 'ONEZONE_IA';
const TWO_HOURS = 2 * 3600;

/** What one backup is good for: the arithmetic of recovery, and what doesn't add up. */
export class Recovery {
  /** `undefined`: on demand. */
  public readonly gaps?: Gaps;
  public readonly worstDataAgeSeconds?: number;
  private readonly sources: StorageClassSource[] = [];
  private readonly restores: ScratchOfRestore[] = [];

  constructor(private readonly props: RecoveryProps) {
    if (props.schedule === undefined) return;
    this.gaps = gapsOf(props.schedule, props.timeZone, props.deadlineSeconds);
    this.worstDataAgeSeconds = this.gaps.longestSeconds + props.startingDeadlineSeconds + props.deadlineSeconds;
  }

  /** Has a bucket's lifecycle considered from now on. */
  public addStorageClasses(source: StorageClassSource): void {
    this.sources.push(source);
  }

  /** Has a restore considered from now on: what does not fit into its scratch volume is downloaded twice. */
  public addRestore(restore: ScratchOfRestore): void {
    this.restores.push(restore);
  }

  /** The least that is promised for any scenario, if anything is. */
  public get rpoSeconds(): number | undefined {
    const all = this.promises().flatMap(({ rpo }) => rpo === undefined ? [] : [rpo.toSeconds()]);
    return all.length === 0 ? undefined : Math.min(...all);
  }

  public report(warnings: readonly string[]): RecoveryReport {
    const { props, gaps } = this;
    const retention = this.retentionSeconds();
    return {
      backupName: props.backupName,
      cronJobName: props.cronJobName,
      schedule: props.schedule,
      timeZone: props.timeZone,
      longestGapSeconds: gaps?.longestSeconds,
      longestGapFrom: gaps?.longestFrom?.toISOString(),
      longestGapTo: gaps?.longestTo?.toISOString(),
      startingDeadlineSeconds: props.startingDeadlineSeconds,
      deadlineSeconds: props.deadlineSeconds,
      worstDataAgeSeconds: this.worstDataAgeSeconds,
      worstDataAgeAfterFailureSeconds: gaps && this.worstDataAgeSeconds! + gaps.longestSeconds,
      retentionSeconds: retention === Infinity ? undefined : retention,
      noticeSeconds: props.objectives && this.noticeSeconds(),
      restoreHorizonSeconds: props.objectives && this.horizonSeconds(),
      scenarios: this.promises().map(promise => this.scenario(promise)),
      warnings: [...warnings],
    };
  }

  /** Everything that keeps the objectives from being held, each with its arithmetic. */
  public problems(): string[] {
    const { objectives, schedule } = this.props;
    if (!objectives) return [];
    checkDurations(objectives);
    checkCluster(objectives.cluster ?? {});
    if (schedule === undefined) return ['\'objectives\' need a schedule, got \'onDemand\': nobody knows how old the newest backup is; set \'schedule\', or drop the objectives'];
    const promises = this.promises();
    if (promises.length === 0) return [`'objectives' promise nothing: give at least one of ${SCENARIOS.map(name => show(name)).join(', ')}`];
    return [
      ...promises.flatMap(promise => [...this.rpoProblems(promise), ...this.storeProblems(promise)]),
      ...this.retentionProblems(),
    ];
  }

  /** What is legal but unwise. */
  public warnings(): string[] {
    const { schedule, timeZone, stores, objectives } = this.props;
    const warnings: string[] = [];
    if (this.gaps && schedule !== undefined && timeZone !== 'Etc/UTC') {
      const even = gapsOf(schedule, 'Etc/UTC');
      // No clock is put forward or back by more than two hours, so what is beyond that is a run too few or one too many.
      if (this.gaps.longestSeconds > even.longestSeconds + TWO_HOURS) {
        warnings.push(`${show(schedule)} in ${show(timeZone)} falls into the hour that the clock skips, and the controller leaves the run out: ${showSeconds(this.gaps.longestSeconds)} from ${instant(this.gaps.longestFrom)} to ${instant(this.gaps.longestTo)}; take another hour, or "Etc/UTC"`);
      }
      if (this.gaps.shortestSeconds < even.shortestSeconds - TWO_HOURS) {
        warnings.push(`${show(schedule)} in ${show(timeZone)} falls into the hour that comes twice when the clock is put back, and runs twice, ${showSeconds(this.gaps.shortestSeconds)} apart; take another hour, or "Etc/UTC"`);
      }
    }
    const left = objectives?.nodeLoss ? stores.filter(({ location }) => location._survival(RecoveryScenario.NODE_LOSS, {}).survives) : [];
    if (left.length > 0 && left.every(({ location }) => location._isAssumed)) {
      const names = left.map(({ name }) => show(name)).join(', ');
      warnings.push(`'objectives.nodeLoss' is held by store ${names} only, whose storage class is not known here: the default classes of k3s, kind and minikube keep a volume on one node, and it is lost with it; name the 'storageClassName', or say the 'location'`);
    }
    if (objectives?.clusterLoss) {
      for (const { name, secretName } of stores) {
        if (secretName !== undefined) {
          warnings.push(`the keys to store ${show(name)} are in the Secret ${show(secretName)}, which is lost with the cluster: keep a copy of them outside, where it is found in an emergency`);
        }
      }
    }
    return warnings;
  }

  private promises(): Promised[] {
    const { objectives } = this.props;
    if (!objectives) return [];
    return SCENARIOS.flatMap(scenario => {
      const objective: RecoveryObjective | undefined = objectives[scenario];
      if (!objective) return [];
      return [{
        scenario,
        rpo: objective.rpo ?? objectives.rpo,
        rpoProperty: objective.rpo ? `objectives.${scenario}.rpo` : 'objectives.rpo',
        rto: objective.rto ?? objectives.rto,
        rtoProperty: objective.rto ? `objectives.${scenario}.rto` : 'objectives.rto',
        preparationSeconds: objective.preparation?.toSeconds() ?? (scenario === RecoveryScenario.NODE_LOSS ? NODE_LOSS_PREPARATION : 0),
      }];
    });
  }

  private rpoProblems({ scenario, rpo, rpoProperty, rto }: Promised): string[] {
    if (!rpo && !rto) return [`'objectives.${scenario}' promises nothing: give it an 'rpo' or an 'rto', or leave the scenario out`];
    if (!rpo || !this.gaps) return [];
    if (rpo.toSeconds() >= this.worstDataAgeSeconds!) return scenario === RecoveryScenario.CORRUPTION ? this.thinnedProblems(rpo, rpoProperty) : [];
    const { schedule, timeZone } = this.props;
    const { longestSeconds, longestFrom, longestTo } = this.gaps;
    const when = longestFrom ? `, as from ${instant(longestFrom)} to ${instant(longestTo)}` : '';
    const arithmetic = `${showSeconds(longestSeconds)} from run to run (${show(schedule)} in ${show(timeZone)}${when}) + ${this.showLate()}`;
    const wayOut = rpo.toSeconds() === 0
      ? 'a backup can\'t promise to lose nothing, that is what replication is for: leave the scenario out'
      : `run more often, shorten the deadlines, or promise ${showSeconds(this.worstDataAgeSeconds!)}`;
    return [`'${rpoProperty}' is ${showSeconds(rpo.toSeconds())}, but the newest backup can be ${showSeconds(this.worstDataAgeSeconds!)} old: ${arithmetic}; ${wayOut}`];
  }

  /** Damage is noticed late, and by then retention has thinned out what was there before it. */
  private thinnedProblems(rpo: Duration, rpoProperty: string): string[] {
    const notice = this.noticeSeconds();
    const rule = this.promisedByRetention().find(each => this.outlastsNotice(each));
    if (!rule) return []; // nothing is kept for so long, which is a problem of its own
    const worst = rule.spacingSeconds + this.lateSeconds;
    if (rpo.toSeconds() >= worst) return [];
    return [`'${rpoProperty}' is ${showSeconds(rpo.toSeconds())}, but damage is noticed up to ${showSeconds(notice)} later, and of backups that old 'retention' keeps ${show(rule.rule)} only: ${showSeconds(rule.spacingSeconds)} from one to the next + ${this.showLate()}; keep all of them for ${showSeconds(notice + this.worstDataAgeSeconds!)} with 'age', or promise ${showSeconds(worst)}`];
  }

  private storeProblems(promise: Promised): string[] {
    const { objectives, stores } = this.props;
    const { scenario, rto, rtoProperty } = promise;
    const survivors = this.scenario(promise).stores.filter(({ survives }) => survives);
    if (survivors.length === 0) {
      const list = stores.map(store => `${show(store.name)} ${this.locationOf(store).description}${this.becauseOfClass(store)}`).join(' and ');
      const outcomes = stores.map(store => this.locationOf(store)._survival(scenario, objectives!.cluster ?? {}));
      const missing = outcomes.find(outcome => outcome.missing !== undefined)?.missing;
      return [`'objectives.${scenario}' needs a store that is still there, got ${list}: ${missing === undefined ? NEEDED[scenario] : `say ${missing}`}`];
    }
    if (!rto) return [];
    if (!objectives!.restore) {
      return [`'objectives.restore' is missing, and '${rtoProperty}' can't be checked without it: give the size of a backup and how fast it is downloaded and restored, as you measured it`];
    }
    const [best] = [...survivors].sort((a, b) => a.totalSeconds! - b.totalSeconds!);
    if (best.totalSeconds! <= rto.toSeconds()) return [];
    return [`'${rtoProperty}' is ${showSeconds(rto.toSeconds())}, but a restore after ${show(scenario)} takes up to ${showSeconds(best.totalSeconds!)} from store ${show(best.store)}: ${this.explain(promise, best)}; ${best.retrievalSeconds > 0 ? 'keep backups in a class that is read at once for as long, ' : ''}${this.becauseOfScratch()}make the restore faster, or promise ${showSeconds(best.totalSeconds!)}`];
  }

  /** Which class has put a bucket of several zones into one. */
  private becauseOfClass(store: RecoveryStore): string {
    return this.locationOf(store) === store.location ? '' : ` (${ONE_ZONE}, which a backup of up to ${Math.ceil(this.horizonSeconds() / DAY)} days can be in)`;
  }

  private explain({ preparationSeconds }: Promised, store: StoreRecovery): string {
    const { backupSize, downloadPerSecond, restorePerSecond } = this.props.objectives!.restore!;
    const slowest = store.storageClasses.find(name => retrievalSeconds(name) === store.retrievalSeconds);
    const days = Math.ceil(this.horizonSeconds() / DAY);
    return [
      ...preparationSeconds > 0 ? [`${showSeconds(preparationSeconds)} of preparation`] : [],
      ...store.retrievalSeconds > 0 ? [`${showSeconds(store.retrievalSeconds)} to thaw ${slowest}, which a backup of up to ${days} days can be in`] : [],
      `${showSeconds(this.downloads * secondsFor(backupSize, downloadPerSecond))} to download ${backupSize.asString()} ${this.downloads === 1 ? '' : 'twice '}at ${downloadPerSecond.asString()} a second`,
      `${showSeconds(secondsFor(backupSize, restorePerSecond))} to restore it at ${restorePerSecond.asString()} a second`,
      `${showSeconds(slackSeconds(this.props.objectives!.restore!))} 'slack'`,
    ].join(' + ');
  }

  /** Why it is downloaded twice, and the way out. */
  private becauseOfScratch(): string {
    const restore = this.tooSmall;
    return restore === undefined ? '' : `give ${restore.path} a 'scratchSize' of ${Math.ceil(this.scratchKibibytes / 1024)}Mi or more, for the backup does not fit into its ${restore.scratchSize.asString()} and is read twice, `;
  }

  private get downloads(): 1 | 2 {
    return this.tooSmall === undefined ? 1 : 2;
  }

  /** A restore that reads the backup once to verify it and once to restore it. */
  private get tooSmall(): ScratchOfRestore | undefined {
    return this.restores.find(({ scratchSize }) => scratchSize.toKibibytes() < this.scratchKibibytes);
  }

  /** What a scratch volume has to have for one backup. */
  private get scratchKibibytes(): number {
    return this.props.objectives!.restore!.backupSize.toKibibytes() + SCRATCH_SPARE_BYTES / 1024;
  }

  private retentionProblems(): string[] {
    const retention = this.retentionSeconds();
    const gap = this.gaps!.longestSeconds;
    const { objectives } = this.props;
    const notice = this.noticeSeconds();
    const kept = `'retention' keeps backups for ${showSeconds(retention)}`;
    const rules = this.promisedByRetention();
    if (rules.length > 0 && !rules.some(each => this.outlastsNotice(each))) {
      const margin = ({ lifetimeSeconds, spacingSeconds }: PromisedByRule) => lifetimeSeconds - spacingSeconds;
      const { rule, spacingSeconds: spacing } = rules.reduce((a, b) => (margin(a) >= margin(b) ? a : b));
      const apart = spacing === gap ? 'from run to run' : `from one of ${show(rule)} to the next`;
      return [`${kept}, but the last good one is ${showSeconds(notice + spacing + this.lateSeconds)} old when somebody acts: ${showSeconds(alertDelay(objectives!))} 'alertDelay' + ${showSeconds(humanDelay(objectives!))} 'humanDelay' + ${showSeconds(spacing)} ${apart} + ${this.showLate()}; keep them longer, or shorten the delays if you can`];
    }
    if (retention < 2 * gap) {
      return [`${kept}, which is less than twice the ${showSeconds(gap)} from run to run: after one failed run there would be none but the floor; keep them for ${showSeconds(2 * gap)}`];
    }
    if (retention < this.horizonSeconds()) {
      return [`${kept}, less than the 'restoreHorizon' of ${showSeconds(this.horizonSeconds())}: keep them longer, or shorten it`];
    }
    return [];
  }

  private scenario({ scenario, rpo, rto, preparationSeconds }: Promised): ScenarioRecovery {
    const { objectives, stores } = this.props;
    return {
      scenario,
      rpoSeconds: rpo?.toSeconds(),
      rtoSeconds: rto?.toSeconds(),
      stores: stores.map(store => {
        const storageClasses = this.storageClasses(store);
        const retrieval = Math.max(0, ...storageClasses.map(retrievalSeconds));
        return {
          store: store.name,
          location: this.locationOf(store).description,
          survives: this.locationOf(store)._survival(scenario, objectives!.cluster ?? {}).survives,
          storageClasses,
          retrievalSeconds: retrieval,
          totalSeconds: objectives!.restore && preparationSeconds + retrieval + restoreSeconds(objectives!.restore, this.downloads),
        };
      }),
    };
  }

  private storageClasses(store: RecoveryStore): string[] {
    if (store.storageClass === undefined) return [];
    const days = Math.ceil(this.horizonSeconds() / DAY);
    return [...new Set([store.storageClass, ...this.sources.flatMap(source => source.storageClassesWithin(store.name, days))])];
  }

  /** Whether the last backup from before the damage is there when somebody acts. */
  private outlastsNotice({ lifetimeSeconds, spacingSeconds }: PromisedByRule): boolean {
    return lifetimeSeconds >= this.noticeSeconds() + spacingSeconds + this.lateSeconds;
  }

  private noticeSeconds(): number {
    return alertDelay(this.props.objectives!) + humanDelay(this.props.objectives!);
  }

  private horizonSeconds(): number {
    const gap = this.gaps?.longestSeconds ?? 0;
    return this.props.objectives!.restoreHorizon?.toSeconds() ?? Math.max(this.noticeSeconds() + gap + this.lateSeconds, 2 * gap);
  }

  /** How much longer than the schedule says it may take from one backup to the next. */
  private get lateSeconds(): number {
    return this.props.startingDeadlineSeconds + this.props.deadlineSeconds;
  }

  private showLate(): string {
    return `${showSeconds(this.props.startingDeadlineSeconds)} 'startingDeadline' + ${showSeconds(this.props.deadlineSeconds)} 'deadline'`;
  }

  /** Where the backups of a store are, as far as one class after the other has them in one zone. */
  private locationOf(store: RecoveryStore): StoreLocation {
    const inOneZone = store.location._kind === 'region' && this.storageClasses(store).includes(ONE_ZONE);
    return inOneZone ? StoreLocation._of('zone', store.location._region) : store.location;
  }

  /** How old the oldest backups are when retention removes them. */
  private retentionSeconds(): number {
    if (keepsForever(this.props.retention)) return Infinity;
    return Math.max(...this.promisedByRetention().map(({ lifetimeSeconds }) => lifetimeSeconds));
  }

  /** What each rule of the retention promises, the one with the closest backups first; nothing where all are kept. */
  private promisedByRetention(): PromisedByRule[] {
    const { retention, schedule } = this.props;
    if (keepsForever(retention)) return [];
    const shortest = schedule === undefined ? 0 : shortestIntervalSeconds(parseSchedule(schedule)) ?? 0;
    return promisesOf(retention, shortest, this.gaps?.longestSeconds ?? 0);
  }
}

/** One scenario with what is promised for it. */
interface Promised {
  readonly scenario: RecoveryScenario;
  readonly rpo?: Duration;
  readonly rpoProperty: string;
  readonly rto?: Duration;
  readonly rtoProperty: string;
  readonly preparationSeconds: number;
}

const NEEDED: { readonly [scenario in RecoveryScenario]: string } = {
  [RecoveryScenario.CORRUPTION]: 'add one',
  [RecoveryScenario.NODE_LOSS]: 'add one that is not on a node, or leave the scenario out',
  [RecoveryScenario.ZONE_LOSS]: 'add one in several zones or in another one, or leave the scenario out',
  [RecoveryScenario.REGION_LOSS]: 'add one in another region, or leave the scenario out',
  [RecoveryScenario.CLUSTER_LOSS]: 'add one outside of the cluster, or leave the scenario out',
};

function checkDurations(objectives: RecoveryObjectives): void {
  const check = (property: string, value: Duration | undefined, min: number, reason: string) => {
    if (value) wholeSeconds(`objectives.${property}`, value, min, reason);
  };
  check('rpo', objectives.rpo, 0, 'it is in the past');
  check('rto', objectives.rto, 1, 'a restore takes some time');
  for (const scenario of SCENARIOS) {
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

function alertDelay(objectives: RecoveryObjectives): number {
  return objectives.alertDelay?.toSeconds() ?? 3600;
}

function humanDelay(objectives: RecoveryObjectives): number {
  return objectives.humanDelay?.toSeconds() ?? 3 * DAY;
}

function slackSeconds(restore: RestoreEstimate): number {
  return restore.slack?.toSeconds() ?? 600;
}

function restoreSeconds(restore: RestoreEstimate, downloads: number): number {
  const { backupSize, downloadPerSecond, restorePerSecond } = restore;
  return downloads * secondsFor(backupSize, downloadPerSecond) + secondsFor(backupSize, restorePerSecond) + slackSeconds(restore);
}

function secondsFor(size: Size, perSecond: Size): number {
  return Math.ceil(size.toKibibytes() / perSecond.toKibibytes());
}

function instant(date: Date | undefined): string {
  return date!.toISOString().replace(/:00\.000Z$/, 'Z');
}
