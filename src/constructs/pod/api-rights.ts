import { Chart } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { NameAndLabels } from './runner-pod';
import { ApiRights } from '../parts/api-rights';

/**
 * Gives the service account the rights that a source or a target asks for, in its namespace.
 *
 * @param suffix of the names, after that of the job
 */
export function grantRights(scope: Construct, account: kplus.IServiceAccount, api: ApiRights | null, metadata: NameAndLabels, suffix = 'objects'): void {
  if (api === null) return;
  const inNamespace = { ...metadata, name: `${metadata.name}-${suffix}`, namespace: api.namespace };
  new kplus.k8s.KubeRole(scope, 'ObjectsRole', { metadata: inNamespace, rules: [...api.rules] });
  new kplus.k8s.KubeRoleBinding(scope, 'ObjectsRoleBinding', {
    metadata: inNamespace,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: inNamespace.name },
    subjects: [{ kind: 'ServiceAccount', name: account.name, namespace: Chart.of(scope).namespace ?? api.namespace }],
  });
}
