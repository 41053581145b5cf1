/*
 * Typed rules as the document that S3 takes. What the types can't refuse is left to the checks of the document.
 */
import { Duration, Size } from 'cdk8s';
import { LifecycleRule } from './lifecycle-rule';
import { LIFECYCLE_ID_PREFIX, LifecycleConditions, LifecycleDocument, LifecycleDocumentRule, LifecycleFilter } from '../../contract/lifecycle';
import { checkText, show } from '../core/check';
import { defined } from '../core/defined';

export function renderRules(rules: readonly LifecycleRule[]): LifecycleDocument {
  return { Rules: rules.map(renderRule) };
}

function renderRule(rule: LifecycleRule): LifecycleDocumentRule {
  checkText('id', rule.id);
  const { expiration, expirationDate, expiredObjectDeleteMarker, transitions = [], noncurrentVersionTransitions: oldMoves = [] } = rule;
  const { noncurrentVersionExpiration: oldExpiration, noncurrentVersionsToRetain: retain, abortIncompleteMultipartUploadAfter: abort } = rule;
  if (retain !== undefined && oldExpiration === undefined) {
    throw new Error(`'noncurrentVersionsToRetain' of the rule ${show(rule.id)} needs 'noncurrentVersionExpiration', got ${retain} alone: without it all old versions stay`);
  }
  const expires = expiration ?? expirationDate ?? expiredObjectDeleteMarker;
  return defined({
    ID: rule.id.startsWith(LIFECYCLE_ID_PREFIX) ? rule.id : `${LIFECYCLE_ID_PREFIX}${rule.id}`,
    Status: rule.enabled ?? true ? 'Enabled' : 'Disabled',
    Filter: renderFilter(rule),
    Transitions: transitions.length === 0 ? undefined : transitions.map(({ storageClass, transitionAfter: after, transitionDate: date }) => defined({
      Days: after && days('transitionAfter', after), Date: date?.toISOString(), StorageClass: storageClass.name,
    })),
    Expiration: expires === undefined || expires === false ? undefined : defined({
      Days: expiration && days('expiration', expiration),
      Date: expirationDate?.toISOString(),
      ExpiredObjectDeleteMarker: expiredObjectDeleteMarker || undefined,
    }),
    NoncurrentVersionTransitions: oldMoves.length === 0 ? undefined : oldMoves.map(move => defined({
      NoncurrentDays: days('transitionAfter', move.transitionAfter),
      NewerNoncurrentVersions: move.noncurrentVersionsToRetain,
      StorageClass: move.storageClass.name,
    })),
    NoncurrentVersionExpiration: oldExpiration && defined({ NoncurrentDays: days('noncurrentVersionExpiration', oldExpiration), NewerNoncurrentVersions: retain }),
    AbortIncompleteMultipartUpload: abort && { DaysAfterInitiation: days('abortIncompleteMultipartUploadAfter', abort) },
  });
}

function renderFilter({ prefix, tagFilters = {}, objectSizeGreaterThan, objectSizeLessThan }: LifecycleRule): LifecycleFilter {
  const conditions: LifecycleConditions = defined({
    Prefix: prefix === '' ? undefined : prefix,
    ObjectSizeGreaterThan: objectSizeGreaterThan && bytes(objectSizeGreaterThan),
    ObjectSizeLessThan: objectSizeLessThan && bytes(objectSizeLessThan),
  });
  const pairs = Object.entries(tagFilters).map(([Key, Value]) => ({ Key, Value }));
  const count = Object.keys(conditions).length + pairs.length;
  if (count > 1) return { And: { ...conditions, ...pairs.length === 0 ? {} : { Tags: pairs } } };
  return pairs.length === 1 ? { Tag: pairs[0] } : count === 0 ? { Prefix: '' } : conditions;
}

export function days(property: string, value: Duration): number {
  const amount = value.toDays({ integral: false });
  if (!Number.isInteger(amount)) throw new Error(`'${property}' must be whole days, got ${value.toHumanString()}: S3 counts in days, from midnight UTC`);
  return amount;
}

function bytes(size: Size): number {
  return size.toKibibytes() * 1024;
}
