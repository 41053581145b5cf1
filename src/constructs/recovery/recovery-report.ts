import { RecoveryScenario } from './recovery-scenario';

/** What a restore from one store takes, in one scenario. */
export interface StoreRecovery {
  /** Name of the store. */
  readonly store: string;

  /** Where it is, in words. */
  readonly location: string;

  /** Whether it is still there. */
  readonly survives: boolean;

  /** Storage classes that a backup inside the restore horizon can be in; empty for a volume. */
  readonly storageClasses: string[];

  /** Seconds until the slowest of these classes can be read. */
  readonly retrievalSeconds: number;

  /**
   * Seconds that a restore from here takes: preparation, retrieval, download (twice where the scratch volume of a `RestoreJob` has no
   * room for the backup), restore, slack.
   *
   * @default - unknown, since the objectives don't say how fast a restore is
   */
  readonly totalSeconds?: number;
}

/** What is promised for one scenario, and what holds it. */
export interface ScenarioRecovery {
  /** The scenario. */
  readonly scenario: RecoveryScenario;

  /**
   * The most that may be lost.
   *
   * @default - not promised
   */
  readonly rpoSeconds?: number;

  /**
   * The longest that a restore may take.
   *
   * @default - not promised
   */
  readonly rtoSeconds?: number;

  /** All stores of the backup. */
  readonly stores: StoreRecovery[];
}

/** What a backup is good for: everything that `cdk8s synth` has checked, as data. */
export interface RecoveryReport {
  /** First part of the names of everything that is stored. */
  readonly backupName: string;

  /** Name of the CronJob. */
  readonly cronJobName: string;

  /**
   * The cron expression.
   *
   * @default - on demand only
   */
  readonly schedule?: string;

  /** Time zone of the schedule. */
  readonly timeZone: string;

  /**
   * The longest time between two runs from 2026 to 2035, as the CronJob controller makes them.
   *
   * @default - on demand only
   */
  readonly longestGapSeconds?: number;

  /**
   * The run before the first such gap, in UTC.
   *
   * @default - on demand only, or counted from when the CronJob is made
   */
  readonly longestGapFrom?: string;

  /**
   * The run after the first such gap, in UTC.
   *
   * @default - on demand only, or counted from when the CronJob is made
   */
  readonly longestGapTo?: string;

  /** How late a run may start. */
  readonly startingDeadlineSeconds: number;

  /** How long a run may take. */
  readonly activeDeadlineSeconds: number;

  /**
   * Age that the newest backup can reach while every run succeeds: the longest gap, a late start and a long run.
   *
   * @default - on demand only
   */
  readonly worstDataAgeSeconds?: number;

  /**
   * The same with one run that fails.
   *
   * @default - on demand only
   */
  readonly worstDataAgeAfterFailureSeconds?: number;

  /**
   * How old backups are when retention removes them.
   *
   * @default - never
   */
  readonly retentionSeconds?: number;

  /**
   * Until somebody acts on what went wrong.
   *
   * @default - there are no objectives
   */
  readonly noticeSeconds?: number;

  /**
   * How old the backups may be that the objectives hold for.
   *
   * @default - there are no objectives
   */
  readonly restoreHorizonSeconds?: number;

  /** What is promised. Empty if there are no objectives. */
  readonly scenarios: ScenarioRecovery[];

  /** What is legal but unwise. */
  readonly warnings: string[];
}
