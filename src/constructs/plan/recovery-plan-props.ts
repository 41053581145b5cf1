import { Cron, Duration } from 'cdk8s';
import { BackupAlertRulesOptions } from '../alerts/backup-alert-rules-props';
import { BackupCronJobOptions } from '../backup/backup-cron-job-props';
import { LifecycleForBackupsOptions } from '../bucket/backup-bucket-lifecycle-props';
import { RestoreDrillOptions } from '../drill/restore-drill-props';
import { BackupSource } from '../engines/backup-source';
import { BackupExporterOptions } from '../exporter/backup-exporter-props';
import { Decryption } from '../pod/decryption';
import { Encryption } from '../pod/encryption';
import { ClusterLocation, RestoreEstimate } from '../recovery/recovery-objectives';
import { RecoveryScenario } from '../recovery/recovery-scenario';
import { Retention } from '../recovery/retention';
import { RestoreJobOptions } from '../restore/restore-job-props';
import { RestoreWorkload } from '../restore/restore-workload';
import { RecoveryRunbookProps } from '../runbook/recovery-runbook-props';
import { BackupStore } from '../stores/backup-store';

/** What a plan makes beside backups. */
export enum RecoveryPlanPart {
  /** The templates that restore. */
  RESTORES = 'restores',

  /** The drills that rehearse restores. */
  DRILLS = 'drills',

  /** Reading backups back. */
  VERIFICATION = 'verification',

  /** The status page, with the metrics. */
  EXPORTER = 'exporter',

  /** Alert rules and dashboard. */
  ALERTS = 'alerts',

  /** The rules that clean up buckets. */
  LIFECYCLE = 'lifecycle',

  /** The policies of IAM. */
  POLICIES = 'policies',

  /** What to do in an emergency. */
  RUNBOOK = 'runbook',
}

/** What is promised, and how it is kept. A plan says it for all of its data, and each of them may say otherwise. */
export interface ProtectionOptions {
  /**
   * Recovery point objective: the most that may be lost. From it follow the schedule and the deadlines: at least 17 minutes.
   *
   * @default - nothing is promised; then either `onDemand` or `backup.schedule` must be given
   */
  readonly rpo?: Duration;

  /**
   * Recovery time objective: the longest that a restore may take. It is checked where there is an `estimate`; without one there is a warning.
   *
   * @default - nothing is promised
   */
  readonly rto?: Duration;

  /**
   * How long a restore takes, as the drills have measured it.
   *
   * @default - unknown
   */
  readonly estimate?: RestoreEstimate;

  /**
   * For which losses `rpo` and `rto` are promised.
   *
   * @default [RecoveryScenario.CORRUPTION]
   */
  readonly scenarios?: RecoveryScenario[];

  /**
   * From when there is anything to see of damage until somebody acts. A backup from before that must still be kept.
   *
   * @default Duration.days(3), a long weekend
   */
  readonly noticedWithin?: Duration;

  /**
   * Back up only when somebody asks for it. Excludes `rpo` and `rto`.
   *
   * @default false
   */
  readonly onDemand?: boolean;

  /**
   * How long backups are kept.
   *
   * @default Retention.FOREVER
   */
  readonly retention?: Retention;

  /**
   * To whom backups are encrypted.
   *
   * @default - nobody: artifacts are stored as they are
   */
  readonly encryption?: Encryption;

  /**
   * With what encrypted backups are opened, for restores and drills in the cluster.
   *
   * @default - none; drills of encrypted backups need it
   */
  readonly decryption?: Decryption;

  /**
   * What uses the data: stopped while they are restored.
   *
   * @default - nothing is stopped
   */
  readonly application?: RestoreWorkload[];

  /**
   * Asked after a restore, until it answers with a status of 2xx.
   *
   * @default - nothing is asked
   */
  readonly healthUrl?: string;

  /**
   * When the restore is rehearsed.
   *
   * @default - every night, three hours after the hour of the backup; where that is on demand, on the first of each month
   */
  readonly drillSchedule?: Cron;

  /**
   * More about the backup. What is given here counts instead of what would follow from the plan.
   *
   * @default - what follows from the plan
   */
  readonly backup?: BackupCronJobOptions;

  /**
   * More about the restore, in the same way.
   *
   * @default - what follows from the plan
   */
  readonly restore?: RestoreJobOptions;

  /**
   * More about the drill, in the same way: say what has to be there in terms of your own tables and keys, with `assertions` or `keys`.
   *
   * @default - what follows from the plan
   */
  readonly drill?: RestoreDrillOptions;
}

/** One database of a plan. */
export interface ProtectedData extends ProtectionOptions {
  /** The database, or a set of them that are backed up in one run. */
  readonly source: BackupSource;
}

/** Properties of `RecoveryPlan`. */
export interface RecoveryPlanProps extends ProtectionOptions {
  /**
   * The data, by names that begin those of all that is made for them: `db` makes `db-backup`, `db-restore` and `db-drill`. Give either this or
   * `source`.
   *
   * @default - none: `source` must be given
   */
  readonly data?: { [name: string]: ProtectedData };

  /**
   * The only database. What is made for it is named after the plan.
   *
   * @default - none: `data` must be given
   */
  readonly source?: BackupSource;

  /** Where backups are kept: at least one store. With several, a copy that is bad in one is replaced from another. */
  readonly stores: BackupStore[];

  /**
   * Where the cluster is. The loss of a zone or of a region can't be promised without.
   *
   * @default - unknown
   */
  readonly cluster?: ClusterLocation;

  /**
   * More about the exporter.
   *
   * @default - what follows from the plan
   */
  readonly exporter?: BackupExporterOptions;

  /**
   * More about the alerts, such as `ruleLabels` and `runbookUrl`.
   *
   * @default - what follows from the plan
   */
  readonly alerts?: BackupAlertRulesOptions;

  /**
   * More about the bucket and its rules. For plans with one bucket.
   *
   * @default - what follows from the plan
   */
  readonly lifecycle?: LifecycleForBackupsOptions;

  /**
   * More about the runbook, such as `contacts` and `url`. Alerts and the status page lead to that `url`, unless their own `runbookUrl` says otherwise.
   *
   * @default - what follows from the plan, as `NAME.runbook.md` and `NAME.runbook.html`
   */
  readonly runbook?: RecoveryRunbookProps;

  /**
   * What is left out, because you define it yourself or don't want it. Backups can't be.
   *
   * @default - nothing
   */
  readonly without?: RecoveryPlanPart[];
}
