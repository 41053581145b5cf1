import { BackupCronJob } from './backup-cron-job';
import { Takes } from '../core/form';
import { instance } from '../core/takes';

export const BACKUP: Takes<BackupCronJob> = instance(BackupCronJob, 'a BackupCronJob', 'a BackupCronJob that the app defines');
