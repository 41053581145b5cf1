import { ObjectsRestoreOptions } from './objects-restore-options';
import { writeRules } from './rules';
import { RestoreDefinition } from '../../engine-api/restore';

/** What is missing is made; what is there is replaced, if that is asked for. */
export function objects({ replace = false }: ObjectsRestoreOptions): RestoreDefinition<'kubernetes'> {
  return {
    engine: 'kubernetes',
    needsScratch: false,
    bind: (_scope, source) => {
      const { engine, namespace } = source.config;
      return {
        ...source,
        config: { engine, namespace, replace },
        api: { namespace, rules: writeRules(source.config) },
        storesPrevious: replace,
        neverInTheClear: '\'encryption\' is missing: the Secrets that this restore replaces are stored before, and never in the clear; give the one of the backup: Encryption.age({ recipients })',
      };
    },
  };
}
