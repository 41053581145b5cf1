/*
 * A Deployment or a StatefulSet, as far as it is looked at here, and the changes that stop and start it.
 */
import { WorkloadConfig } from '../../contract/config';

/** On a workload that is stopped for a restore: how many replicas it had. */
export const REPLICAS_ANNOTATION = 'cdk8s-backup/replicas-before-restore';

/** On a workload that was started after a restore: the uid of the restore's Job, and what it has restored. */
export const RESTORED_ANNOTATION = 'cdk8s-backup/restored-by';

/** On the pods of a workload that was started during a restore: when they were replaced. Another value makes the controller replace them. */
export const REPLACED_ANNOTATION = 'cdk8s-backup/replaced-after-restore';

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
  /** Whether its pods are replaced. */
  readonly replacesPods?: boolean;
  readonly body: unknown;
}

export function toStop(object: Workload): Change {
  const written = writtenDown(object);
  const replicas = replicasOf(object) === 0 && written !== undefined ? written : replicasOf(object);
  return { replicas, body: bodyOf(object, { [REPLICAS_ANNOTATION]: String(replicas), [RESTORED_ANNOTATION]: null }, { replicas: 0 }) };
}

/**
 * @param mark for the annotation of what was restored; `null`: none
 * @param replaceAt time for the annotation of pods that somebody else has started while the workload was to be at zero; `null`: they may stay
 */
export function toStart(object: Workload, mark: string | null, replaceAt: string | null): Change | undefined {
  const written = writtenDown(object);
  if (written === undefined && (mark === null || object.metadata.annotations?.[RESTORED_ANNOTATION] === mark)) return undefined;
  const replicas = replicasOf(object) === 0 ? written ?? 0 : replicasOf(object);
  const replacesPods = replaceAt !== null && replicasOf(object) !== 0;
  const annotations = { [REPLICAS_ANNOTATION]: null, ...mark !== null && { [RESTORED_ANNOTATION]: mark } };
  const template = replacesPods ? { template: { metadata: { annotations: { [REPLACED_ANNOTATION]: replaceAt } } } } : {};
  const body = bodyOf(object, annotations, { replicas, ...template });
  return { replicas: written === undefined && !replacesPods ? undefined : replicas, replacesPods, body };
}

function bodyOf({ metadata: { resourceVersion } }: Workload, annotations: { readonly [name: string]: string | null }, spec: unknown): unknown {
  return { metadata: { resourceVersion, annotations }, spec };
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
