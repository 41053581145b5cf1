import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, KubernetesApi } from './api';
import { Change, hasSettled, pathOf, replicasOf, RESTORED_ANNOTATION, toStart, toStop, Workload } from './workload';
import { autoscalerRests, autoscalerStarts, kedaStarts, nameOf, notReadyAgain, notReadyYet, notStopped, scaledUp, startedMeanwhile, stillStopped, wayOut } from './workload-messages';
import { isOf, OwnerReference, Pod, renderSelector } from './workload-pods';
import { WorkloadConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { RunnerError } from '../core/errors';
import { Obstacle } from '../core/obstacle';
import { Reporter } from '../core/reporter';

/** What uses the target, and must not while it is restored. */
export interface Workloads {
  /** What will be stopped and started, by name, for the plan. */
  readonly steps: readonly string[];

  /** Whether the rights are there, the objects exist, and nothing fights a scale to zero. Changes nothing. */
  inspect(signal: AbortSignal): Promise<readonly Obstacle[]>;

  /** Writes down the replica counts where a crash can't lose them, scales to zero, and waits until all pods are gone. */
  stop(signal: AbortSignal): Promise<void>;

  /**
   * Scales back to what was written down, also by an earlier run that was killed. After a restore, pods that somebody else has started
   * meanwhile are replaced.
   *
   * @param wait whether to wait until they are ready; a run that is being stopped does not
   * @param restored id of the backup that is live now, which is noted before anything is started; not given: none is
   */
  start(wait: boolean, signal: AbortSignal, restored?: string): Promise<void>;

  /**
   * Id of the backup that an earlier pod of this Job has made live and noted; `null`: none. The application has written since then, so it
   * must not be restored again.
   */
  restoredBefore(signal: AbortSignal): Promise<string | null>;
}

/** Beside what the pods are given to end, for the controllers and the kubelet. */
const STOP_SPARE_SECONDS = 120;
/** Kubernetes' own default for a Deployment. */
const READY_WITHIN_SECONDS = 600;
const CONFLICTS = 10;

export interface Pace {
  readonly pollMs: number;
  readonly stopSpareSeconds: number;
  /** Also the most; a Deployment that says less is given less. */
  readonly readyWithinSeconds: number;
}

const PACE: Pace = { pollMs: 1000, stopSpareSeconds: STOP_SPARE_SECONDS, readyWithinSeconds: READY_WITHIN_SECONDS };

interface Autoscaler {
  readonly metadata: { readonly name: string; readonly ownerReferences?: readonly OwnerReference[] };
  readonly spec: { readonly scaleTargetRef: { readonly kind: string; readonly name: string }; readonly minReplicas?: number };
}

/**
 * Stops and starts Deployments and StatefulSets through the Kubernetes API.
 *
 * Where a run may die at every moment, one PATCH each does both: it writes the number of replicas into an annotation and sets it to
 * zero, or sets it back and takes the annotation away. It names the version of the object that it was made for, so that it never
 * overwrites what somebody else has just changed. The annotation counts only while the workload is at zero: whoever has scaled it up
 * in between knew better.
 *
 * The same request that starts a workload after a restore notes the Job and the backup. A pod that the Job starts again finds that, and
 * does not restore a second time over what the application has written.
 */
export class KubernetesWorkloads implements Workloads {
  public readonly steps: readonly string[];

  constructor(
    private readonly workloads: readonly WorkloadConfig[], private readonly api: KubernetesApi, private readonly reporter: Reporter,
    private readonly pace: Pace = PACE, private readonly run: string | null = null,
  ) {
    this.steps = workloads.map(nameOf);
  }

  public async inspect(signal: AbortSignal): Promise<readonly Obstacle[]> {
    const findings: Obstacle[] = [];
    for (const workload of this.workloads) {
      try {
        const object = await this.read(workload, signal);
        // The very request that is made later: whoever may not make it, or is stopped by an admission policy, is told now.
        await this.patch(workload, toStop(object), { dryRun: 'All' }, signal);
        await this.podsOf(workload, object, signal);
        findings.push(...await this.autoscalersOf(workload, signal));
      } catch (error) {
        if (error instanceof ApiError && error.status === 409) continue; // it has just changed: it is there, and may be patched
        if (!(error instanceof RunnerError)) throw error;
        findings.push({ message: `${nameOf(workload)}: ${error.message}${wayOut(error)}`, exitCode: error.exitCode });
      }
    }
    return findings;
  }

  public async stop(signal: AbortSignal): Promise<void> {
    for (const workload of this.workloads) {
      const { replicas } = (await this.change(workload, toStop, signal))!;
      this.reporter.info('workload.stopping', `${nameOf(workload)}: scaled to 0, had ${replicas}`, { workload: workload.name, replicas });
    }
    for (const workload of this.workloads) await this.untilGone(workload, signal);
    // Those that were gone may have come back while the others were waited for.
    for (const workload of this.workloads.slice(0, -1)) await this.untilGone(workload, signal);
  }

  public async start(wait: boolean, signal: AbortSignal, restored?: string): Promise<void> {
    const failures: string[] = [];
    const mark = this.run === null || restored === undefined ? null : `${this.run} ${restored}`;
    const replaceAt = restored === undefined ? null : new Date().toISOString();
    for (const workload of [...this.workloads].reverse()) {
      try {
        const { replicas, replacesPods } = await this.change(workload, object => toStart(object, mark, replaceAt), signal) ?? {};
        if (replacesPods) this.reporter.warn('workload.meanwhile', startedMeanwhile(workload, replicas!), { workload: workload.name, replicas });
        else if (replicas !== undefined) this.reporter.info('workload.starting', `${nameOf(workload)}: scaled back to ${replicas}`, { workload: workload.name, replicas });
      } catch (error) {
        // The others are started all the same.
        signal.throwIfAborted();
        if (!(error instanceof RunnerError)) throw error;
        failures.push(stillStopped(workload, error));
      }
    }
    for (const workload of wait ? [...this.workloads].reverse() : []) {
      const failure = await this.untilReady(workload, signal);
      if (failure !== undefined) failures.push(failure);
    }
    // Not one that is tried again: a second run would restore a second time.
    if (failures.length > 0) throw new RunnerError(failures.join('; '), ExitCode.DEADLINE);
  }

  public async restoredBefore(signal: AbortSignal): Promise<string | null> {
    if (this.run === null) return null;
    for (const workload of this.workloads) {
      const [run, id] = (await this.read(workload, signal)).metadata.annotations?.[RESTORED_ANNOTATION]?.split(' ') ?? [];
      if (run === this.run && id !== undefined) return id;
    }
    return null;
  }

  /**
   * Changes an object as it is now, again if somebody else has changed it meanwhile.
   *
   * @returns what `patch` returns for it; `undefined` where there is nothing to change
   */
  private async change(workload: WorkloadConfig, patch: (object: Workload) => Change | undefined, signal: AbortSignal): Promise<Change | undefined> {
    for (let left = CONFLICTS; ; left -= 1) {
      const change = patch(await this.read(workload, signal));
      if (!change) return undefined;
      try {
        await this.patch(workload, change, {}, signal);
        return change;
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 409 || left === 0) throw error;
      }
    }
  }

  private async untilGone(workload: WorkloadConfig, signal: AbortSignal): Promise<void> {
    const started = performance.now();
    for (;;) {
      const object = await this.read(workload, signal);
      if (object.spec.replicas !== 0) {
        throw new RunnerError(scaledUp(workload, replicasOf(object)), ExitCode.BAD_CONFIG);
      }
      // The controllers have seen the zero, so that no pod is made any more; and none is left of those that were.
      const settled = hasSettled(object) && (object.status?.replicas ?? 0) === 0;
      const pods = await this.podsOf(workload, object, signal);
      if (settled && pods.length === 0) return;
      const limit = (object.spec.template.spec.terminationGracePeriodSeconds ?? 30) + this.pace.stopSpareSeconds;
      if (performance.now() - started > limit * 1000) throw new RunnerError(notStopped(workload, limit, pods), ExitCode.UNAVAILABLE);
      await this.pause(signal);
    }
  }

  /** @returns what is wrong; `undefined` once all replicas are ready */
  private async untilReady(workload: WorkloadConfig, signal: AbortSignal): Promise<string | undefined> {
    const started = performance.now();
    let said = '';
    for (;;) {
      const object = await this.read(workload, signal);
      const wanted = replicasOf(object);
      const { replicas = 0, updatedReplicas = 0, readyReplicas = 0 } = object.status ?? {};
      // None of those that are replaced is left.
      if (hasSettled(object) && replicas <= updatedReplicas && updatedReplicas >= wanted && readyReplicas >= wanted) return undefined;
      const limit = Math.min(object.spec.progressDeadlineSeconds ?? this.pace.readyWithinSeconds, this.pace.readyWithinSeconds);
      if (performance.now() - started > limit * 1000) return notReadyAgain(workload, readyReplicas, wanted, limit);
      const waiting = notReadyYet(workload, readyReplicas, wanted);
      if (waiting !== said) this.reporter.info('workload.waiting', waiting, { workload: workload.name, ready: readyReplicas, replicas: wanted });
      said = waiting;
      await this.pause(signal);
    }
  }

  /** Pods that can still reach the target. */
  private async podsOf(workload: WorkloadConfig, { spec }: Workload, signal: AbortSignal): Promise<readonly Pod[]> {
    const list = await this.api.send({
      method: 'GET',
      path: `/api/v1/namespaces/${encodeURIComponent(workload.namespace)}/pods`,
      query: { labelSelector: renderSelector(spec.selector) },
    }, signal) as { readonly items: readonly Pod[] };
    return list.items.filter(pod => isOf(workload, pod) && !['Succeeded', 'Failed'].includes(pod.status?.phase ?? ''));
  }

  /** An ordinary HorizontalPodAutoscaler leaves a target at zero alone, so only the others stand in the way. */
  private async autoscalersOf(workload: WorkloadConfig, signal: AbortSignal): Promise<Obstacle[]> {
    const list = await this.api.send({
      method: 'GET',
      path: `/apis/autoscaling/v2/namespaces/${encodeURIComponent(workload.namespace)}/horizontalpodautoscalers`,
    }, signal) as { readonly items: readonly Autoscaler[] };
    const findings: Obstacle[] = [];
    for (const { metadata, spec } of list.items) {
      if (spec.scaleTargetRef.kind !== workload.kind || spec.scaleTargetRef.name !== workload.name) continue;
      const keda = metadata.ownerReferences?.find(({ kind }) => kind === 'ScaledObject');
      if (keda) findings.push({ message: kedaStarts(workload, keda.name), exitCode: ExitCode.BAD_CONFIG });
      else if (spec.minReplicas === 0) findings.push({ message: autoscalerStarts(workload, metadata.name), exitCode: ExitCode.BAD_CONFIG });
      else this.reporter.info('autoscaler.rests', autoscalerRests(workload, metadata.name));
    }
    return findings;
  }

  private async read(workload: WorkloadConfig, signal: AbortSignal): Promise<Workload> {
    return await this.api.send({ method: 'GET', path: pathOf(workload) }, signal) as Workload;
  }

  private async patch(workload: WorkloadConfig, { body }: Change, query: { readonly [name: string]: string }, signal: AbortSignal): Promise<void> {
    await this.api.send({ method: 'PATCH', path: pathOf(workload), query: { fieldManager: 'cdk8s-backup', ...query }, body }, signal);
  }

  private async pause(signal: AbortSignal): Promise<void> {
    await sleep(this.pace.pollMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}
