import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { WorkloadConfig } from '../../contract/config';
import { NameAndLabels } from '../pod/runner-pod';

/** Gives the service account the rights to stop and start exactly these objects; none where there are no workloads. */
export function grantWorkloads(
  scope: Construct, account: kplus.IServiceAccount, workloads: readonly WorkloadConfig[], metadata: NameAndLabels,
): void {
  if (workloads.length === 0) return;
  const { namespace } = workloads[0];
  const named = (kind: WorkloadConfig['kind'], resource: string) => {
    const resourceNames = workloads.filter(workload => workload.kind === kind).map(({ name }) => name);
    // The annotation and the replicas are written in one request, so the subresource "scale" is of no use.
    return resourceNames.length === 0 ? [] : [{ apiGroups: ['apps'], resources: [resource], resourceNames, verbs: ['get', 'patch'] }];
  };
  new kplus.k8s.KubeRole(scope, 'Role', {
    metadata,
    rules: [
      ...named('Deployment', 'deployments'),
      ...named('StatefulSet', 'statefulsets'),
      // A list can't be restricted by name: these two show the pods and autoscalers of the whole namespace.
      { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
      { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: ['list'] },
    ],
  });
  new kplus.k8s.KubeRoleBinding(scope, 'RoleBinding', {
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: metadata.name },
    subjects: [{ kind: 'ServiceAccount', name: account.name, namespace }],
  });
}
