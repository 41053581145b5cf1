/*
 * What is made for one database of a plan: from what is promised for it to the props of a backup, a restore and a drill.
 */
import { Duration } from 'cdk8s';
import { Construct } from 'constructs';
import { Cadence, cadenceFor, TimeOfDay } from './cadence';
import { ProtectedData, RecoveryPlanPart } from './recovery-plan-props';
import { BackupCronJob } from '../backup/backup-cron-job';
import { BackupVerifyOptions } from '../backup/backup-verify-options';
import { show } from '../core/check';
import { defined } from '../core/defined';
import { warn } from '../core/warnings';
import { RestoreDrill } from '../drill/restore-drill';
import { contentsOf } from '../engines/engines';
import { ClusterLocation, RecoveryObjectives } from '../recovery/recovery-objectives';
import { RestoreJob } from '../restore/restore-job';
import { missingRights } from '../stores/access';
import { BackupStore } from '../stores/backup-store';

/** What is the same for all data of a plan. */
export interface PlanFrame {
  readonly stores: BackupStore[];
  readonly cluster?: ClusterLocation;
  /** What the schedules are spread by, beside the name of the data: where the plan is. */
  readonly place: string;
  has(part: RecoveryPlanPart): boolean;
}

/** What was made for one database. */
export interface ProtectedParts {
  readonly name: string;
  readonly data: ProtectedData;
  readonly backup: BackupCronJob;
  readonly restore: RestoreJob | undefined;
  /** More than one for a set, none for what no scratch server can hold. */
  readonly drills: readonly RestoreDrill[];
}

/** Of restores and drills. */
const DEFAULT_DEADLINE = Duration.hours(6);

const HOURS_TO_DRILL = 3;
const HOURS_TO_VERIFICATION = 6;

/** @param name what the names of all that is made begin with */
export function protect(scope: Construct, name: string, backupName: string, data: ProtectedData, frame: PlanFrame): ProtectedParts {
  const time = new TimeOfDay(`${frame.place} ${name}`);
  const backup = new BackupCronJob(scope, `${name}-backup`, {
    source: data.source,
    stores: frame.stores,
    backupName,
    ...timingOf(name, data, time),
    retention: data.retention,
    encryption: data.encryption,
    verify: frame.has(RecoveryPlanPart.VERIFICATION) ? verification(time, frame.stores) : undefined,
    ...defined(data.backup ?? {}),
    objectives: objectivesOf(data, frame.cluster),
  });
  const restore = frame.has(RecoveryPlanPart.RESTORES) ? new RestoreJob(scope, `${name}-restore`, {
    backup,
    decryption: data.decryption,
    workloads: data.application,
    healthUrl: data.healthUrl,
    ...deadlineFor(data.rto),
    ...defined(data.restore ?? {}),
  }) : undefined;
  const drills = frame.has(RecoveryPlanPart.DRILLS) ? rehearse(scope, name, backup, data, time) : [];
  if (data.rto && !data.estimate && !data.backup?.objectives?.restore) warn(scope, notMeasured(name, data.rto, drills));
  return { name, data, backup, restore, drills };
}

/** Where somebody has said when, that is checked against the RPO, and nothing is chosen. */
function timingOf(name: string, { rpo, onDemand, backup = {} }: ProtectedData, time: TimeOfDay): Partial<Cadence> & { readonly onDemand?: boolean } {
  if (onDemand || backup.schedule || backup.onDemand) return { onDemand };
  if (rpo === undefined) throw new Error(`'rpo' of ${show(name)} is missing: say how much may be lost, as in Duration.hours(27), or set 'onDemand' for a backup that is only started by hand`);
  return cadenceFor(rpo, time, backup);
}

function verification(time: TimeOfDay, stores: readonly BackupStore[]): BackupVerifyOptions {
  const why = '';
  const mayReplace = missingRights(stores, {}, [{ right: 'put', why, wayOut: '' }, { right: 'delete', why, wayOut: '' }]).length === 0;
  return { schedule: time.nightly(HOURS_TO_VERIFICATION, { weekDay: '0' }), repair: stores.length > 1 && mayReplace };
}

/** What is promised, with what is said about it in `backup.objectives`. */
function objectivesOf(data: ProtectedData, cluster: ClusterLocation | undefined): RecoveryObjectives | undefined {
  const { rpo, rto, estimate, scenarios = [], noticedWithin, backup: { objectives } = {} } = data;
  if (rpo === undefined && rto === undefined) return objectives;
  const restore = objectives?.restore ?? estimate;
  if (rpo === undefined && restore === undefined) return objectives;
  return {
    rpo,
    ...restore ? { rto, restore } : {},
    ...Object.fromEntries(scenarios.map(scenario => [scenario, {}])),
    ...cluster ? { cluster } : {},
    ...noticedWithin ? { humanDelay: noticedWithin } : {},
    ...objectives,
  };
}

function rehearse(scope: Construct, name: string, backup: BackupCronJob, data: ProtectedData, time: TimeOfDay): RestoreDrill[] {
  const contents = contentsOf(backup._config.source);
  if ('noDatabase' in contents) return [];
  const monthly = data.onDemand ?? data.backup?.onDemand ?? false;
  const drill = (id: string, member?: string) => new RestoreDrill(scope, id, {
    backup,
    member,
    schedule: data.drillSchedule ?? time.nightly(HOURS_TO_DRILL, monthly ? { day: '1' } : {}),
    decryption: data.decryption,
    ...deadlineFor(data.rto),
    ...defined(data.drill ?? {}),
  });
  if ('database' in contents) return [drill(`${name}-drill`)];
  return Object.keys(contents.members).map(member => drill(`${name}-${member}-drill`, member));
}

/** Half as much again as is promised, so that one that is too slow ends, and tells how slow it was; no less than by default. */
function deadlineFor(rto: Duration | undefined): { readonly activeDeadline?: Duration } {
  const seconds = Math.ceil((rto?.toSeconds() ?? 0) * 1.5);
  return seconds > DEFAULT_DEADLINE.toSeconds() ? { activeDeadline: Duration.seconds(seconds) } : {};
}

function notMeasured(name: string, rto: Duration, drills: readonly RestoreDrill[]): string {
  const measures = drills.length === 0 ? 'run a drill' : `run the drill ${drills.map(({ cronJobName }) => cronJobName).join(', ')}`;
  return `the 'rto' of ${name}, ${rto.toHumanString()}, is not checked: nobody has measured a restore; ${measures}, then set 'estimate' to what "cdk8s-backup drills" shows`;
}
