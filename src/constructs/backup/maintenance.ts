import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { BackupCronJobProps } from './backup-cron-job-props';
import { MaintainedBackup, MaintenanceCronJob } from './maintenance-cron-job';
import { defined } from '../core/defined';

/** The CronJobs that work on what a backup has stored. */
export interface MaintenanceCronJobs {
  readonly verify?: MaintenanceCronJob;
  readonly prune?: MaintenanceCronJob;
}

/** Defines those that the props of the backup ask for. */
export function defineMaintenance(
  scope: Construct, { verify, prune }: BackupCronJobProps, backup: MaintainedBackup, serviceAccount: kplus.IServiceAccount,
): MaintenanceCronJobs {
  return {
    verify: verify && new MaintenanceCronJob(scope, 'Verify', {
      ...backup,
      // Who may write backups may read them; and who trusts this identity need not trust another one.
      serviceAccount: verify.s3Credentials ? undefined : serviceAccount,
      ...defined(verify),
      command: 'verify',
      args: ['--scheduled'],
    }),
    prune: prune && new MaintenanceCronJob(scope, 'Prune', { ...backup, ...defined(prune), command: 'prune', args: ['--scheduled'] }),
  };
}
