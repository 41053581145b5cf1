import { BackupCronJobProps } from './backup-cron-job-props';
import { checkAccess, missingRights } from '../stores/access';

/** Refuses credentials with which a job of the backup can't do what it does; what one only half does is returned, for a warning. */
export function checkRights({ stores, prune, verify }: BackupCronJobProps, pruneAfterBackup: boolean): string[] {
  checkAccess(stores, {}, [
    { right: 'put', why: 'the backup writes there', wayOut: 'give the store credentials of S3Access.BACKUP, and the others to the jobs that only read' },
    ...pruneAfterBackup ? [{ right: 'delete', why: 'each run is to prune at its end', wayOut: 'set \'prune\' with \'s3Credentials\' of S3Access.PRUNE, or drop the \'retention\'' } as const] : [],
  ]);
  if (prune) {
    checkAccess(stores, prune.s3Credentials ?? {}, [
      { right: 'delete', why: '\'prune\' deletes', wayOut: 'set \'prune.s3Credentials\' to some of S3Access.PRUNE' },
    ]);
  }
  if (!verify) return [];
  const given = verify.s3Credentials ?? {};
  const wayOut = `set 'verify.s3Credentials' to some of S3Access.${verify.repair ? 'FULL, or drop \'repair\'' : 'VERIFY'}`;
  checkAccess(stores, given, [
    { right: 'read', why: '\'verify\' reads', wayOut },
    ...verify.repair ? (['put', 'delete'] as const).map(right => ({ right, why: '\'verify.repair\' deletes damaged copies and writes good ones', wayOut })) : [],
  ]);
  return missingRights(stores, given, [{ right: 'note', why: 'the results of \'verify\' are not noted there: alerts and pruning don\'t know of them', wayOut }]);
}
