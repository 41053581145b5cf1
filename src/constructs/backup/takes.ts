import { BackupCronJob } from './backup-cron-job';
import { Takes } from '../core/form';
import { instance } from '../core/takes';

export const BACKUP: Takes<BackupCronJob> = instance(BackupCronJob, 'a BackupCronJob', 'new BackupCronJob(chart, \'db-backup\', { … })');
