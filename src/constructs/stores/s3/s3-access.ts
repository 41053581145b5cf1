/** What credentials may do with the backups in a bucket: one role for each kind of job. */
export enum S3Access {
  /** List and read: for restores and for the exporter. */
  READ = 'read',

  /** Read, and note beside the backups what was found: for scheduled verification and for drills. */
  VERIFY = 'verify',

  /** Read, and add: for backups. Nothing can be deleted; what is there can be written over, unless versioning or Object Lock keep it. */
  BACKUP = 'backup',

  /** Read and delete, and write the notes that pruning needs: for pruning, pins and holds. No backup can be added. */
  PRUNE = 'prune',

  /** All of the above in one identity: for a backup that prunes at its end, and for repairs. */
  FULL = 'full',

  /** Read and replace the lifecycle rules of the bucket, and nothing in it. */
  LIFECYCLE = 'lifecycle',
}
