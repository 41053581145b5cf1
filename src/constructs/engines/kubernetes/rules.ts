import * as kplus from 'cdk8s-plus-28';
import { KubernetesConfig } from '../../../contract/config';

/** The right to read what is backed up, and nothing else where it has names. */
export function readRules({ secretNames, configMapNames }: KubernetesConfig): kplus.k8s.PolicyRule[] {
  if (secretNames.length + configMapNames.length === 0) return [{ apiGroups: [''], resources: ['configmaps', 'secrets'], verbs: ['list'] }];
  return byName({ secretNames, configMapNames }, ['get']);
}

/**
 * The right to bring it back, and to replace what is there only where that is asked for. What is not there yet has no name to restrict the
 * right to make it to.
 */
export function writeRules({ secretNames, configMapNames }: KubernetesConfig, replace: boolean): kplus.k8s.PolicyRule[] {
  const update = replace ? ['update'] : [];
  if (secretNames.length + configMapNames.length === 0) return [{ apiGroups: [''], resources: ['configmaps', 'secrets'], verbs: ['get', 'create', ...update] }];
  const rules = byName({ secretNames, configMapNames }, ['get', ...update]);
  return [...rules, { apiGroups: [''], resources: rules.flatMap(({ resources }) => resources ?? []), verbs: ['create'] }];
}

function byName({ secretNames, configMapNames }: Pick<KubernetesConfig, 'secretNames' | 'configMapNames'>, verbs: string[]): kplus.k8s.PolicyRule[] {
  return ([['configmaps', configMapNames], ['secrets', secretNames]] as const)
    .filter(([, names]) => names.length > 0)
    .map(([resource, names]) => ({ apiGroups: [''], resources: [resource], resourceNames: [...names], verbs }));
}
