import { Chart } from 'cdk8s';
import { Construct } from 'constructs';
import { describePlan } from './description';
import { PLAN_FORM } from './plan-form';
import { PlanFrame, protect, ProtectedParts } from './protected-parts';
import { ProtectedData, ProtectionOptions, RecoveryPlanPart, RecoveryPlanProps } from './recovery-plan-props';
import { BackupAlertRules } from '../alerts/backup-alert-rules';
import { BackupCronJob } from '../backup/backup-cron-job';
import { BackupBucketLifecycle } from '../bucket/backup-bucket-lifecycle';
import { S3AccessPolicy } from '../bucket/s3-access-policy';
import { toCronJobName } from '../core/backup-name';
import { show } from '../core/check';
import { defined } from '../core/defined';
import { checkForm } from '../core/form';
import { located } from '../core/located';
import { RestoreDrill } from '../drill/restore-drill';
import { BackupExporter } from '../exporter/backup-exporter';
import { RestoreJob } from '../restore/restore-job';
import { RecoveryRunbook } from '../runbook/recovery-runbook';
import { BackupStore } from '../stores/backup-store';
import { S3Access } from '../stores/s3/s3-access';
import { isBucket } from '../stores/s3/store-type';

/**
 * From a promise to all that keeps it: backups whose schedules follow from the RPO, templates that restore them, drills that prove it every
 * night, verification, alerts with a dashboard, a status page, the rules and policies of the buckets, and a runbook for emergencies.
 *
 * Every part is a construct of this library and a child of the plan, by an id that stays the same: `db-backup`, `db-restore`, `db-drill`,
 * `exporter`, `alerts`, `lifecycle-STORE`, `policy-STORE-ACCESS`, `runbook`. Nothing in it deletes a backup unless a `retention` says so, and nothing restores
 * unless somebody starts it.
 */
export class RecoveryPlan extends Construct {
  /** The backups, in the order of the data. */
  public readonly backups: BackupCronJob[];

  /** The templates that restore. */
  public readonly restores: RestoreJob[];

  /** The drills. */
  public readonly drills: RestoreDrill[];

  /** The status page and the metrics, unless left out. */
  public readonly exporter?: BackupExporter;

  /** The alerts and the dashboard, unless left out. */
  public readonly alerts?: BackupAlertRules;

  /** The rules of each bucket, unless left out. */
  public readonly lifecycles: BackupBucketLifecycle[];

  /** The policies of each bucket, one for each role, unless left out. */
  public readonly policies: S3AccessPolicy[];

  /** What to do in an emergency, unless left out. */
  public readonly runbook?: RecoveryRunbook;

  private readonly parts: readonly ProtectedParts[];

  constructor(scope: Construct, id: string, props: RecoveryPlanProps) {
    super(scope, id);
    try {
      checkForm(props, PLAN_FORM);
      refuseIgnored(props);
      const { stores, without = [] } = props;
      const name = toCronJobName(id);
      const has = (part: RecoveryPlanPart) => !without.includes(part);
      const frame: PlanFrame = { stores, cluster: props.cluster, place: [Chart.of(this).namespace ?? '', name].join(' '), has };

      this.parts = dataOf(props, name).map(([own, data]) => protect(this, own, own === name ? name : `${name}-${own}`, data, frame));
      this.backups = this.parts.map(({ backup }) => backup);
      this.restores = this.parts.flatMap(({ restore }) => restore ?? []);
      this.drills = this.parts.flatMap(({ drills }) => drills);
      const { backups, restores, drills } = this;

      if (has(RecoveryPlanPart.EXPORTER)) {
        this.exporter = new BackupExporter(this, 'exporter', {
          exporterName: `${name}-backups`, runbookUrl: props.runbook?.url, ...defined(props.exporter ?? {}), backups, restores, drills,
        });
      }
      if (has(RecoveryPlanPart.ALERTS)) {
        this.alerts = new BackupAlertRules(this, 'alerts', {
          ruleName: `${name}-backup-alerts`, runnerMetrics: has(RecoveryPlanPart.EXPORTER), runbookUrl: props.runbook?.url, ...defined(props.alerts ?? {}), backups, drills,
        });
      }
      const buckets = stores.filter(store => isBucket(store._toConfig()));
      if (props.lifecycle && buckets.length !== 1) {
        throw new Error(`'lifecycle' is for plans with one bucket, got ${buckets.length}: leave it out of the plan, with 'without', and define one for each bucket`);
      }
      this.lifecycles = has(RecoveryPlanPart.LIFECYCLE)
        ? buckets.map(store => BackupBucketLifecycle.forBackups(this, `lifecycle-${store.storeName}`, backups, { store, ...defined(props.lifecycle ?? {}) })) : [];
      this.policies = has(RecoveryPlanPart.POLICIES) ? buckets.flatMap(store => this.policiesOf(name, store)) : [];
      if (has(RecoveryPlanPart.RUNBOOK)) {
        this.runbook = new RecoveryRunbook(this, 'runbook', { runbookName: `${name}.runbook`, title: `Recovery runbook of ${name}`, ...defined(props.runbook ?? {}) });
      }
    } catch (error) {
      throw located(this.node.path, error);
    }
  }

  /**
   * The backup of one database.
   *
   * @param name as in `data`; may be left out where there is only one.
   */
  public backup(name?: string): BackupCronJob {
    return this.part(name).backup;
  }

  /**
   * The template that restores one database.
   *
   * @param name as in `data`; may be left out where there is only one.
   */
  public restore(name?: string): RestoreJob {
    const { name: own, restore } = this.part(name);
    return restore ?? fail(`${this.node.path}: ${show(own)} has no restore: 'without' leaves them out`);
  }

  /**
   * The drill of one database; of a set, that of its first member.
   *
   * @param name as in `data`; may be left out where there is only one.
   */
  public drill(name?: string): RestoreDrill {
    const { name: own, drills: [drill] } = this.part(name);
    return drill ?? fail(`${this.node.path}: ${show(own)} has no drill: 'without' leaves them out, or it is no database`);
  }

  /** What the plan has made, a line each, and why. */
  public describe(): string {
    return describePlan(this.parts, this);
  }

  private part(name: string | undefined): ProtectedParts {
    const { parts } = this;
    const found = name === undefined && parts.length === 1 ? parts[0] : parts.find(part => part.name === name);
    return found ?? fail(`${this.node.path}: 'name' must be one of ${parts.map(part => show(part.name)).join(', ')}, got ${show(name)}`);
  }

  private policiesOf(name: string, store: BackupStore): S3AccessPolicy[] {
    const { backups } = this;
    return [S3Access.BACKUP, S3Access.READ, S3Access.VERIFY, S3Access.PRUNE].map(access =>
      new S3AccessPolicy(this, `policy-${store.storeName}-${access}`, { backups, store, access, fileName: `s3-policies/${name}.${store.storeName}.${access}.json` }));
  }
}

/** Properties, and what stands before their names. */
type Said = [where: string, given: { readonly [property: string]: unknown }];

/** By the property that is about it. */
const PART_OF: { readonly [property: string]: RecoveryPlanPart } = {
  restore: RecoveryPlanPart.RESTORES,
  drill: RecoveryPlanPart.DRILLS,
  drillSchedule: RecoveryPlanPart.DRILLS,
  exporter: RecoveryPlanPart.EXPORTER,
  alerts: RecoveryPlanPart.ALERTS,
  lifecycle: RecoveryPlanPart.LIFECYCLE,
  runbook: RecoveryPlanPart.RUNBOOK,
};

/** Refuses what is about a part that is left out, or about a promise that nobody makes. */
function refuseIgnored(props: RecoveryPlanProps): void {
  const { without = [], data = {} } = props;
  const all: Said[] = [['', { ...props }], ...Object.entries(data).map(([name, own]): Said => [`data.${name}.`, { ...own }])];
  for (const [where, given] of all) {
    const idle = Object.keys(PART_OF).find(property => given[property] !== undefined && without.includes(PART_OF[property]));
    if (idle !== undefined) throw new Error(`'${where}${idle}' is about ${show(PART_OF[idle])}, which 'without' leaves out: drop one of them`);
  }
  if (all.some(([, { rpo, rto }]) => rpo !== undefined || rto !== undefined)) return;
  for (const [where, given] of all) {
    const idle = ['scenarios', 'noticedWithin', 'cluster'].find(property => given[property] !== undefined);
    if (idle !== undefined) throw new Error(`'${where}${idle}' is about an 'rpo' or 'rto', and there is none: give one, or drop it`);
  }
}

/** The data by their names, each with what the plan says for all. */
function dataOf(props: RecoveryPlanProps, planName: string): [name: string, data: ProtectedData][] {
  const { data, source, stores, cluster, exporter, alerts, lifecycle, runbook, without, ...forAll } = props;
  if ((data === undefined) === (source === undefined)) {
    throw new Error(`give either 'data' or 'source', got ${data === undefined ? 'none' : 'both'}: 'source' is for a plan of one database`);
  }
  if (source !== undefined) return [[planName, { ...forAll, source }]];
  const all = Object.entries(data!);
  if (all.length === 0) throw new Error('\'data\' must have at least one database, got {}');
  return all.map(([name, own]) => {
    const { backup = {}, restore = {}, drill = {} } = own;
    return [name, {
      ...forOnDemand(own, forAll),
      ...defined(own),
      backup: { ...forAll.backup, ...defined(backup) },
      restore: { ...forAll.restore, ...defined(restore) },
      drill: { ...forAll.drill, ...defined(drill) },
    }];
  });
}

/** What is only there when somebody asks for it holds no objective of the plan. */
function forOnDemand({ onDemand }: ProtectedData, forAll: ProtectionOptions): ProtectionOptions {
  return onDemand ? { ...forAll, rpo: undefined, rto: undefined } : forAll;
}

function fail(message: string): never {
  throw new Error(message);
}
