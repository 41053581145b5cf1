/*
 * A lifecycle document as it was given, and what of it the other checks need. It may be anything: users bring documents that were
 * written by hand. Its shape is checked by the schema that the runner has too; what S3 refuses beyond that is checked here.
 */
import { error, LifecycleFinding, warning } from './lifecycle-findings';
import { LifecycleConditions, LifecycleDocumentRule, LifecycleTag } from '../../contract/lifecycle';
import { LifecycleFault, lifecycleFaults } from '../../contract/lifecycle-schema';
import { show } from '../core/check';

/** When a transition or an expiry happens. */
export interface When {
  readonly unit: 'Days' | 'Date' | 'NoncurrentDays';
  /** Days of age, or days since 1970. */
  readonly day: number;
}

export interface Move extends When {
  readonly storageClass: string;
}

/** A rule of the document whose shape is right. */
export interface ModelRule {
  readonly id: string;
  /** How messages call it. */
  readonly name: string;
  /** How messages of S3 call its filter. */
  readonly filter: string;
  readonly enabled: boolean;
  readonly prefix: string;
  readonly hasTags: boolean;
  readonly hasSizes: boolean;
  readonly largerThan: number | undefined;
  readonly transitions: readonly Move[];
  readonly expiration: When | undefined;
  readonly deleteMarkers: boolean;
  readonly noncurrentTransitions: readonly Move[];
  readonly noncurrentExpiration: When | undefined;
  readonly abortDays: number | undefined;
}

const DAY_MS = 86_400_000;

/** Reads a document; a rule with a wrong shape is reported and left out. */
export function readDocument(
  document: unknown, maxRules: number,
): { readonly rules: readonly ModelRule[]; readonly findings: readonly LifecycleFinding[] } {
  const faults = lifecycleFaults(document);
  const findings = faults.map(fault => findingOf(fault, document));
  const given = (document as { readonly Rules?: unknown } | null | undefined)?.Rules;
  if (!Array.isArray(given)) return { rules: [], findings };
  if (given.length > maxRules) findings.push(error('ruleCount', `there may be ${maxRules} rules in a bucket, got ${given.length}: join rules that differ in their prefix only`));
  const ids = new Set<unknown>();
  const twice = given.map(idOf).find(id => id !== undefined && ids.size === ids.add(id).size);
  if (twice !== undefined) findings.push(error('uniqueIds', `the ID ${show(twice)} must be unique: S3 refuses a second rule of that name`));
  const wrong = new Set(faults.map(({ path }) => path[1]));
  const rules = given.flatMap((rule: LifecycleDocumentRule, i) => wrong.has(i) ? [] : [modelOf(rule, nameOf(rule, i), findings)]);
  return { rules, findings };
}

function findingOf({ rule, path: [first, index, ...inside], message }: LifecycleFault, document: unknown): LifecycleFinding {
  if (first === 'TransitionDefaultMinimumObjectSize') {
    return error('minimumSizeHeader', `${first} is a header of the request and no part of the document: set 'transitionDefaultMinimumObjectSize'`);
  }
  if (typeof index !== 'number') return error(rule, `${first === undefined ? 'the document' : `${first} of the document`} ${message}`);
  const name = nameOf((document as { readonly Rules: readonly unknown[] }).Rules[index], index);
  const place = inside.map((part, i) => typeof part === 'number' ? `[${part + 1}]` : i === 0 ? part : `.${part}`).join('');
  return error(rule, `${name}${place === '' ? '' : `: ${place}`} ${message}`);
}

function idOf(rule: unknown): unknown {
  return (rule as { readonly ID?: unknown } | null)?.ID;
}

function nameOf(rule: unknown, index: number): string {
  const id = idOf(rule);
  return `rule ${typeof id === 'string' && id.length <= 255 ? show(id) : index + 1}`;
}

function modelOf(rule: LifecycleDocumentRule, name: string, findings: LifecycleFinding[]): ModelRule {
  const date = (what: string, text: string): When => {
    findings.push(warning('midnight', `${name}: a Date does not end anything: from then on the ${what} acts on each new object at once, for ever; give days`));
    return { unit: 'Date', day: Date.parse(text) / DAY_MS };
  };
  const { Transitions: transitions = [], NoncurrentVersionTransitions: noncurrentTransitions = [] } = rule;
  const { Expiration: expiration, NoncurrentVersionExpiration: noncurrent } = rule;
  const model: ModelRule = {
    id: rule.ID ?? '',
    name,
    enabled: rule.Status === 'Enabled',
    ...filterOf(rule),
    transitions: transitions.map(({ Days: day, Date: text, StorageClass: storageClass }) =>
      ({ ...text === undefined ? { unit: 'Days', day: day! } as const : date('transition', text), storageClass })),
    expiration: expiration?.Date !== undefined ? date('Expiration', expiration.Date) : expiration?.Days === undefined ? undefined : { unit: 'Days', day: expiration.Days },
    deleteMarkers: expiration?.ExpiredObjectDeleteMarker === true,
    noncurrentTransitions: noncurrentTransitions.map(({ NoncurrentDays: day, StorageClass: storageClass }) => ({ unit: 'NoncurrentDays', day, storageClass })),
    noncurrentExpiration: noncurrent && { unit: 'NoncurrentDays', day: noncurrent.NoncurrentDays },
    abortDays: rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation,
  };
  findings.push(...checkPrefix(model), ...checkChoice(model));
  return model;
}

function filterOf({ Filter: filter }: LifecycleDocumentRule): Pick<ModelRule, 'filter' | 'prefix' | 'hasTags' | 'hasSizes' | 'largerThan'> {
  const conditions: LifecycleConditions & { readonly Tags?: readonly LifecycleTag[] } = filter.And ?? { ...filter, Tags: filter.Tag && [filter.Tag] };
  const { ObjectSizeGreaterThan: larger, ObjectSizeLessThan: smaller, Prefix: prefix = '', Tags: tags = [] } = conditions;
  const shown = [`prefix=${prefix}`, ...tags.map(({ Key }) => `tag=${Key}`), ...larger === undefined ? [] : [`larger than ${larger}`], ...smaller === undefined ? [] : [`smaller than ${smaller}`]];
  return { filter: `(${shown.join(', ')})`, prefix, hasTags: tags.length > 0, hasSizes: larger !== undefined || smaller !== undefined, largerThan: larger };
}

function checkPrefix({ name, prefix }: ModelRule): LifecycleFinding[] {
  const findings: LifecycleFinding[] = [];
  if (prefix.startsWith('/')) findings.push(error('prefix', `${name} must have a prefix without a slash in front, got ${show(prefix)}: no object's name begins with one`));
  if (/[*?]/.test(prefix)) findings.push(error('prefix', `${name} must have a prefix without wildcards, got ${show(prefix)}: S3 reads them as they are; names that begin so are meant anyway`));
  return findings;
}

function checkChoice({ name, hasTags, hasSizes, deleteMarkers, abortDays }: ModelRule): LifecycleFinding[] {
  if (!hasTags && !hasSizes) return [];
  const findings: LifecycleFinding[] = [];
  if (deleteMarkers) findings.push(error('deleteMarkers', `${name} can't choose delete markers by tags or sizes, which they don't have: give ExpiredObjectDeleteMarker a rule of its own`));
  if (abortDays !== undefined) findings.push(error('unfinishedUploads', `${name} can't choose unfinished uploads by tags or sizes, which they don't have: give AbortIncompleteMultipartUpload a rule of its own`));
  return findings;
}
