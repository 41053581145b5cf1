import { Size } from 'cdk8s';
import { Construct } from 'constructs';
import { DatabaseConfig, SourceConfig } from '../../../contract/config';
import { MEMBER_PATTERN } from '../../../contract/layout';
import { show } from '../../core/check';
import { Contents } from '../../engine-api/engine';
import { SourceDefinition } from '../../engine-api/source';

/**
 * Checks the members at once.
 *
 * @param contentsOf what of a source is a database
 */
export function set(members: { readonly [member: string]: SourceDefinition }, contentsOf: (source: SourceConfig) => Contents): SourceDefinition<'set'> {
  const names = Object.keys(members);
  if (names.length < 2) throw new Error(`'members' must have at least two sources, got ${show(names)}: a single one needs no set`);
  for (const name of names) {
    if (!MEMBER_PATTERN.test(name)) {
      throw new Error(`'members' has a name that does not fit into the names of files, ${show(name)}: use 1 to 20 lower-case letters, digits and "_", the first a letter`);
    }
  }
  return {
    backupName: 'set',
    scratchSize: Size.gibibytes(Object.values(members).reduce((sum, { scratchSize }) => sum + scratchSize.toGibibytes(), 0)),
    bind: scope => {
      const bound = names.map(name => {
        // Kubernetes takes no "_" in the name of a volume, and no shell a "-" in that of a variable.
        const slot = { name: `source-${name.replaceAll('_', '-')}`, envSuffix: `_${name.toUpperCase()}` };
        return { name, parts: members[name].bind(new Construct(scope, `Source-${name}`), slot) };
      });
      const mounts = bound.flatMap(({ parts }) => parts.mounts);
      const taken = mounts.map(({ path }) => path);
      const twice = taken.find((path, i) => taken.indexOf(path) !== i);
      if (twice !== undefined) throw new Error(`'mountPath' ${show(twice)} is that of two members of the set: give one of them another`);
      return {
        config: { engine: 'set', members: Object.fromEntries(bound.map(({ name, parts }) => [name, databaseIn(contentsOf(parts.config))])) },
        env: Object.assign({}, ...bound.map(({ parts }) => parts.env)),
        mounts,
        mountsClaim: bound.some(({ parts }) => parts.mountsClaim),
        dataClaims: bound.flatMap(({ parts }) => parts.dataClaims),
        endpoints: bound.flatMap(({ name, parts }) => parts.endpoints.map(endpoint => ({ ...endpoint, member: name }))),
        api: null,
        neverInTheClear: null,
        lockTimeouts: bound.flatMap(({ parts }) => parts.lockTimeouts),
      };
    },
  };
}

function databaseIn(contents: Contents): DatabaseConfig {
  if ('members' in contents) throw new Error('\'members\' has a set, and sets have no sets in them: name its members here');
  if ('noDatabase' in contents) throw new Error(contents.noDatabase.inSet);
  return contents.database;
}
