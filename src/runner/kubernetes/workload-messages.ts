/*
 * What is said of workloads that can't be stopped, or do not come back.
 */
import { REPLICAS_ANNOTATION } from './workload';
import { Pod } from './workload-pods';
import { WorkloadConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { RunnerError } from '../core/errors';

export function nameOf({ kind, name }: WorkloadConfig): string {
  return `${kind} ${name}`;
}

export function commandLineOf({ kind, name, namespace }: WorkloadConfig): string {
  return `${kind.toLowerCase()}/${name} -n ${namespace}`;
}

export function wayOut(error: RunnerError): string {
  if (error.exitCode === ExitCode.DENIED) return '; the Role that RestoreJob makes has these rights: apply its manifest, or name the workload in \'workloads\'';
  if (error.exitCode === ExitCode.NOT_FOUND) return '; apply the application first, or take it out of \'workloads\'';
  return '';
}

export function stillStopped(workload: WorkloadConfig, { message }: RunnerError): string {
  return `${nameOf(workload)} is still stopped (${message}): run "kubectl scale ${commandLineOf(workload)} --replicas=N", N is in its annotation ${REPLICAS_ANNOTATION}`;
}

export function scaledUp(workload: WorkloadConfig, replicas: number): string {
  return `${nameOf(workload)} was scaled up to ${replicas} while it was to be stopped: something else sets its replicas `
    + '(a GitOps controller that heals, an autoscaler, a person); pause that, then run the restore again';
}

export function startedMeanwhile(workload: WorkloadConfig, replicas: number): string {
  return `${nameOf(workload)} was scaled up to ${replicas} in the middle of the restore, so its pods may use what was there before: they are replaced. `
    + 'Something else sets its replicas (a GitOps controller that heals, an autoscaler, a person); pause that before the next restore';
}

export function notStopped(workload: WorkloadConfig, withinSeconds: number, pods: readonly Pod[]): string {
  const left = pods.map(({ metadata, spec }) => `${metadata.name}${spec.nodeName === undefined ? '' : ` on node ${spec.nodeName}`}`).join(', ');
  return `${nameOf(workload)} has not stopped within ${withinSeconds} s: ${left === '' ? 'its controller has not answered' : `${left} ${pods.length === 1 ? 'is' : 'are'} still there`}; `
    + 'if a node is lost, see "kubectl get nodes", and force the deletion only if the pod can\'t be running any more';
}

export function notReadyYet(workload: WorkloadConfig, ready: number, wanted: number): string {
  return `${nameOf(workload)}: ${ready} of ${wanted} pods are ready, waiting for the rest`;
}

export function notReadyAgain(workload: WorkloadConfig, ready: number, wanted: number, afterSeconds: number): string {
  return `${nameOf(workload)} is started, but only ${ready} of ${wanted} pods are ready after ${afterSeconds} s: see "kubectl describe ${commandLineOf(workload)}"`;
}

export function kedaStarts(workload: WorkloadConfig, scaledObject: string): string {
  return `KEDA would start ${nameOf(workload)} in the middle of the restore, through ScaledObject ${scaledObject}: `
    + `pause it first, "kubectl annotate scaledobject ${scaledObject} autoscaling.keda.sh/paused=true", and take that away afterwards`;
}

export function autoscalerStarts(workload: WorkloadConfig, autoscaler: string): string {
  return `HorizontalPodAutoscaler ${autoscaler} would start ${nameOf(workload)} in the middle of the restore, since its minReplicas is 0: `
    + 'set it to 1 first, with which it leaves a workload at zero alone';
}

export function autoscalerRests(workload: WorkloadConfig, autoscaler: string): string {
  return `HorizontalPodAutoscaler ${autoscaler} rests while ${nameOf(workload)} is at zero, and goes on afterwards`;
}
