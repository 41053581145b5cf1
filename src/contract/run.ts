/**
 * Environment variable that tells the pods of one Job from those of others: its uid. A pod that finds the mark of an earlier one of the
 * same Job goes on where that has ended. Absent outside of a Job.
 */
export const RUN_ENV = 'CDK8S_BACKUP_RUN';

/** Label of a ConfigMap that holds notes of restores. They are about one cluster at one time, and no backup has them. */
export const RESTORED_LABEL = 'cdk8s-backup/restored';
