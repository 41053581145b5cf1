import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { BackupCronJobProps } from './backup-cron-job-props';
import { FollowedBackup, FollowUpCronJob } from './follow-up-cron-job';
import { defined } from '../core/defined';

/** The CronJobs that work on what a backup has stored. */
export interface FollowUps {
  readonly verify?: FollowUpCronJob;
  readonly prune?: FollowUpCronJob;
}

/** Defines those that the props of the backup ask for. */
export function defineFollowUps(
  scope: Construct, { verify, prune }: BackupCronJobProps, backup: FollowedBackup, serviceAccount: kplus.IServiceAccount,
): FollowUps {
  return {
    verify: verify && new FollowUpCronJob(scope, 'Verify', {
      ...backup,
      // Who may write backups may read them; and who trusts this identity need not trust another one.
      serviceAccount: verify.s3Credentials ? undefined : serviceAccount,
      ...defined(verify),
      command: 'verify',
      args: ['--scheduled'],
    }),
    prune: prune && new FollowUpCronJob(scope, 'Prune', { ...backup, ...defined(prune), command: 'prune', args: [] }),
  };
}
