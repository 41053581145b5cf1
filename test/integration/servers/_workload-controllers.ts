import { setTimeout as sleep } from 'node:timers/promises';
import { KubeApiServer } from './kube-apiserver';

const EVERY_MS = 50;

export interface WorkloadControllers {
  /** By the name of the workload: pods that stay when they are deleted, as on a node that is lost. */
  readonly stuck: Set<string>;
  /** By the name of the workload: pods that never get ready. */
  readonly unready: Set<string>;
  stop(): Promise<void>;
}

/**
 * What the controllers of Deployments and StatefulSets and the kubelet do, as far as somebody who stops and starts a workload sees it: pods
 * come and go after the number of replicas, and the status follows.
 */
export function startWorkloadControllers(server: KubeApiServer, namespace: string): WorkloadControllers {
  const stuck = new Set<string>();
  const unready = new Set<string>();
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  let made = 0;

  async function reconcile(kind: 'Deployment' | 'StatefulSet'): Promise<void> {
    const workloads = `/apis/apps/v1/namespaces/${namespace}/${kind.toLowerCase()}s`;
    for (const { metadata, spec, status = {} } of (await server.request('GET', workloads)).items) {
      const { name, generation } = metadata;
      const selector = Object.entries(spec.selector.matchLabels).map(([label, value]) => `${label}=${value}`).join(',');
      const owner = kind === 'StatefulSet' ? { apiVersion: 'apps/v1', kind, name } : { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${name}-5d8f9c7b6` };
      const all: any[] = (await server.request('GET', `${pods}?labelSelector=${encodeURIComponent(selector)}`)).items;
      const own = all.filter(pod => pod.metadata.ownerReferences?.[0]?.name === owner.name);
      for (let missing = spec.replicas - own.length; missing > 0; missing -= 1) {
        await server.request('POST', pods, {
          metadata: { name: `${name}-${made += 1}`, labels: spec.template.metadata.labels, ownerReferences: [{ ...owner, uid: metadata.uid, controller: true }] },
          spec: { containers: spec.template.spec.containers.map(({ name: container, image }: any) => ({ name: container, image })) }, // nothing runs in it
        });
      }
      if (!stuck.has(name)) {
        for (const pod of own.slice(spec.replicas)) await server.request('DELETE', `${pods}/${pod.metadata.name}?gracePeriodSeconds=0`);
      }
      // As in a real one, a pod that is going counts no more.
      const { replicas } = spec;
      const counts = { observedGeneration: generation, replicas, updatedReplicas: replicas, readyReplicas: unready.has(name) ? 0 : replicas };
      if (Object.entries(counts).some(([field, value]) => (status[field] ?? 0) !== value)) {
        await server.request('PATCH', `${workloads}/${name}/status`, { status: counts });
      }
    }
  }

  let running = true;
  const loop = (async () => {
    while (running) {
      for (const kind of ['Deployment', 'StatefulSet'] as const) await reconcile(kind).catch(() => {}); // in the next round
      await sleep(EVERY_MS);
    }
  })();
  return {
    stuck,
    unready,
    stop: async () => {
      running = false;
      await loop;
    },
  };
}
