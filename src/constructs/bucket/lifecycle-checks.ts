/*
 * All checks of a lifecycle document that need nothing but the document, the provider and the bucket.
 */
import { error, Finding, warning } from './lifecycle-findings';
import { ModelRule, readDocument } from './lifecycle-model';
import { checkMoves } from './lifecycle-moves';
import { Profile } from './lifecycle-profiles';
import { show } from '../core/check';

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
  readonly findings: readonly Finding[];
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

function checkCapabilities(rule: ModelRule, profile: Profile): Finding[] {
  const findings: Finding[] = [];
  const versions = ['noncurrent versions'].filter(() => rule.noncurrentExpiration || rule.noncurrentTransitions.length > 0);
  if (rule.deleteMarkers) versions.push('delete markers');
  if (!profile.versions && versions.length > 0) {
    findings.push(error('oldVersions', `${rule.name} is about ${versions.join(' and ')}, which ${profile.title} does not have${profile.title === 'any provider' ? ' in common: name the \'provider\'' : ': leave them out'}`));
  }
  if (profile.title === 'Ceph RGW' && rule.hasSizes) {
    findings.push(warning('filter', `${rule.name} chooses by size, filter ${rule.filter}, and Ceph 16 drops sizes without a word, so that it acts on records and checksums too: "lifecycle apply" notices that and puts the earlier rules back; with another tool look at what is stored`));
  }
  const actions = [rule.expiration, rule.noncurrentExpiration, ...rule.transitions, ...rule.noncurrentTransitions];
  const alone = !rule.deleteMarkers && actions.every(action => !action);
  if (profile.abort === 'ignored' && rule.abortDays !== undefined) {
    findings.push(alone
      ? error('unfinishedUploads', `${rule.name} only discards unfinished uploads, and ${profile.title === 'any provider' ? 'MinIO' : profile.title} refuses such a rule (MalformedXML): leave it out, the server discards them after 24 hours by itself`)
      : warning('unfinishedUploads', `${rule.name} discards unfinished uploads, which ${profile.title === 'any provider' ? 'MinIO' : profile.title} reads over: the server discards them after 24 hours by itself`));
  }
  return findings;
}

/** What no rule says, although one should. */
function checkMissing(enabled: readonly ModelRule[], { profile, versioned }: BucketFacts): Finding[] {
  const findings: Finding[] = [];
  if (profile.abort === 'taken' && !enabled.some(({ abortDays }) => abortDays !== undefined)) {
    findings.push(warning('unfinishedUploads', 'no rule has AbortIncompleteMultipartUpload: the parts of uploads that were cut off stay for ever, invisible and billed'));
  }
  const expires = enabled.some(({ expiration }) => expiration);
  if (expires && versioned && profile.versions && !enabled.some(({ noncurrentExpiration }) => noncurrentExpiration)) {
    findings.push(warning('versionsAreFreed', 'no rule has NoncurrentVersionExpiration: in a versioned bucket an Expiration only hides objects, and nothing is ever freed'));
  }
  return findings;
}

function checkBucket(enabled: readonly ModelRule[], { profile, mfaDelete, objectLockDays, minimumSize }: BucketFacts): Finding[] {
  const findings: Finding[] = [];
  if (minimumSize !== undefined && !profile.smallObjectsStay) {
    findings.push(error('minimumSizeHeader', `'transitionDefaultMinimumObjectSize' is a header of AWS's, and ${profile.title} does not know it, got ${show(minimumSize)}: use 'objectSizeGreaterThan' in the rules`));
  }
  if (mfaDelete) findings.push(error('mfaDelete', 'a bucket with MFA delete takes no lifecycle configuration: drop one of the two'));
  if (objectLockDays !== undefined) {
    for (const { name, expiration, noncurrentExpiration } of enabled) {
      const early = [expiration, noncurrentExpiration].find(when => when && when.unit !== 'Date' && when.day < objectLockDays);
      if (early) findings.push(warning('objectLock', `${name} deletes after ${early.day} days what Object Lock holds for ${objectLockDays}: only a delete marker is set, and the bytes stay and are billed until then`));
    }
  }
  return findings;
}
