/*
 * How long backups are locked, against how long they are kept. Where a bucket has Object Lock it has versions: pruning hides what is still
 * locked, and its bytes are billed until the lock ends and a lifecycle rule removes old versions.
 */
import { S3StoreConfig } from '../../../contract/config';
import { show, showSeconds } from '../../core/check';
import { Kept, LockProblems } from '../../store-api/store-type';

export function checkObjectLock({ name, objectLock }: S3StoreConfig, kept: Kept): LockProblems {
  if (objectLock === null) return { errors: [], warnings: [] };
  const { mode, durationSeconds: seconds } = objectLock;
  const [locked, longest] = [showSeconds(seconds), showSeconds(kept.longest)];
  if (seconds > kept.longest) {
    const paid = `'objectLock' of store ${show(name)} locks each backup for ${locked}, and the 'retention' keeps none for longer than ${longest}: it is hidden then, and stays and is billed for ${showSeconds(seconds - kept.longest)} more`;
    return mode === 'COMPLIANCE'
      ? { errors: [`${paid}, which nobody can change once it is stored: shorten the lock, keep backups longer, or take S3ObjectLockMode.GOVERNANCE`], warnings: [] }
      : { errors: [], warnings: [`${paid}; shorten the lock, or keep backups longer`] };
  }
  if (kept.byAge === undefined || seconds >= kept.byAge) return { errors: [], warnings: [] };
  return {
    errors: [],
    warnings: [`'objectLock' of store ${show(name)} locks each backup for ${locked}, and the 'retention' keeps it for ${showSeconds(kept.byAge)}: for the last ${showSeconds(kept.byAge - seconds)} whoever may delete versions can delete it; lengthen the lock if that matters`],
  };
}
