/*
 * A lifecycle document that passes, for the message about one that does not.
 */
import { BucketFacts, checkDocument } from './lifecycle-checks';
import { LifecycleDocumentRule } from '../../contract/lifecycle';
import { jsonText } from '../core/synth-file';
import { factsOf } from '../recovery/retrieval-times';

/** Cheap, and read at once: a restore never waits. */
const CLASS = 'GLACIER_IR';
const TRANSITION_DAY = 30;

/** Says the same in a way that passes; `undefined` if there is none. */
export function repair(document: unknown, bucket: BucketFacts): string | undefined {
  const given = (document as { readonly Rules?: readonly any[] } | undefined)?.Rules;
  if (!Array.isArray(given) || bucket.mfaDelete) return undefined;
  const prefixes = [...new Set(given.map(rule => rule?.Filter?.Prefix ?? rule?.Filter?.And?.Prefix ?? rule?.Prefix)
    .map(prefix => typeof prefix === 'string' ? prefix.replace(/^\/+|[*?].*$/g, '') : ''))];
  const fixed = { Rules: prefixes.flatMap((prefix, i) => rulesFor(prefix, prefixes.length === 1 ? '' : `-${i + 1}`, given, bucket)) };
  const { findings } = checkDocument(fixed, { ...bucket, minimumSize: undefined });
  return findings.length === 0 ? jsonText(fixed) : undefined;
}

function rulesFor(prefix: string, suffix: string, given: readonly any[], { profile, versioned }: BucketFacts): LifecycleDocumentRule[] {
  const moves = given.some(rule => rule?.Transitions?.length > 0) && profile.classes?.includes(CLASS);
  const days = Math.max(0, ...given.map(rule => rule?.Expiration?.Days).filter(Number.isInteger));
  const expiry = days < 1 ? undefined : moves ? Math.max(days, TRANSITION_DAY + factsOf(CLASS).minimumDays) : days;
  const base = { Status: 'Enabled' as const, Filter: { Prefix: prefix } };
  const versions = versioned && profile.versions;
  const rule: LifecycleDocumentRule = {
    ID: `cdk8s-backup.dumps${suffix}`,
    ...base,
    ...moves ? { Transitions: [{ Days: TRANSITION_DAY, StorageClass: CLASS }] } : {},
    ...expiry === undefined ? {} : { Expiration: { Days: expiry } },
    ...versions ? { NoncurrentVersionExpiration: { NoncurrentDays: 30 } } : {},
    ...profile.abort === 'taken' ? { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 3 } } : {},
  };
  return [rule, ...versions ? [{ ID: `cdk8s-backup.delete-markers${suffix}`, ...base, Expiration: { ExpiredObjectDeleteMarker: true } }] : []];
}
