import { Duration } from 'cdk8s';
import { checkNotABackup } from './not-a-backup';
import { RestoreJobProps } from './restore-job-props';
import { RestorePoint } from './restore-point';
import { WorkloadConfig } from '../../contract/config';
import { parseKey } from '../../contract/layout';
import { checkBackupName } from '../core/backup-name';
import { show, wholeSeconds } from '../core/check';
import { checkJobName } from '../core/job-name';
import { BackupSource } from '../engines/backup-source';
import { checkBackoffLimit } from '../pod/cron-job-settings';
import { checkStores } from '../pod/runner-pod';
import { BackupStore } from '../stores/backup-store';

/** What is restored, to where, and how: checked, with the defaults and what is taken over from the backup. */
export interface RestoreSettings {
  readonly baseName: string;
  readonly target: BackupSource;
  readonly stores: readonly BackupStore[];
  readonly backupName: string;
  readonly point: RestorePoint;
  readonly labels: { [key: string]: string };
  readonly deadlineSeconds: number;
  readonly backoffLimit: number;
  readonly workloads: readonly WorkloadConfig[];
}

/** @param namespace of the job, if its chart has one */
export function checkRestoreProps(id: string, props: RestoreJobProps, namespace: string | undefined): RestoreSettings {
  const baseName = checkJobName('cronJobName', id, props.cronJobName);
  const given = props.backup?._restorable;
  const target = props.target ?? given?.source ?? missing('target', 'BackupSource.postgres, redis or sqlite');
  const stores = props.stores ?? given?.stores ?? missing('stores', 'where the backups are');
  checkStores(stores);
  const backupName = checkBackupName(props.backupName, props.backup?.backupName ?? target._backupName);
  const point = checkPoint(props.restorePoint ?? RestorePoint.LATEST, backupName);
  const labels = props.labels ?? { component: 'restore' };
  checkNotABackup(labels, props.backup?._labels);
  const deadlineSeconds = wholeSeconds('activeDeadline', props.activeDeadline ?? Duration.hours(6), 60, 'a pod needs some time to start');
  const backoffLimit = checkBackoffLimit(props.backoffLimit);
  const workloads = checkWorkloads((props.workloads ?? []).map(workload => workload._toConfig(namespace)));
  return { baseName, target, stores, backupName, point, labels, deadlineSeconds, backoffLimit, workloads };
}

function missing(property: 'target' | 'stores', what: string): never {
  throw new Error(`'${property}' is missing: give 'backup', the BackupCronJob that is to be restored, or ${property === 'target' ? 'the database to restore to' : 'the stores'}: ${what}`);
}

function checkPoint(point: RestorePoint, backupName: string): RestorePoint {
  const name = parseKey(point._backup)?.name;
  if (name !== undefined && name !== backupName) {
    throw new Error(`'restorePoint' must be a backup of ${show(backupName)}, got ${show(point._backup)}: name one of those, or set 'backupName'`);
  }
  return point;
}

function checkWorkloads(workloads: readonly WorkloadConfig[]): readonly WorkloadConfig[] {
  const names = workloads.map(({ kind, name }) => `${kind} ${name}`);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new Error(`'workloads' has ${show(twice)} twice: drop one of them`);
  return workloads;
}
