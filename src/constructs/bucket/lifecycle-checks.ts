/*
 * All checks of a lifecycle document that need nothing but the document, the provider and the bucket.
 */
import { error, LifecycleFinding, warning } from './lifecycle-findings';
import { ModelRule, readDocument } from './lifecycle-model';
import { checkMoves } from './lifecycle-moves';
import { Profile } from './lifecycle-profiles';
import * as messages from './messages';

/** What is known about the bucket. */
export interface BucketFacts {
  readonly profile: Profile;
  /** Whether the bucket keeps old versions. */
  readonly versioned: boolean;
  readonly mfaDelete: boolean;
  /** How long Object Lock holds each version by default. */
  readonly objectLockDays: number | undefined;
  /** Value of the header, if one is sent. */
  readonly minimumSize: string | undefined;
}

export interface Checked {
  readonly rules: readonly ModelRule[];
  readonly findings: readonly LifecycleFinding[];
}

export function checkDocument(document: unknown, bucket: BucketFacts): Checked {
  const { profile } = bucket;
  const { rules, findings } = readDocument(document, profile.maxRules);
  const enabled = rules.filter(rule => rule.enabled);
  return {
    rules,
    findings: [
      ...findings,
      ...rules.flatMap(rule => [...checkMoves(rule, profile), ...checkCapabilities(rule, profile)]),
      ...findings.some(({ level }) => level === 'error') ? [] : checkMissing(enabled, bucket),
      ...checkBucket(enabled, bucket),
    ],
  };
}

function checkCapabilities(rule: ModelRule, profile: Profile): LifecycleFinding[] {
  const findings: LifecycleFinding[] = [];
  const versions = ['noncurrent versions'].filter(() => rule.noncurrentExpiration || rule.noncurrentTransitions.length > 0);
  if (rule.deleteMarkers) versions.push('delete markers');
  if (!profile.versions && versions.length > 0) findings.push(error('oldVersions', messages.noVersionsThere(rule, versions, profile)));
  if (profile.title === 'Ceph RGW' && rule.hasSizes) findings.push(warning('filter', messages.dropsSizes(rule)));
  if (profile.abort === 'ignored' && rule.abortDays !== undefined) {
    const actions = [rule.expiration, rule.noncurrentExpiration, ...rule.transitions, ...rule.noncurrentTransitions];
    const alone = !rule.deleteMarkers && actions.every(action => !action);
    findings.push(alone
      ? error('unfinishedUploads', messages.refusesAbort(rule, profile))
      : warning('unfinishedUploads', messages.ignoresAbort(rule, profile)));
  }
  return findings;
}

/** What no rule says, although one should. */
function checkMissing(enabled: readonly ModelRule[], { profile, versioned }: BucketFacts): LifecycleFinding[] {
  const findings: LifecycleFinding[] = [];
  if (profile.abort === 'taken' && !enabled.some(({ abortDays }) => abortDays !== undefined)) {
    findings.push(warning('unfinishedUploads', messages.NO_ABORT));
  }
  const expires = enabled.some(({ expiration }) => expiration);
  if (expires && versioned && profile.versions && !enabled.some(({ noncurrentExpiration }) => noncurrentExpiration)) {
    findings.push(warning('versionsAreFreed', messages.NOTHING_FREED));
  }
  return findings;
}

function checkBucket(enabled: readonly ModelRule[], { profile, mfaDelete, objectLockDays, minimumSize }: BucketFacts): LifecycleFinding[] {
  const findings: LifecycleFinding[] = [];
  if (minimumSize !== undefined && !profile.smallObjectsStay) findings.push(error('minimumSizeHeader', messages.unknownHeader(minimumSize, profile)));
  if (mfaDelete) findings.push(error('mfaDelete', messages.MFA_DELETE));
  if (objectLockDays !== undefined) {
    for (const rule of enabled) {
      const early = [rule.expiration, rule.noncurrentExpiration].find(when => when && when.unit !== 'Date' && when.day < objectLockDays);
      if (early) findings.push(warning('objectLock', messages.deletesWhatLockHolds(rule, early.day, objectLockDays)));
    }
  }
  return findings;
}
