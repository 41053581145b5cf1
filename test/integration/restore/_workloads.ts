import { WorkloadConfig } from '../../../src/contract/config';

export const NAMESPACE = 'shop';
export const web: WorkloadConfig = { kind: 'Deployment', name: 'web', namespace: NAMESPACE };
export const worker: WorkloadConfig = { kind: 'StatefulSet', name: 'worker', namespace: NAMESPACE };

export function workload(kind: string, name: string, replicas: number) {
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, namespace: NAMESPACE },
    spec: {
      replicas,
      ...kind === 'StatefulSet' && { serviceName: name },
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image: 'app' }] } },
    },
  };
}

export function pathOf(name: string, resource = 'deployments'): string {
  return `/apis/apps/v1/namespaces/${NAMESPACE}/${resource}/${name}`;
}
