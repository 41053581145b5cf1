/*
 * With a file for each object, cdk8s calls a file by kind and name alone. Of two objects that have both alike, as backups of production and
 * staging, the one that is written last replaces the other's file without a word, and what the other does is never applied.
 */
import { ApiObject, Chart, YamlOutputType } from 'cdk8s';
import { IConstruct } from 'constructs';
import { isApp } from './after-synth';
import { show } from './check';
import { constructsOf, oncePerSynth } from './once-per-synth';
import { namesOf } from './rendered';
import { refuseAtSynth } from './spelling';

interface Written {
  readonly object: ApiObject;
  readonly file: string;
  readonly namespace: string;
  /** Two that are alike in this are one object, which is another mistake. */
  readonly identity: string;
}

const owners = new WeakSet<IConstruct>();

/** Has the app refuse an output type with which a file of this construct would be written twice. */
export function refuseLostFiles(construct: IConstruct): void {
  owners.add(construct);
  refuseAtSynth(construct, () => lostFiles(construct).get(construct) ?? []);
}

/** By the construct that says so: of two of ours, the one that comes later. */
const lostFiles = oncePerSynth(root => {
  const lost = new Map<IConstruct, string[]>();
  const folders = isApp(root) ? foldersOf(root.yamlOutputType) : undefined;
  if (folders === undefined) return lost;
  const seen = new Map<string, Written>();
  for (const object of constructsOf(root).filter(ApiObject.isApiObject)) {
    const { name, namespace = 'default' } = namesOf(object);
    if (name === undefined) continue;
    const file = `${folders(object)}${`${object.kind}.${name}`.replace(/[^0-9a-zA-Z-_.]/g, '')}`;
    const written = { object, file, namespace, identity: JSON.stringify([object.apiGroup, object.kind, namespace, name]) };
    const before = seen.get(file);
    seen.set(file, written);
    if (!before || before.identity === written.identity) continue;
    const owner = ownerOf(object) ?? ownerOf(before.object);
    if (owner) lost.set(owner, [...lost.get(owner) ?? [], describe(before, written)]);
  }
  return lost;
});

/** Where there is a file for each object, the folder of each. */
function foldersOf(type: YamlOutputType): ((object: ApiObject) => string) | undefined {
  switch (type) {
    case YamlOutputType.FILE_PER_RESOURCE: return () => '';
    case YamlOutputType.FOLDER_PER_CHART_FILE_PER_RESOURCE: return object => `${Chart.of(object).node.path}/`;
    default: return undefined;
  }
}

function ownerOf(object: ApiObject): IConstruct | undefined {
  return [...object.node.scopes].reverse().find(scope => owners.has(scope));
}

function describe(before: Written, { object, file, namespace }: Written): string {
  return `${object.node.path} of namespace ${show(namespace)} and ${before.object.node.path} of ${show(before.namespace)} are both written to ${show(file)}, and the last one replaces the other: `
    + '\'yamlOutputType\' calls files by kind and name alone; choose FILE_PER_CHART, or FOLDER_PER_CHART_FILE_PER_RESOURCE with a chart for each namespace, or give one of them another name';
}
