import { AnyRule } from './diff';
import { openBucket } from './open';
import { S3StoreConfig } from '../../contract/config';
import { keyPrefix } from '../../contract/layout';
import { messageOf } from '../core/errors';
import { formatDay } from '../core/format';
import { StoredObject } from '../store-api/store';

/*
 * What a bucket's own lifecycle deletes. It knows no pins, no holds and no floor: S3 has no filter for "all but these".
 */

/** What a store deletes by itself. */
export interface Expiries {
  readonly store: S3StoreConfig;
  /** `null`: the rules can't be read, and nobody knows. */
  readonly rules: readonly AnyRule[] | null;
  /** Why they can't be read. */
  readonly reason?: string;
}

/** A deletion that the bucket's lifecycle will make. */
export interface Deletion {
  readonly rule: string;
  readonly at: Date;
}

const DAY_MS = 86_400_000;

/** The rules that delete backups of `name` for their age. */
export async function readExpiries(store: S3StoreConfig, name: string, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Expiries> {
  try {
    const { rules } = await openBucket(store, env).read(signal);
    return { store, rules: rules.filter(rule => deletes(rule) && actsOn(rule, fullKey(store, keyPrefix(name)))) };
  } catch (error) {
    signal.throwIfAborted();
    return { store, rules: null, reason: messageOf(error) };
  }
}

/** The first deletion of one of the objects; `undefined`: none is ever deleted. S3 acts at the midnight after, or up to a day later. */
export function firstDeletion(store: S3StoreConfig, objects: readonly StoredObject[], rules: readonly AnyRule[]): Deletion | undefined {
  const all = objects.flatMap(object => rules
    .filter(rule => chooses(rule, fullKey(store, object.key), object.bytes))
    .map(rule => ({ rule: idOf(rule), at: deletedAt(object, rule) })));
  return all.sort((a, b) => a.at.getTime() - b.at.getTime())[0];
}

/** Whether a rule acts on keys that begin with `prefix`. Rules for tags don't: no object of ours has any. */
export function actsOn(rule: AnyRule, prefix: string): boolean {
  const own = prefixOf(rule);
  return rule.Status === 'Enabled' && !hasTags(rule) && (prefix.startsWith(own) || own.startsWith(prefix));
}

export function idOf(rule: AnyRule): string {
  return JSON.stringify(rule.ID ?? 'without an ID');
}

/** When a rule deletes, in words. */
export function whenOf({ Expiration: { Days: days, Date: date } }: AnyRule): string {
  return date === undefined ? `after ${days} days` : `from ${formatDay(new Date(date as string))} on`;
}

function deletes({ Expiration: expiration }: AnyRule): boolean {
  return expiration?.Days !== undefined || expiration?.Date !== undefined;
}

function chooses(rule: AnyRule, key: string, bytes: number): boolean {
  const { ObjectSizeGreaterThan: larger, ObjectSizeLessThan: smaller } = conditionsOf(rule);
  return key.startsWith(prefixOf(rule)) && (!larger || bytes > larger) && (!smaller || bytes < smaller);
}

function conditionsOf(rule: AnyRule): AnyRule {
  return rule.Filter?.And ?? rule.Filter ?? {};
}

function prefixOf(rule: AnyRule): string {
  return `${conditionsOf(rule).Prefix ?? rule.Prefix ?? ''}`;
}

function hasTags(rule: AnyRule): boolean {
  const { Tag: tag, Tags: tags } = conditionsOf(rule);
  return Boolean(tag) || tags?.length > 0;
}

function fullKey({ prefix }: S3StoreConfig, key: string): string {
  return `${prefix === '' ? '' : `${prefix}/`}${key}`;
}

function deletedAt({ modifiedAt }: StoredObject, { Expiration: { Days: days, Date: date } }: AnyRule): Date {
  return date === undefined ? new Date((Math.ceil(modifiedAt.getTime() / DAY_MS) + days) * DAY_MS) : new Date(date as string);
}
