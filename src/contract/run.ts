/**
 * Environment variable that tells the pods of one Job from those of others: its uid. A pod that finds the mark of an earlier one of the
 * same Job goes on where that has ended. Absent outside of a Job.
 */
export const RUN_ENV = 'CDK8S_BACKUP_RUN';
