import { KubernetesObjectsRestoreOptions } from './kubernetes-objects-restore-options';
import { writeRules } from './rules';
import { checkForm, Form } from '../../core/form';
import { FLAG } from '../../core/takes';
import { RestoreDefinition } from '../../engine-api/restore';

const FORM: Form<KubernetesObjectsRestoreOptions> = { replace: FLAG };

/** What is missing is made; what is there is replaced, if that is asked for. */
export function objects(options: KubernetesObjectsRestoreOptions): RestoreDefinition<'kubernetes'> {
  checkForm(options, FORM);
  const { replace = false } = options;
  return {
    engine: 'kubernetes',
    needsScratch: false,
    bind: (_scope, source) => {
      const { engine, namespace } = source.config;
      return {
        ...source,
        config: { engine, namespace, replace },
        api: { namespace, rules: writeRules(source.config, replace) },
        storesPrevious: replace,
        neverInTheClear: '\'encryption\' is missing: the Secrets that this restore replaces are stored before, and never in the clear; give the one of the backup: Encryption.age with \'recipients\'',
      };
    },
  };
}
