import { Construct } from 'constructs';
import { DatabaseConfig, SetConfig, SourceConfig } from '../../contract/config';
import { MEMBER_PATTERN } from '../../contract/layout';
import { show } from '../core/check';
import { PodParts, SourceSlot } from '../parts/pod-parts';

/** What defines the parts of one member. */
export type Bind = (scope: Construct, slot: SourceSlot) => PodParts<SourceConfig>;

/** Checks the members at once; what it returns defines what the pod needs for all of them. */
export function set(members: { readonly [member: string]: Bind }): (scope: Construct) => PodParts<SetConfig> {
  const names = Object.keys(members);
  if (names.length < 2) throw new Error(`'members' must have at least two sources, got ${show(names)}: a single one needs no set`);
  for (const name of names) {
    if (!MEMBER_PATTERN.test(name)) {
      throw new Error(`'members' has a name that does not fit into the names of files, ${show(name)}: use 1 to 20 lower-case letters, digits and "_", the first a letter`);
    }
  }
  return scope => {
    const bound = names.map(name => {
      // Kubernetes takes no "_" in the name of a volume, and no shell a "-" in that of a variable.
      const slot = { name: `source-${name.replaceAll('_', '-')}`, envSuffix: `_${name.toUpperCase()}` };
      return { name, parts: members[name](new Construct(scope, `Source-${name}`), slot) };
    });
    const mounts = bound.flatMap(({ parts }) => parts.mounts);
    const taken = mounts.map(({ path }) => path);
    const twice = taken.find((path, i) => taken.indexOf(path) !== i);
    if (twice !== undefined) throw new Error(`'mountPath' ${show(twice)} is that of two members of the set: give one of them another`);
    return {
      config: { engine: 'set', members: Object.fromEntries(bound.map(({ name, parts }) => [name, databaseOf(parts)])) },
      env: Object.assign({}, ...bound.map(({ parts }) => parts.env)),
      mounts,
      mountsClaim: bound.some(({ parts }) => parts.mountsClaim),
      dataClaims: bound.flatMap(({ parts }) => parts.dataClaims ?? []),
    };
  };
}

function databaseOf({ config }: PodParts<SourceConfig>): DatabaseConfig {
  if (config.engine === 'set') throw new Error('\'members\' has a set, and sets have no sets in them: name its members here');
  if (config.engine === 'kubernetes') throw new Error('\'members\' has Secrets of Kubernetes, and they are no database: back them up in a BackupCronJob of their own');
  return config;
}
