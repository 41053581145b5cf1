/*
 * A lifecycle document as it was given, checked for its shape (rules 1 to 12, 21, 23 and 24 of the table), and what of it the other
 * checks need. It may be anything: users bring documents that were written by hand.
 */
import { show } from './_check';
import { error, Finding, warning } from './_lifecycle-findings';

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

type Json = { readonly [key: string]: any };

const PROPERTIES = [
  'ID', 'Status', 'Filter', 'Prefix', 'Transitions', 'Expiration', 'NoncurrentVersionTransitions', 'NoncurrentVersionExpiration', 'AbortIncompleteMultipartUpload',
];
const ACTIONS = PROPERTIES.slice(4);
const CONDITIONS = ['Prefix', 'Tag', 'ObjectSizeGreaterThan', 'ObjectSizeLessThan', 'And'];
const DAY_MS = 86_400_000;

/** Reads a document; a rule with a wrong shape is reported and left out. */
export function readDocument(document: unknown, maxRules: number): { readonly rules: readonly ModelRule[]; readonly findings: readonly Finding[] } {
  const given = (document as Json | undefined)?.Rules as unknown;
  if (!Array.isArray(given) || given.length === 0) {
    return { rules: [], findings: [error(1, `there must be at least one rule in "Rules", got ${show(given)}: S3 takes no empty configuration, to remove one use "aws s3api delete-bucket-lifecycle"`)] };
  }
  const findings: Finding[] = [];
  const others = Object.keys(document as Json).filter(key => key !== 'Rules');
  if (others.includes('TransitionDefaultMinimumObjectSize')) {
    findings.push(error(25, 'TransitionDefaultMinimumObjectSize is a header of the request and no part of the document: set \'transitionDefaultMinimumObjectSize\''));
  } else if (others.length > 0) {
    findings.push(error(4, `the document must have "Rules" only, got ${show(others)} too`));
  }
  if (given.length > maxRules) findings.push(error(1, `there may be ${maxRules} rules in a bucket, got ${given.length}: join rules that differ in their prefix only`));
  const rules = given.map((rule, i) => {
    const shape = new Shape(rule as Json, i);
    const read = shape.read();
    findings.push(...shape.findings);
    return shape.findings.some(({ level }) => level === 'error') ? undefined : read;
  }).filter(rule => rule !== undefined);
  const ids = given.map(rule => (rule as Json).ID as unknown).filter(id => id !== undefined);
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice !== undefined) findings.push(error(2, `the ID ${show(twice)} must be unique: S3 refuses a second rule of that name`));
  return { rules, findings };
}

/** One rule while it is read. */
class Shape {
  public readonly findings: Finding[] = [];
  private readonly name: string;

  constructor(private readonly rule: Json, index: number) {
    this.name = `rule ${rule.ID === undefined ? index + 1 : show(rule.ID)}`;
  }

  public read(): ModelRule {
    const { rule, name } = this;
    const unknown = Object.keys(rule).filter(key => !PROPERTIES.includes(key));
    if (unknown.length > 0) this.error(4, `has ${show(unknown)}, which S3 does not know`);
    if (rule.ID !== undefined && (typeof rule.ID !== 'string' || rule.ID.length > 255)) this.error(2, `must have an ID of up to 255 characters, got ${String(rule.ID).length}`);
    if (rule.Status !== 'Enabled' && rule.Status !== 'Disabled') this.error(3, `must have the Status "Enabled" or "Disabled", got ${show(rule.Status)}`);
    const filter = this.filter();
    if (!ACTIONS.some(action => rule[action] !== undefined && !(Array.isArray(rule[action]) && rule[action].length === 0))) {
      this.error(8, 'must do something: give it a transition, an expiration or an abort of unfinished uploads');
    }
    const transitions = this.moves('Transitions');
    const noncurrentTransitions = this.moves('NoncurrentVersionTransitions');
    const expiration = this.expiration();
    const noncurrentExpiration = this.noncurrentExpiration();
    const deleteMarkers = rule.Expiration?.ExpiredObjectDeleteMarker === true;
    if (deleteMarkers && (filter.hasTags || filter.hasSizes)) {
      this.error(24, 'can\'t choose delete markers by tags or sizes, which they don\'t have: give ExpiredObjectDeleteMarker a rule of its own');
    }
    const abortDays = rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation as number | undefined;
    if (rule.AbortIncompleteMultipartUpload !== undefined) {
      if (!isDays(abortDays, 1)) this.error(23, `must have AbortIncompleteMultipartUpload with DaysAfterInitiation of at least 1, got ${show(abortDays)}`);
      if (filter.hasTags || filter.hasSizes) {
        this.error(23, 'can\'t choose unfinished uploads by tags or sizes, which they don\'t have: give AbortIncompleteMultipartUpload a rule of its own');
      }
    }
    return {
      id: rule.ID ?? '', name, enabled: rule.Status === 'Enabled', ...filter, transitions, expiration, deleteMarkers, noncurrentTransitions, noncurrentExpiration, abortDays,
    };
  }

  private filter(): Pick<ModelRule, 'filter' | 'prefix' | 'hasTags' | 'hasSizes' | 'largerThan'> {
    const { Filter: filter, Prefix: base } = this.rule as { readonly Filter?: Json; readonly Prefix?: unknown };
    if (filter === undefined) {
      this.error(4, `must have a Filter, which may be {}${base === undefined ? '' : `: write "Filter": {"Prefix": ${show(base)}} for the old "Prefix"`}`);
    } else if (base !== undefined) {
      this.error(5, `has ${show(base)} as a Prefix of its own beside its Filter: move it into the Filter`);
    }
    const keys = Object.keys(filter ?? {});
    if (keys.length > 1) this.error(4, `must have at most one condition in its Filter, got ${show(keys)}: put them into "And"`);
    const unknown = keys.filter(key => !CONDITIONS.includes(key));
    if (unknown.length > 0) this.error(4, `has ${show(unknown)} in its Filter, which S3 does not know`);
    const conditions = (filter?.And ?? filter ?? {}) as Json;
    const tags = (conditions.Tags ?? (conditions.Tag ? [conditions.Tag] : [])) as readonly { readonly Key: string; readonly Value: string }[];
    const names = tags.map(({ Key }) => Key);
    const twice = names.find((key, i) => names.indexOf(key) !== i);
    if (twice !== undefined) this.error(6, `has the tag ${show(twice)} twice in its Filter: an object has it once`);
    const { ObjectSizeGreaterThan: larger, ObjectSizeLessThan: smaller, Prefix: prefix = '' } = conditions;
    if (larger !== undefined && smaller !== undefined && smaller <= larger) {
      this.error(7, `must have an ObjectSizeLessThan over its ObjectSizeGreaterThan, got ${smaller} and ${larger}: no object is both`);
    }
    this.checkPrefix(`${prefix}`);
    const shown = [`prefix=${prefix}`, ...names.map(name => `tag=${name}`), ...larger === undefined ? [] : [`larger than ${larger}`], ...smaller === undefined ? [] : [`smaller than ${smaller}`]];
    return {
      filter: `(${shown.join(', ')})`, prefix: `${prefix}`, hasTags: tags.length > 0, hasSizes: larger !== undefined || smaller !== undefined, largerThan: larger,
    };
  }

  private checkPrefix(prefix: string): void {
    if (prefix.startsWith('/')) this.error(30, `must have a prefix without a slash in front, got ${show(prefix)}: no object's name begins with one`);
    if (/[*?]/.test(prefix)) this.error(30, `must have a prefix without wildcards, got ${show(prefix)}: S3 reads them as they are; names that begin so are meant anyway`);
  }

  private expiration(): When | undefined {
    const expiration = this.rule.Expiration as Json | undefined;
    if (expiration === undefined) return undefined;
    const keys = Object.keys(expiration);
    if (keys.length !== 1 || !['Days', 'Date', 'ExpiredObjectDeleteMarker'].includes(keys[0])) {
      this.error(9, `must have exactly one of Days, Date and ExpiredObjectDeleteMarker in its Expiration, got ${show(keys)}: split the rule in two`);
      return undefined;
    }
    const { Days: days, Date: date } = expiration;
    if (date !== undefined) return this.date('Expiration', date);
    if (days === undefined) return undefined;
    if (!isDays(days, 1)) this.error(10, `must have an Expiration of a whole number of Days, at least 1, got ${show(days)}`);
    return { unit: 'Days', day: days };
  }

  private noncurrentExpiration(): When | undefined {
    const expiration = this.rule.NoncurrentVersionExpiration as Json | undefined;
    if (expiration === undefined) return undefined;
    const { NoncurrentDays: days, NewerNoncurrentVersions: newer } = expiration;
    if (!isDays(days, 1)) this.error(21, `must have a NoncurrentVersionExpiration with NoncurrentDays of at least 1, got ${show(days)}`);
    this.checkNewer(newer);
    return { unit: 'NoncurrentDays', day: days };
  }

  private checkNewer(newer: unknown): void {
    if (newer === undefined) return;
    if (!Number.isInteger(newer) || (newer as number) < 1 || (newer as number) > 100) {
      this.error(21, `must have NewerNoncurrentVersions from 1 to 100, got ${show(newer)}`);
    }
    if (this.rule.Filter === undefined) this.error(21, 'must have a Filter beside NewerNoncurrentVersions: {} will do');
  }

  private moves(property: 'Transitions' | 'NoncurrentVersionTransitions'): readonly Move[] {
    const unit = property === 'Transitions' ? 'Days' : 'NoncurrentDays';
    const rule = property === 'Transitions' ? 12 : 22;
    return ((this.rule[property] ?? []) as readonly Json[]).map(move => {
      const { StorageClass: storageClass, Date: date, NewerNoncurrentVersions: newer } = move;
      const days = move[unit];
      if (typeof storageClass !== 'string') this.error(rule, `must have a StorageClass in each of its ${property}, got ${show(storageClass)}`);
      if ((days === undefined) === (unit === 'NoncurrentDays' || date === undefined)) {
        this.error(rule, `must have ${unit === 'Days' ? 'exactly one of Days and Date' : unit} in each of its ${property}, got ${show(move)}`);
      } else if (date !== undefined) {
        return { ...this.date('transition', date), storageClass };
      } else if (!isDays(days, 0)) {
        this.error(rule, `must have ${property} with a whole number of ${unit}, at least 0, got ${show(days)}`);
      }
      this.checkNewer(newer);
      return { unit, day: days, storageClass };
    });
  }

  private date(what: string, text: unknown): When {
    const time = typeof text === 'string' ? Date.parse(text) : NaN;
    if (Number.isNaN(time) || time % DAY_MS !== 0) this.error(11, `must have a Date at midnight UTC, got ${show(text)}`);
    this.findings.push(warning(11, `${this.name}: a Date does not end anything: from then on the ${what} acts on each new object at once, for ever; give days`));
    return { unit: 'Date', day: time / DAY_MS };
  }

  private error(rule: number, text: string): void {
    this.findings.push(error(rule, `${this.name} ${text}`));
  }
}

function isDays(value: unknown, least: number): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= 2_147_483_647;
}
