/*
 * The shape of a lifecycle document, as the S3 API documents it: checked at synth, and by the runner before it sends one.
 *
 * What depends on the provider, or compares rules and storage classes, is checked at synth only: the service has the last word.
 */

import { LifecycleConditions } from './lifecycle';
import { LifecycleErrorRule } from './lifecycle-rules';

type Path = readonly (string | number)[];

/** What is wrong at one place of the document. */
export interface LifecycleFault {
  readonly rule: LifecycleErrorRule;
  /** As in `['Rules', 0, 'Filter', 'Prefix']`. */
  readonly path: Path;
  /** Goes on after the path: `must be …`. */
  readonly message: string;
}

type Check = (value: unknown, path: Path, faults: LifecycleFault[]) => void;
type Fields = { readonly [name: string]: unknown };

/** More are not looked for. */
const MAX_FAULTS = 100;
const MAX_DAYS = 2_147_483_647;
const SHOWN_CHARS = 80;

const TEXT_ENCODER = new TextEncoder();

/** All that is wrong, in the order of the document; nothing: it can be sent. */
export function lifecycleFaults(document: unknown): LifecycleFault[] {
  const faults: LifecycleFault[] = [];
  DOCUMENT(document, [], faults);
  return faults.slice(0, MAX_FAULTS);
}

const days = (rule: LifecycleErrorRule, least: number) => wholeNumber(rule, least, MAX_DAYS);
const newerVersions = wholeNumber('oldVersions', 1, 100);

const TAG = object('tags', { Key: text('tags', 1, 128), Value: text('tags', 0, 256) }, ['Key', 'Value']);

const CONDITIONS = {
  Prefix: prefix,
  ObjectSizeGreaterThan: wholeNumber('sizes', 0, Number.MAX_SAFE_INTEGER),
  ObjectSizeLessThan: wholeNumber('sizes', 1, Number.MAX_SAFE_INTEGER),
};

const AND = all(object('filter', { ...CONDITIONS, Tags: all(list('tags', TAG), uniqueTags) }, []), twoConditions, possibleSizes);

const RULE = all(object('filter', {
  ID: text('uniqueIds', 0, 255),
  Prefix: oldPrefix,
  Status: oneOf('status', ['Enabled', 'Disabled']),
  Filter: all(object('filter', { ...CONDITIONS, Tag: TAG, And: AND }, []), oneCondition),
  Transitions: list('knownClass', all(object('knownClass', { Days: days('knownClass', 0), Date: midnight, StorageClass: text('knownClass', 1, 255) }, ['StorageClass']), exactlyOne('knownClass', ['Days', 'Date']))),
  Expiration: all(object('oneExpiration', { Days: days('expirationDay', 1), Date: midnight, ExpiredObjectDeleteMarker: flag }, []), exactlyOne('oneExpiration', ['Days', 'Date', 'ExpiredObjectDeleteMarker'])),
  NoncurrentVersionTransitions: list('oldVersionMoves', object('oldVersionMoves', { NoncurrentDays: days('oldVersionMoves', 0), NewerNoncurrentVersions: newerVersions, StorageClass: text('oldVersionMoves', 1, 255) }, ['NoncurrentDays', 'StorageClass'])),
  NoncurrentVersionExpiration: object('oldVersions', { NoncurrentDays: days('oldVersions', 1), NewerNoncurrentVersions: newerVersions }, ['NoncurrentDays']),
  AbortIncompleteMultipartUpload: object('unfinishedUploads', { DaysAfterInitiation: days('unfinishedUploads', 1) }, ['DaysAfterInitiation']),
}, ['Status', 'Filter']), anAction);

const DOCUMENT = object('filter', { Rules: all(list('ruleCount', RULE), atLeastOneRule) }, ['Rules']);

/** Each is only asked where those before it found nothing. */
function all(...checks: readonly Check[]): Check {
  return (value, path, faults) => {
    const before = faults.length;
    for (const check of checks) if (faults.length === before) check(value, path, faults);
  };
}

function object(rule: LifecycleErrorRule, fields: { readonly [name: string]: Check }, required: readonly string[]): Check {
  return (value, path, faults) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      faults.push({ rule, path, message: `must be an object, got ${shown(value)}` });
      return;
    }
    const names = namesIn(value);
    for (const name of names.filter(each => !Object.hasOwn(fields, each))) {
      if (faults.length > MAX_FAULTS) return;
      faults.push({ rule: 'filter', path: [...path, name.slice(0, SHOWN_CHARS)], message: `is nothing that S3 knows: here it knows ${Object.keys(fields).filter(each => fields[each] !== oldPrefix).join(', ')}` });
    }
    for (const name of required.filter(each => !names.includes(each))) {
      const filter = name === 'Filter' ? ', and may be {}' : '';
      faults.push({ rule: name === 'Status' ? 'status' : rule, path: [...path, name], message: `is missing${filter}` });
    }
    for (const [name, check] of Object.entries(fields)) if (names.includes(name)) check((value as Fields)[name], [...path, name], faults);
  };
}

function list(rule: LifecycleErrorRule, element: Check): Check {
  return (value, path, faults) => {
    if (!Array.isArray(value)) {
      faults.push({ rule, path, message: `must be a list, got ${shown(value)}` });
      return;
    }
    for (const [i, each] of value.entries()) {
      if (faults.length > MAX_FAULTS) return;
      element(each, [...path, i], faults);
    }
  };
}

function text(rule: LifecycleErrorRule, least: number, most: number): Check {
  return (value, path, faults) => {
    if (typeof value !== 'string') {
      faults.push({ rule, path, message: `must be text, got ${shown(value)}` });
    } else if (value.length < least || value.length > most) {
      faults.push({ rule, path, message: `must have ${least === 0 ? 'up' : `${least}`} to ${most} characters, got ${value.length}` });
    } else if (!isXml(value)) {
      faults.push({ rule, path, message: 'must not have control characters, which S3 can\'t be told' });
    }
  };
}

function prefix(value: unknown, path: Path, faults: LifecycleFault[]): void {
  const before = faults.length;
  text('filter', 0, 1024)(value, path, faults);
  if (faults.length > before) return;
  const bytes = TEXT_ENCODER.encode(value as string).length;
  if (bytes > 1024) faults.push({ rule: 'filter', path, message: `must have up to 1024 bytes, as the names of objects, got ${bytes}` });
}

function oldPrefix(value: unknown, path: Path, faults: LifecycleFault[]): void {
  faults.push({ rule: 'prefixInFilter', path, message: `is the old form, which no Filter may be beside: write "Filter": {"Prefix": ${shown(value)}}` });
}

function wholeNumber(rule: LifecycleErrorRule, least: number, most: number): Check {
  return (value, path, faults) => {
    if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return;
    const range = most === 100 ? `from ${least} to ${most}` : `of at least ${least}`;
    faults.push({ rule, path, message: `must be a whole number ${range}, got ${shown(value)}` });
  };
}

function oneOf(rule: LifecycleErrorRule, values: readonly string[]): Check {
  return (value, path, faults) => {
    if (!values.includes(value as string)) faults.push({ rule, path, message: `must be ${values.map(each => JSON.stringify(each)).join(' or ')}, got ${shown(value)}` });
  };
}

function flag(value: unknown, path: Path, faults: LifecycleFault[]): void {
  if (value !== true) faults.push({ rule: 'oneExpiration', path, message: `must be true, got ${shown(value)}: leave it out where it is not` });
}

/** As S3 has it: another time of the day is refused, and a day without a time is the one of wherever the program runs. */
function midnight(value: unknown, path: Path, faults: LifecycleFault[]): void {
  const day = typeof value === 'string' ? /^(\d{4}-\d{2}-\d{2})T00:00:00(\.0+)?Z$/.exec(value)?.[1] : undefined;
  const time = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== day) {
    faults.push({ rule: 'midnight', path, message: `must be midnight UTC of a day, as in "2027-01-31T00:00:00Z", got ${shown(value)}` });
  }
}

function exactlyOne(rule: LifecycleErrorRule, names: readonly string[]): Check {
  return (value, path, faults) => {
    const given = namesIn(value).filter(name => names.includes(name));
    const listed = `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`;
    if (given.length !== 1) faults.push({ rule, path, message: `must have exactly one of ${listed}, got ${JSON.stringify(given)}${given.length === 0 ? '' : ': split the rule in two'}` });
  };
}

function oneCondition(value: unknown, path: Path, faults: LifecycleFault[]): void {
  const names = namesIn(value);
  if (names.length > 1) faults.push({ rule: 'filter', path, message: `must have at most one condition, got ${JSON.stringify(names)}: put them into "And"` });
}

function twoConditions(value: unknown, path: Path, faults: LifecycleFault[]): void {
  const { Tags: tags = [], ...others } = value as { readonly Tags?: readonly unknown[] };
  const count = namesIn(others).length + tags.length;
  if (count < 2) faults.push({ rule: 'filter', path, message: `must have two conditions or more, got ${count}: write a single one into the Filter itself` });
}

function possibleSizes(value: unknown, path: Path, faults: LifecycleFault[]): void {
  const { ObjectSizeGreaterThan: larger = -1, ObjectSizeLessThan: smaller = Infinity } = value as LifecycleConditions;
  if (smaller > larger) return;
  faults.push({ rule: 'sizes', path, message: `must have an ObjectSizeLessThan over its ObjectSizeGreaterThan, got ${smaller} and ${larger}: no object is both` });
}

function uniqueTags(value: unknown, path: Path, faults: LifecycleFault[]): void {
  const keys = (value as readonly { readonly Key: string }[]).map(({ Key }) => Key);
  if (keys.length > 10) {
    faults.push({ rule: 'tags', path, message: `must have up to 10 tags, got ${keys.length}: no object has more` });
    return;
  }
  const twice = keys.find((key, i) => keys.indexOf(key) !== i);
  if (twice !== undefined) faults.push({ rule: 'tags', path, message: `has the tag ${shown(twice)} twice: an object has it once` });
}

const ACTIONS = ['Transitions', 'Expiration', 'NoncurrentVersionTransitions', 'NoncurrentVersionExpiration', 'AbortIncompleteMultipartUpload'];

function anAction(value: unknown, path: Path, faults: LifecycleFault[]): void {
  const actions = namesIn(value).filter(name => ACTIONS.includes(name)).map(name => (value as Fields)[name]);
  if (actions.some(action => !Array.isArray(action) || action.length > 0)) return;
  faults.push({ rule: 'action', path, message: 'must do something: give it a transition, an expiration or an abort of unfinished uploads' });
}

function atLeastOneRule(value: unknown, path: Path, faults: LifecycleFault[]): void {
  if ((value as readonly unknown[]).length > 0) return;
  faults.push({ rule: 'ruleCount', path, message: 'must have at least one rule, got []: S3 takes no empty configuration, to remove one use "aws s3api delete-bucket-lifecycle"' });
}

function namesIn(value: unknown): string[] {
  return Object.entries(value as Fields).flatMap(([name, each]) => each === undefined ? [] : [name]);
}

/** Whether XML has a way to write it. */
function isXml(value: string): boolean {
  return !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Cs}/u.test(value);
}

/** Lists and objects are not followed: they may be nested deeper than a program can. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? '[]' : '[…]';
  if (typeof value === 'object' && value !== null) return '{…}';
  const json = JSON.stringify(value) ?? 'nothing';
  return json.length > SHOWN_CHARS ? `${json.slice(0, SHOWN_CHARS)}…` : json;
}
