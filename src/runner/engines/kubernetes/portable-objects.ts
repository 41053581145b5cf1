import * as z from 'zod';
import { ExitCode } from '../../../contract/exit-code';
import { RESTORED_LABEL } from '../../../contract/run';
import { RunnerError } from '../../core/errors';
import { yaml } from '../../core/yaml';

/*
 * Secrets and ConfigMaps as they are backed up: without what belongs to the one cluster that they were read from.
 */

export const KINDS = ['ConfigMap', 'Secret'] as const;
export type Kind = typeof KINDS[number];

const texts = z.record(z.string(), z.string());

const schema = z.strictObject({
  apiVersion: z.literal('v1'),
  kind: z.enum(KINDS),
  metadata: z.strictObject({ name: z.string().min(1), namespace: z.string().min(1), labels: texts.optional(), annotations: texts.optional() }),
  type: z.string().optional(),
  immutable: z.boolean().optional(),
  data: texts.optional(),
  binaryData: texts.optional(),
});

export type PortableObject = z.infer<typeof schema>;

/** What the API answers, as far as it matters here. */
export interface StoredObject extends Omit<PortableObject, 'metadata' | 'kind' | 'apiVersion'> {
  readonly metadata: PortableObject['metadata'] & { readonly resourceVersion?: string };
}

/** A copy of all that `kubectl apply` had written: a second, older copy of the values. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** Types of Secrets that others make, and make again: a release of Helm, a token of a service account or of a node that joins. */
const MADE_BY_OTHERS = ['helm.sh/release.v1', 'kubernetes.io/service-account-token', 'bootstrap.kubernetes.io/token'];
/** The certificate of the cluster, which it puts into every namespace. */
const OWN_CONFIG_MAPS = ['kube-root-ca.crt'];

/** Whether an object that nobody has named is left out: in another cluster it would be wrong, or is made anew. */
export function isMadeByOthers(kind: Kind, { type, metadata: { name, labels } }: StoredObject): boolean {
  return kind === 'Secret' ? MADE_BY_OTHERS.includes(type ?? '') : OWN_CONFIG_MAPS.includes(name) || labels?.[RESTORED_LABEL] !== undefined;
}

/** Without uid, versions, times, owners and managers. */
export function portable(kind: Kind, { metadata, type, immutable, data, binaryData }: StoredObject): PortableObject {
  const { name, namespace, labels } = metadata;
  const annotations = Object.fromEntries(Object.entries(metadata.annotations ?? {}).filter(([key]) => key !== LAST_APPLIED));
  return sortKeys({
    apiVersion: 'v1',
    kind,
    metadata: {
      name,
      namespace,
      ...isFilled(labels) && { labels },
      ...isFilled(annotations) && { annotations },
    },
    ...type !== undefined && { type },
    ...immutable !== undefined && { immutable },
    ...isFilled(data) && { data },
    ...isFilled(binaryData) && { binaryData },
  });
}

/** `Secret shop-db`. */
export function titleOf({ kind, metadata: { name } }: Pick<PortableObject, 'kind' | 'metadata'>): string {
  return `${kind} ${name}`;
}

/** All keys of an object, sorted. */
export function keysOf({ data, binaryData }: Pick<PortableObject, 'data' | 'binaryData'>): string[] {
  return [...Object.keys(data ?? {}), ...Object.keys(binaryData ?? {})].sort();
}

/** Where two objects differ, in names and keys; never a value. */
export function differences(present: PortableObject, wanted: PortableObject): string[] {
  const of = (object: PortableObject, key: string) => object.data?.[key] ?? object.binaryData?.[key];
  const keys = [...new Set([...keysOf(present), ...keysOf(wanted)])].sort();
  return [
    ...keys.flatMap(key => {
      const [before, after] = [of(present, key), of(wanted, key)];
      return before === after ? [] : [`${before === undefined ? 'adds' : after === undefined ? 'removes' : 'changes'} ${key}`];
    }),
    ...(['labels', 'annotations'] as const).filter(field => !isSame(present.metadata[field] ?? {}, wanted.metadata[field] ?? {})).map(field => `changes ${field}`),
    ...(['type', 'immutable'] as const).filter(field => (present[field] ?? false) !== (wanted[field] ?? false)).map(field => `changes ${field}`),
  ];
}

/** Several documents of YAML, as `kubectl apply -f -` reads them: equal for equal objects, in whatever order they came. */
export function renderObjects(objects: readonly PortableObject[]): string {
  const order = ({ kind, metadata: { namespace, name } }: PortableObject) => `${kind}/${namespace}/${name}`;
  return [...objects].sort((a, b) => order(a) < order(b) ? -1 : 1).map(object => `---\n${yaml().stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })}`).join('');
}

/**
 * Reads what {@link renderObjects} has written.
 *
 * @param what names the artifact, for the message, which has nothing of the content
 */
export function parseObjects(text: string, what: string): PortableObject[] {
  const fail = () => new RunnerError(`${what} does not hold Secrets and ConfigMaps as they are backed up: restore another backup, see "cdk8s-backup list"`, ExitCode.CORRUPT);
  try {
    // A warning would quote the content.
    return yaml().parseAllDocuments(text, { logLevel: 'error' }).map(document => {
      if (document.errors.length > 0) throw fail();
      return sortKeys(schema.parse(document.toJS({ maxAliasCount: 0 }))); // aliases could make much out of little
    });
  } catch {
    throw fail(); // without the cause, which may quote the content
  }
}

function isFilled(record: { readonly [key: string]: string } | undefined): boolean {
  return record !== undefined && Object.keys(record).length > 0;
}

function isSame(a: { readonly [key: string]: string }, b: { readonly [key: string]: string }): boolean {
  return JSON.stringify(sortKeys(a)) === JSON.stringify(sortKeys(b));
}

/** The keys of texts in a fixed order; the fields of the object stay where people expect them. */
function sortKeys<T extends object>(object: T): T {
  const FIELDS = ['apiVersion', 'kind', 'metadata', 'name', 'namespace', 'labels', 'annotations', 'type', 'immutable', 'data', 'binaryData'];
  const isFields = 'apiVersion' in object || ('name' in object && 'namespace' in object && Object.keys(object).every(key => FIELDS.includes(key)));
  const rank = (key: string) => isFields ? String(FIELDS.indexOf(key)).padStart(2, '0') : key;
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => rank(a) < rank(b) ? -1 : 1)
    .map(([key, value]) => [key, typeof value === 'object' && value !== null ? sortKeys(value as object) : value])) as T;
}
