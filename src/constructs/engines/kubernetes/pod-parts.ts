import { Chart } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { KubernetesSecretsOptions } from './kubernetes-source';
import { KubernetesConfig } from '../../../contract/config';
import { checkLabels, isDnsLabel, show } from '../../core/check';
import { PodParts } from '../../parts/pod-parts';
import { NameAndLabels } from '../../pod/runner-pod';

const OBJECT_NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/** Checks the options at once; what it returns defines what the pod needs. */
export function kubernetesSecrets(options: KubernetesSecretsOptions): (scope: Construct) => PodParts<KubernetesConfig> {
  const secretNames = checkNames('names', options.names);
  const configMapNames = checkNames('configMapNames', options.configMapNames);
  const { matchLabels, namespace: given } = options;
  if (given !== undefined && !isDnsLabel(given, 63)) throw new Error(`'namespace' must be the name of a namespace, got ${show(given)}`);
  if (matchLabels !== undefined) {
    checkLabels('matchLabels', matchLabels);
    if (Object.keys(matchLabels).length === 0) throw new Error('\'matchLabels\' must have at least one label, got {}: leave it out for all of the namespace');
    if (secretNames.length + configMapNames.length > 0) throw new Error('\'matchLabels\' can\'t be given together with names: make two backups');
  }
  const labelSelector = matchLabels === undefined ? null : Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`).join(',');

  return scope => {
    const namespace = given ?? Chart.of(scope).namespace;
    if (namespace === undefined) throw new Error('\'namespace\' is missing: give the chart one, new Chart(app, id, { namespace }), or name that of the Secrets');
    const config: KubernetesConfig = { engine: 'kubernetes', namespace, secretNames, configMapNames, labelSelector };
    return { config, env: {}, mounts: [], mountsClaim: false, api: { namespace, rules: readRules(config) } };
  };
}

/** The right to read what is backed up, and nothing else where it has names. */
function readRules({ secretNames, configMapNames }: KubernetesConfig): kplus.k8s.PolicyRule[] {
  if (secretNames.length + configMapNames.length === 0) return [{ apiGroups: [''], resources: ['configmaps', 'secrets'], verbs: ['list'] }];
  return byName({ secretNames, configMapNames }, ['get']);
}

/** The right to bring it back. What is not there yet has no name to restrict the right to make it to. */
export function writeRules({ secretNames, configMapNames }: KubernetesConfig): kplus.k8s.PolicyRule[] {
  if (secretNames.length + configMapNames.length === 0) return [{ apiGroups: [''], resources: ['configmaps', 'secrets'], verbs: ['get', 'create', 'update'] }];
  const rules = byName({ secretNames, configMapNames }, ['get', 'update']);
  return [...rules, { apiGroups: [''], resources: rules.flatMap(({ resources }) => resources ?? []), verbs: ['create'] }];
}

function byName({ secretNames, configMapNames }: Pick<KubernetesConfig, 'secretNames' | 'configMapNames'>, verbs: string[]): kplus.k8s.PolicyRule[] {
  return ([['configmaps', configMapNames], ['secrets', secretNames]] as const)
    .filter(([, names]) => names.length > 0)
    .map(([resource, names]) => ({ apiGroups: [''], resources: [resource], resourceNames: [...names], verbs }));
}

/** Gives the service account the rights that a source or a target asks for, in its namespace. */
export function grant(scope: Construct, account: kplus.IServiceAccount, { api }: PodParts<unknown>, metadata: NameAndLabels): void {
  if (api === undefined) return;
  const inNamespace = { ...metadata, name: `${metadata.name}-objects`, namespace: api.namespace };
  new kplus.k8s.KubeRole(scope, 'ObjectsRole', { metadata: inNamespace, rules: [...api.rules] });
  new kplus.k8s.KubeRoleBinding(scope, 'ObjectsRoleBinding', {
    metadata: inNamespace,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: inNamespace.name },
    subjects: [{ kind: 'ServiceAccount', name: account.name, namespace: Chart.of(scope).namespace ?? api.namespace }],
  });
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
