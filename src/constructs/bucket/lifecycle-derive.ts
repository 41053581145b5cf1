/*
 * The rules that follow from what the backups say about themselves.
 */
import { Duration, Size } from 'cdk8s';
import { BackupInBucket, daysToKeep } from './backup-in-bucket';
import { BucketFacts } from './lifecycle-checks';
import { PROFILES } from './lifecycle-profiles';
import { days } from './lifecycle-render';
import { LifecycleRule, LifecycleTransition } from './lifecycle-rule';
import { keepsForever } from '../../contract/config';
import { show } from '../core/check';
import { factsOf } from '../recovery/retrieval-times';

export interface DeriveOptions {
  readonly expire: boolean;
  readonly transitions: LifecycleTransition[];
}

const DAY = 86_400;

/**
 * Rules for the objects of each backup and for nothing else in the bucket.
 *
 * Nothing is deleted for its age unless that is asked for: the runner deletes, and knows how many good backups there are.
 */
export function deriveRules(backups: readonly BackupInBucket[], bucket: BucketFacts, options: DeriveOptions): LifecycleRule[] {
  if (options.expire) refuseIdleExpire(backups);
  const ids = new Map<string, number>();
  const rules = backups.flatMap(backup => {
    const count = (ids.get(backup.name) ?? 0) + 1;
    ids.set(backup.name, count);
    return rulesOf(backup, count === 1 ? backup.name : `${backup.name}-${count}`, bucket, options);
  });
  if (rules.length === 0) {
    throw new Error(`nothing follows from ${backups.map(({ title }) => title).join(', ')} for ${bucket.profile.title}: leave the lifecycle out, or set 'expire'${bucket.profile === PROFILES.unknown ? ', or name the \'provider\'' : ''}`);
  }
  return rules;
}

function rulesOf(backup: BackupInBucket, id: string, bucket: BucketFacts, { expire, transitions }: DeriveOptions): LifecycleRule[] {
  const { profile, versioned, objectLockDays = 0 } = bucket;
  const { prefix } = backup;
  const versions = versioned && profile.versions;
  const noticeDays = Math.ceil(backup.noticeSeconds / DAY);
  const main: LifecycleRule = {
    id,
    prefix,
    ...expire ? expiration(backup, transitions) : {},
    ...versions ? { noncurrentVersionExpiration: Duration.days(Math.max(noticeDays, objectLockDays, Math.ceil(backup.lockSeconds / DAY))) } : {},
    ...profile.abort === 'taken' ? { abortIncompleteMultipartUploadAfter: Duration.days(Math.ceil(backup.deadlineSeconds / DAY) + 1) } : {},
  };
  return [
    ...Object.keys(main).length > 2 ? [main] : [],
    ...versions ? [{ id: `${id}.delete-markers`, prefix, expiredObjectDeleteMarker: true }] : [],
    // Records, checksums and markers stay: a restore begins with them.
    ...transitions.length > 0 ? [{ id: `${id}.transitions`, prefix, objectSizeGreaterThan: Size.kibibytes(128), transitions }] : [],
  ];
}

function refuseIdleExpire(backups: readonly BackupInBucket[]): void {
  if (!backups.every(({ retention }) => keepsForever(retention))) return;
  throw new Error(`'expire' has nothing to do, since 'retention' of ${backups.map(({ title }) => title).join(', ')} keeps everything: set 'retention' there, or drop 'expire'`);
}

function expiration(backup: BackupInBucket, transitions: readonly LifecycleTransition[]): Pick<LifecycleRule, 'expiration'> {
  const kept = daysToKeep(backup);
  if (kept === Infinity || kept === undefined) return {};
  const billed = transitions.map(({ transitionAfter, storageClass }) => {
    if (!transitionAfter) throw new Error(`'transitions' must have 'transitionAfter', got ${show(storageClass.name)} without: a date says nothing about the age of a backup`);
    return days('transitionAfter', transitionAfter) + Math.max(1, factsOf(storageClass.name).minimumDays);
  });
  return { expiration: Duration.days(Math.max(kept, ...billed)) };
}
