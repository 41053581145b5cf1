export * from './backup-cron-job';
export * from './backup-cron-job-props';
export * from './backup-prune-options';
export * from './backup-verify-options';
