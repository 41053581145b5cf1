import { Duration, Size } from 'cdk8s';
import { alertDelay, humanDelay, preparationSeconds, restoreSeconds } from './objective-times';
import { Promised, promisesOf } from './promises';
import { RecoveryObjective, RecoveryObjectives } from './recovery-objectives';
import { ScenarioRecovery } from './recovery-report';
import { RecoveryScenario } from './recovery-scenario';
import { retrievalSeconds } from './retrieval-times';
import { StoreLocation } from './store-location';
import { keepsForever, RetentionConfig, SCRATCH_SPARE_BYTES } from '../../contract/config';
import { Gaps, gapsOf } from '../schedule/longest-gap';
import { parseSchedule, shortestIntervalSeconds } from '../schedule/schedule';

/** A store, as far as recovery is concerned. */
export interface RecoveryStore {
  readonly name: string;
  readonly location: StoreLocation;
  /** The class that objects are written in; `undefined` for a volume. */
  readonly storageClass?: string;
  /** How much fits into it; `undefined`: nobody knows. */
  readonly capacity?: Size;
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

/** One scenario with what is promised for it. */
export interface PromisedScenario {
  readonly scenario: RecoveryScenario;
  readonly rpo?: Duration;
  readonly rpoProperty: string;
  readonly rto?: Duration;
  readonly rtoProperty: string;
  readonly preparationSeconds: number;
}

const DAY = 86_400;

/** The only class of S3 that is in one zone. */
export const ONE_ZONE = 'ONEZONE_IA';

/** What one backup is good for, in numbers. Whatever asks about restores is for backups with objectives. */
export class RecoveryArithmetic {
  /** `undefined`: on demand. */
  public readonly gaps?: Gaps;
  public readonly worstDataAgeSeconds?: number;
  private readonly sources: StorageClassSource[] = [];
  private readonly restores: ScratchOfRestore[] = [];

  constructor(public readonly props: RecoveryProps) {
    if (props.schedule === undefined) return;
    this.gaps = gapsOf(props.schedule, props.timeZone, props.deadlineSeconds);
    this.worstDataAgeSeconds = this.gaps.longestSeconds + this.lateSeconds;
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

  public promises(): PromisedScenario[] {
    const { objectives } = this.props;
    if (!objectives) return [];
    const scenarios = Object.values(RecoveryScenario);
    // Whoever promises an RPO and no more thinks of damaged data, and not of nothing.
    const ofAll = !scenarios.some(scenario => objectives[scenario]) && (objectives.rpo ?? objectives.rto) !== undefined;
    return scenarios.flatMap(scenario => {
      const objective: RecoveryObjective | undefined = objectives[scenario] ?? (ofAll && scenario === RecoveryScenario.CORRUPTION ? {} : undefined);
      if (!objective) return [];
      return [{
        scenario,
        rpo: objective.rpo ?? objectives.rpo,
        rpoProperty: objective.rpo ? `objectives.${scenario}.rpo` : 'objectives.rpo',
        rto: objective.rto ?? objectives.rto,
        rtoProperty: objective.rto ? `objectives.${scenario}.rto` : 'objectives.rto',
        preparationSeconds: preparationSeconds(objective, scenario),
      }];
    });
  }

  public scenario({ scenario, rpo, rto, preparationSeconds: preparation }: PromisedScenario): ScenarioRecovery {
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
          totalSeconds: objectives!.restore && preparation + retrieval + restoreSeconds(objectives!.restore, this.downloads),
        };
      }),
    };
  }

  /** Where the backups of a store are, as far as one class after the other has them in one zone. */
  public locationOf(store: RecoveryStore): StoreLocation {
    const inOneZone = store.location._kind === 'region' && this.storageClasses(store).includes(ONE_ZONE);
    return inOneZone ? StoreLocation._of('zone', store.location._region) : store.location;
  }

  private storageClasses(store: RecoveryStore): string[] {
    if (store.storageClass === undefined) return [];
    return [...new Set([store.storageClass, ...this.sources.flatMap(source => source.storageClassesWithin(store.name, this.horizonDays))])];
  }

  public get downloads(): 1 | 2 {
    return this.tooSmall === undefined ? 1 : 2;
  }

  /** A restore that reads the backup once to verify it and once to restore it. */
  public get tooSmall(): ScratchOfRestore | undefined {
    return this.restores.find(({ scratchSize }) => scratchSize.toKibibytes() < this.scratchKibibytes);
  }

  /** What a scratch volume has to have for one backup. */
  public get scratchKibibytes(): number {
    return this.props.objectives!.restore!.backupSize.toKibibytes() + SCRATCH_SPARE_BYTES / 1024;
  }

  /** How much longer than the schedule says it may take from one backup to the next. */
  public get lateSeconds(): number {
    return this.props.startingDeadlineSeconds + this.props.deadlineSeconds;
  }

  /** From the damage until somebody acts. */
  public noticeSeconds(): number {
    return alertDelay(this.props.objectives!) + humanDelay(this.props.objectives!);
  }

  /** So old may a backup be that somebody wants to restore. */
  public horizonSeconds(): number {
    const gap = this.gaps?.longestSeconds ?? 0;
    return this.props.objectives!.restoreHorizon?.toSeconds() ?? Math.max(this.noticeSeconds() + gap + this.lateSeconds, 2 * gap);
  }

  public get horizonDays(): number {
    return Math.ceil(this.horizonSeconds() / DAY);
  }

  /** How old the oldest backups are when retention removes them. */
  public retentionSeconds(): number {
    if (keepsForever(this.props.retention)) return Infinity;
    return Math.max(...this.promisedByRetention().map(({ lifetimeSeconds }) => lifetimeSeconds));
  }

  /** What each rule of the retention promises, the one with the closest backups first; nothing where all are kept. */
  public promisedByRetention(): Promised[] {
    const { retention, schedule } = this.props;
    if (keepsForever(retention)) return [];
    const shortest = schedule === undefined ? 0 : shortestIntervalSeconds(parseSchedule(schedule)) ?? 0;
    return promisesOf(retention, shortest, this.gaps?.longestSeconds ?? 0);
  }

  /** Whether the last backup from before the damage is there when somebody acts. */
  public outlastsNotice({ lifetimeSeconds, spacingSeconds }: Promised): boolean {
    return lifetimeSeconds >= this.noticeSeconds() + spacingSeconds + this.lateSeconds;
  }
}
