import { Chart, Size } from 'cdk8s';
import { KubernetesSecretsOptions } from './kubernetes-source';
import { readRules } from './rules';
import { KubernetesConfig } from '../../../contract/config';
import { checkLabels, isDnsLabel, show } from '../../core/check';
import { checkForm, Form } from '../../core/form';
import { listOf, mapOf, text } from '../../core/takes';
import { SourceDefinition } from '../../engine-api/source';

const OBJECT_NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

const NAMES = listOf(text('backup-secrets'));
const FORM: Form<KubernetesSecretsOptions> = { namespace: text('shop'), secretNames: NAMES, configMapNames: NAMES, matchLabels: mapOf(text('shop'), 'app') };

/** Checks the options at once. */
export function kubernetesSecrets(options: KubernetesSecretsOptions): SourceDefinition<'kubernetes'> {
  checkForm(options, FORM);
  const secretNames = checkNames('secretNames', options.secretNames);
  const configMapNames = checkNames('configMapNames', options.configMapNames);
  const { matchLabels, namespace: given } = options;
  if (given !== undefined && !isDnsLabel(given, 63)) throw new Error(`'namespace' must be the name of a namespace, got ${show(given)}`);
  if (matchLabels !== undefined) {
    checkLabels('matchLabels', matchLabels);
    if (Object.keys(matchLabels).length === 0) throw new Error('\'matchLabels\' must have at least one label, got {}: leave it out for all of the namespace');
    if (secretNames.length + configMapNames.length > 0) throw new Error('\'matchLabels\' can\'t be given together with names: make two backups');
  }
  const labelSelector = matchLabels === undefined ? null : Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`).join(',');

  return {
    backupName: 'secrets',
    scratchSize: Size.gibibytes(1),
    bind: scope => {
      const namespace = given ?? Chart.of(scope).namespace;
      if (namespace === undefined) throw new Error('\'namespace\' is missing: give the chart one, its \'namespace\', or name that of the Secrets');
      const config: KubernetesConfig = { engine: 'kubernetes', namespace, secretNames, configMapNames, labelSelector };
      return {
        config,
        env: {},
        mounts: [],
        mountsClaim: false,
        dataClaims: [],
        endpoints: [],
        api: { namespace, rules: readRules(config) },
        neverInTheClear: '\'encryption\' is missing: Secrets are not stored in the clear; give Encryption.age with \'recipients\', the public keys that "age-keygen" prints',
        lockTimeouts: [],
      };
    },
  };
}

function checkNames(property: string, names: readonly string[] | undefined): readonly string[] {
  if (names === undefined) return [];
  if (names.length === 0) throw new Error(`'${property}' must have at least one name, got []: leave it out`);
  for (const [i, name] of names.entries()) {
    if (!OBJECT_NAME.test(name)) {
      throw new Error(`'${property}' must be names of objects of Kubernetes: up to 253 lower-case letters, digits, "-" and ".", with a letter or digit at both ends, got ${show(name)}`);
    }
    if (names.indexOf(name) !== i) throw new Error(`'${property}' has ${show(name)} twice: drop one of them`);
  }
  return names;
}
