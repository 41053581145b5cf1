import { BackupCronJobProps } from './backup-cron-job-props';
import { BACKUP_FORM } from './backup-form';
import { keepsForever, RetentionConfig } from '../../contract/config';
import { checkBackupName } from '../core/backup-name';
import { checkLabels, checkWholeNumber } from '../core/check';
import { checkForm } from '../core/form';
import { checkJobName } from '../core/job-name';
import { checkCronJobProps, CronJobSettings } from '../pod/cron-job-settings';
import { Retention } from '../recovery/retention';

/** What the props of a backup say, checked, and with the defaults applied. */
export interface BackupSettings {
  readonly cronJobName: string;
  readonly backupName: string;
  readonly labels: { [key: string]: string };
  readonly job: CronJobSettings;
  readonly suspectBelowPercent: number;
  readonly retention: RetentionConfig;
  /** Whether each run prunes at its end. */
  readonly pruneAfterBackup: boolean;
  readonly verification: { readonly olderPercent: number; readonly repair: boolean };
}

export function checkBackupProps(id: string, props: BackupCronJobProps): BackupSettings {
  checkForm(props, BACKUP_FORM);
  const cronJobName = checkJobName('cronJobName', id, props.cronJobName);
  const backupName = checkBackupName(props.backupName, props.source._backupName);
  const job = checkCronJobProps(props);
  const suspectBelowPercent = checkWholeNumber('suspectBelowPercent', props.suspectBelowPercent ?? 50, 0, 100, '0 switches the check off');
  const labels = props.labels ?? { component: 'backup' };
  checkLabels('labels', labels);
  const retention = (props.retention ?? Retention.FOREVER)._toConfig();
  if (props.prune && keepsForever(retention)) {
    throw new Error('\'prune\' has nothing to do, since \'retention\' keeps everything: set \'retention\', or drop \'prune\'');
  }
  const olderPercent = checkWholeNumber('verify.olderPercent', props.verify?.olderPercent ?? 10, 0, 100, '0 reads the newest backup only');
  const repair = props.verify?.repair ?? false;
  if (repair && props.stores.length === 1) {
    throw new Error('\'verify.repair\' needs another store to copy from, got one in \'stores\': add a store, or drop \'repair\'');
  }
  const pruneAfterBackup = !keepsForever(retention) && !props.prune;
  return { cronJobName, backupName, labels, job, suspectBelowPercent, retention, pruneAfterBackup, verification: { olderPercent, repair } };
}
