/*
 * A Deployment or a StatefulSet, as far as it is looked at here, and the changes that stop and start it.
 */
import { WorkloadConfig } from '../../contract/config';

/** On a workload that is stopped for a restore: how many replicas it had. */
export const REPLICAS_ANNOTATION = 'cdk8s-backup/replicas-before-restore';

/** On a workload that was started after a restore: the uid of the restore's Job, and what it has restored. */
export const RESTORED_ANNOTATION = 'cdk8s-backup/restored-by';

/** What of the objects is read here. */
export interface Workload {
  readonly metadata: { readonly generation: number; readonly resourceVersion: string; readonly annotations?: { readonly [name: string]: string } };
  readonly spec: {
    readonly replicas?: number;
    readonly progressDeadlineSeconds?: number;
    readonly selector: LabelSelector;
    readonly template: { readonly spec: { readonly terminationGracePeriodSeconds?: number } };
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly readyReplicas?: number;
  };
}

export interface LabelSelector {
  readonly matchLabels?: { readonly [label: string]: string };
  readonly matchExpressions?: readonly LabelExpression[];
}

interface LabelExpression {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values?: readonly string[];
}

/** A merge patch, for exactly the version of the object that it was made of. */
export interface Change {
  /** That the workload has, or gets back; `undefined` where they stay. */
  readonly replicas: number | undefined;
  readonly body: unknown;
}

export function toStop(object: Workload): Change {
  const written = writtenDown(object);
  const replicas = replicasOf(object) === 0 && written !== undefined ? written : replicasOf(object);
  return { replicas, body: bodyOf(object, { [REPLICAS_ANNOTATION]: String(replicas), [RESTORED_ANNOTATION]: null }, 0) };
}

export function toStart(object: Workload, mark: string | null): Change | undefined {
  const written = writtenDown(object);
  if (written === undefined && (mark === null || object.metadata.annotations?.[RESTORED_ANNOTATION] === mark)) return undefined;
  const replicas = replicasOf(object) === 0 ? written ?? 0 : replicasOf(object);
  const annotations = { [REPLICAS_ANNOTATION]: null, ...mark !== null && { [RESTORED_ANNOTATION]: mark } };
  return { replicas: written === undefined ? undefined : replicas, body: bodyOf(object, annotations, replicas) };
}

function bodyOf({ metadata: { resourceVersion } }: Workload, annotations: { readonly [name: string]: string | null }, replicas: number): unknown {
  return { metadata: { resourceVersion, annotations }, spec: { replicas } };
}

function writtenDown({ metadata }: Workload): number | undefined {
  const text = metadata.annotations?.[REPLICAS_ANNOTATION];
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : undefined;
}

export function replicasOf({ spec }: Workload): number {
  return spec.replicas ?? 1; // what the API server puts in its place
}

export function hasSettled({ metadata, status }: Workload): boolean {
  return (status?.observedGeneration ?? 0) >= metadata.generation;
}

export function pathOf({ kind, name, namespace }: WorkloadConfig): string {
  return `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/${kind.toLowerCase()}s/${encodeURIComponent(name)}`;
}
