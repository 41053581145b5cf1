import { Construct } from 'constructs';
import { DatabaseTargetConfig } from '../../../contract/config';
import { show } from '../../core/check';
import { bindTarget, RestoreDefinition } from '../../engine-api/restore';

/** Each of the members that are named in its own way; the others are left alone. */
export function restoreSet(modes: { readonly [member: string]: RestoreDefinition }): RestoreDefinition<'set'> {
  const names = Object.keys(modes);
  if (names.length === 0) throw new Error('\'members\' must name at least one member of the set, got []');
  return {
    engine: 'set',
    needsScratch: Object.values(modes).some(({ needsScratch }) => needsScratch),
    bind: (scope, source) => {
      const { members } = source.config;
      const bound = names.map(name => {
        if (!(name in members)) throw new Error(`'members' names ${show(name)}, which is not in the set: it has ${Object.keys(members).join(', ')}`);
        const endpoints = source.endpoints.filter(({ member }) => member === name);
        return { name, own: bindTarget(modes[name], new Construct(scope, `Target-${name}`), { ...source, config: members[name], endpoints }) };
      });
      return {
        config: { engine: 'set', members: Object.fromEntries(bound.map(({ name, own }) => [name, own.config as DatabaseTargetConfig])) },
        env: Object.assign({}, ...bound.map(({ own }) => own.env)),
        mounts: [...new Set(bound.flatMap(({ own }) => own.mounts))],
        mountsClaim: bound.some(({ own }) => own.mountsClaim),
        endpoints: bound.flatMap(({ own }) => own.endpoints),
        api: null,
        neverInTheClear: null,
        storesPrevious: bound.some(({ own }) => own.storesPrevious),
      };
    },
  };
}
