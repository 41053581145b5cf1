/*
 * Two objects of one kind, namespace and name are one in the cluster: what is applied last replaces the other without a word, as the
 * NetworkPolicy of a backup that of an exporter. Looked for in the whole app, also among objects that are none of this library's.
 */
import { ApiObject, Chart } from 'cdk8s';
import { IConstruct } from 'constructs';
import { show } from './check';
import { refuseLostFiles } from './manifest-files';
import { constructsOf, oncePerSynth } from './once-per-synth';
import { namesOf, rendered } from './rendered';
import { refuseAtSynth } from './spelling';

interface Owner {
  readonly construct: IConstruct;
  /** As in `'cronJobName' "db-backup"`. */
  readonly named: string;
  readonly jobNames: readonly string[];
  readonly wayOut: string;
}

/** What one name stands for. */
interface Named {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  /** The nearest construct of this library; `undefined`: the object is somebody else's. */
  readonly owner: Owner | undefined;
  readonly path: string;
}

/** Two constructs that make the same, and all of that. */
interface Clash {
  readonly owner: Owner;
  readonly other: Named;
  readonly objects: Named[];
}

export interface NamesakeOptions {
  /** What Jobs of this construct are named after, whatever makes them: policies and alerts find Jobs by it. */
  readonly jobNames?: readonly string[];
  /** @default - another name for one of them */
  readonly wayOut?: string;
}

/** Stands for the kind of what has no object of its own: the names of Jobs begin with it. */
const JOBS = 'Jobs';

const owners = new WeakMap<IConstruct, Owner>();

/**
 * Has the app refuse objects that are called as one that this construct makes.
 *
 * @param property what they are named by
 */
export function refuseNamesakes(construct: IConstruct, property: string, name: string, options: NamesakeOptions = {}): void {
  const { jobNames = [], wayOut = 'give one of them another name' } = options;
  owners.set(construct, { construct, named: `'${property}' ${show(name)}`, jobNames, wayOut });
  refuseAtSynth(construct, () => (clashesOf(construct).get(construct) ?? []).map(describe));
  refuseLostFiles(construct);
}

/** By the construct that says so: of two of ours, the one that comes later. */
const clashesOf = oncePerSynth(root => {
  const clashes = new Map<IConstruct, Clash[]>();
  for (const [first, ...others] of byName(root).values()) {
    for (const other of others) {
      if (other.owner === first.owner) continue;
      const [mine, theirs] = other.owner ? [other, first] : [first, other];
      const owner = mine.owner!;
      const known = clashes.get(owner.construct) ?? [];
      clashes.set(owner.construct, known);
      const clash = known.find(({ other: { owner: who, path } }) => who ? who === theirs.owner : path === theirs.path);
      if (clash) clash.objects.push(mine); else known.push({ owner, other: theirs, objects: [mine] });
    }
  }
  return clashes;
});

/** All that has a name, in the order of the tree. */
function byName(root: IConstruct): ReadonlyMap<string, readonly Named[]> {
  const found = new Map<string, Named[]>();
  const add = (group: string, named: Named) => {
    const key = JSON.stringify([group, named.kind, named.namespace, named.name]);
    const known = found.get(key);
    if (known) known.push(named); else found.set(key, [named]);
  };
  for (const construct of constructsOf(root)) {
    const { path } = construct.node;
    const own = owners.get(construct);
    for (const name of own?.jobNames ?? []) add('names of Jobs', { kind: JOBS, name, namespace: Chart.of(construct).namespace ?? 'default', owner: own, path });
    if (!ApiObject.isApiObject(construct)) continue;
    const owner = construct.node.scopes.reverse().map(scope => owners.get(scope)).find(each => each !== undefined);
    for (const { group, kind, metadata: { name, namespace = 'default' } = {} } of [contentOf(construct), ...itemsOf(construct)]) {
      if (name !== undefined) add(group, { kind, name, namespace, owner, path });
    }
  }
  return found;
}

interface Content {
  readonly group: string;
  readonly kind: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
}

function contentOf(object: ApiObject): Content {
  return { group: object.apiGroup, kind: object.kind, metadata: namesOf(object) };
}

/** Of a List, as Helm charts have them: whoever applies one applies its items. */
function itemsOf(object: ApiObject): Content[] {
  if (object.kind !== 'List') return [];
  const items: unknown = rendered(object)?.items;
  return Array.isArray(items) ? items.filter(item => typeof item?.kind === 'string').map(({ apiVersion, kind, metadata }) => ({
    group: /^(.*)\//.exec(String(apiVersion))?.[1] ?? 'core', kind, metadata: metadata ?? {},
  })) : [];
}

function describe({ owner, other, objects }: Clash): string {
  const names = [...new Set(objects.map(({ name }) => name))].map(name => `${kindsOf(objects.filter(object => object.name === name))} ${show(name)}`);
  const by = other.owner ? `${other.owner.construct.node.path} makes too, by ${other.owner.named}` : `${other.path} is too`;
  return `${owner.named} makes ${listed(names)} of namespace ${show(other.namespace)}, which ${by}: the cluster has one of a name, and what is applied last replaces the other; ${owner.wayOut}`;
}

function kindsOf(objects: readonly Named[]): string {
  const kinds = objects.map(({ kind }) => kind).filter(kind => kind !== JOBS);
  return listed(kinds.length === 0 ? [JOBS] : kinds);
}

function listed(texts: readonly string[]): string {
  return texts.length < 2 ? texts.join() : `${texts.slice(0, -1).join(', ')} and ${texts[texts.length - 1]}`;
}
