import { LIFECYCLE_ID_PREFIX } from '../../contract/lifecycle';
import { formatDay } from '../core/format';

/** A rule of a document, of the SDK or of a service, each of which says the same in its own way. */
export type AnyRule = Readonly<Record<string, any>>;

/** What a bucket has, or is to have. */
export interface Configuration {
  readonly rules: readonly AnyRule[];
  /** `null`: the service has no such header, or it is not to be sent. */
  readonly minimumSize: string | null;
}

export interface Difference {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  readonly unchanged: readonly string[];
  /** Rules of the bucket that are not ours. */
  readonly others: readonly string[];
  readonly minimumSize: { readonly from: string; readonly to: string } | null;
  readonly isEmpty: boolean;
}

const DEFAULT_MINIMUM_SIZE = 'all_storage_classes_128K';

/** Whether this program may change or remove the rule. */
export function isOurs(rule: AnyRule): boolean {
  return `${rule.ID ?? ''}`.startsWith(LIFECYCLE_ID_PREFIX);
}

/** What separates the present rules from the wanted ones. Rules that are not ours are a matter of their own. */
export function difference(present: Configuration, wanted: Configuration): Difference {
  const before = new Map(present.rules.filter(isOurs).map(rule => [`${rule.ID}`, text(rule)]));
  const after = new Map(wanted.rules.filter(isOurs).map(rule => [`${rule.ID}`, text(rule)]));
  const ids = [...after.keys()];
  // Without the header AWS takes its default, so a request for nothing is one for that.
  const [from, to] = [present.minimumSize ?? DEFAULT_MINIMUM_SIZE, wanted.minimumSize ?? DEFAULT_MINIMUM_SIZE];
  const result = {
    added: ids.filter(id => !before.has(id)),
    changed: ids.filter(id => before.has(id) && before.get(id) !== after.get(id)),
    removed: [...before.keys()].filter(id => !after.has(id)),
    unchanged: ids.filter(id => before.get(id) === after.get(id)),
    others: present.rules.filter(rule => !isOurs(rule)).map(rule => `${rule.ID ?? '(without an ID)'}`),
    minimumSize: from === to ? null : { from, to },
  };
  return { ...result, isEmpty: result.added.length + result.changed.length + result.removed.length === 0 && result.minimumSize === null };
}

/** Whether two sets of rules say the same. */
export function sameRules(one: readonly AnyRule[], other: readonly AnyRule[]): boolean {
  const sorted = (rules: readonly AnyRule[]) => rules.map(text).sort().join('\n');
  return sorted(one) === sorted(other);
}

/** One line for each rule: what goes, comes, stays, and what is not ours. */
export function showDifference(diff: Difference, present: Configuration, wanted: Configuration): string[] {
  const rule = (configuration: Configuration, id: string) => configuration.rules.find(({ ID }) => ID === id)!;
  return [
    ...diff.removed.map(id => `- ${id}  ${text(rule(present, id))}`),
    ...diff.changed.flatMap(id => [`- ${id}  ${text(rule(present, id))}`, `+ ${id}  ${text(rule(wanted, id))}`]),
    ...diff.added.map(id => `+ ${id}  ${text(rule(wanted, id))}`),
    ...diff.unchanged.map(id => `  ${id}`),
    ...diff.others.map(id => `! ${id}  not ours`),
    ...diff.minimumSize ? [`- transition-default-minimum-object-size ${diff.minimumSize.from}`, `+ transition-default-minimum-object-size ${diff.minimumSize.to}`] : [],
  ];
}

/** One rule in one form: services write filters, lists and dates in different ways. */
function text(rule: AnyRule): string {
  const filter = rule.Filter ?? {};
  const conditions = filter.And ?? filter;
  const tags: readonly AnyRule[] = conditions.Tags ?? (conditions.Tag ? [conditions.Tag] : []);
  return JSON.stringify({
    status: rule.Status,
    prefix: conditions.Prefix || rule.Prefix || undefined,
    tags: tags.length === 0 ? undefined : Object.fromEntries(tags.map(tag => [tag.Key, tag.Value] as const).sort(([a], [b]) => a < b ? -1 : 1)),
    largerThan: conditions.ObjectSizeGreaterThan || undefined,
    smallerThan: conditions.ObjectSizeLessThan || undefined,
    transitions: list(rule.Transitions, move => [at(move), move.StorageClass]),
    expiration: rule.Expiration?.ExpiredObjectDeleteMarker ? 'delete markers' : at(rule.Expiration ?? {}),
    noncurrentTransitions: list(rule.NoncurrentVersionTransitions, move => [move.NoncurrentDays, move.StorageClass, move.NewerNoncurrentVersions]),
    noncurrentExpiration: list(
      rule.NoncurrentVersionExpiration && [rule.NoncurrentVersionExpiration],
      ({ NoncurrentDays: days, NewerNoncurrentVersions: newer }) => [days, newer],
    ),
    abortUploads: rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation || undefined,
  });
}

function list(values: readonly AnyRule[] | undefined, show: (value: AnyRule) => readonly unknown[]): readonly string[] | undefined {
  const shown = (values ?? []).map(value => show(value).filter(part => part !== undefined).join(' ')).sort();
  return shown.length === 0 ? undefined : shown;
}

function at({ Days: days, Date: date }: AnyRule): string | undefined {
  if (date !== undefined) return formatDay(new Date(date));
  return days === undefined ? undefined : `day ${days}`;
}
