/*
 * The pods of a workload: how they are asked for, and which of those that come back are its own.
 */
import { LabelSelector } from './workload';
import { WorkloadConfig } from '../../contract/config';

export interface Pod {
  readonly metadata: { readonly name: string; readonly ownerReferences?: readonly OwnerReference[]; readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName?: string };
  readonly status?: { readonly phase?: string };
}

export interface OwnerReference {
  readonly kind: string;
  readonly name: string;
  readonly controller?: boolean;
}

/** Whether the workload has made the pod. A Job's pods, this one's among them, may have the labels too. */
export function isOf(workload: WorkloadConfig, { metadata }: Pod): boolean {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller);
  if (workload.kind === 'StatefulSet') return owner?.kind === 'StatefulSet' && owner.name === workload.name;
  // A ReplicaSet is called after its Deployment, with a hash behind it that has no dash.
  return owner?.kind === 'ReplicaSet' && owner.name.slice(0, owner.name.lastIndexOf('-')) === workload.name;
}

/** In the syntax of the query parameter `labelSelector`. */
export function renderSelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  return [
    ...Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`),
    ...matchExpressions.map(({ key, operator, values = [] }) => {
      switch (operator) {
        case 'In': return `${key} in (${values.join(',')})`;
        case 'NotIn': return `${key} notin (${values.join(',')})`;
        case 'Exists': return key;
        case 'DoesNotExist': return `!${key}`;
      }
    }),
  ].join(',');
}
