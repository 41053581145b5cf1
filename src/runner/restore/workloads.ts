import { Finding } from './restorer';
import { WorkloadConfig } from '../../contract/config';
import { RUN_ENV } from '../../contract/run';
import { openKubernetes } from '../kubernetes/api';
import { KubernetesWorkloads } from '../kubernetes/workloads';
import { Reporter } from '../reporter';

/** What uses the target, and must not while it is restored. */
export interface Workloads {
  /** What will be stopped and started, by name, for the plan. */
  readonly steps: readonly string[];

  /** Whether the rights are there, the objects exist, and nothing fights a scale to zero. Changes nothing. */
  inspect(signal: AbortSignal): Promise<readonly Finding[]>;

  /** Writes down the replica counts where a crash can't lose them, scales to zero, and waits until all pods are gone. */
  stop(signal: AbortSignal): Promise<void>;

  /**
   * Scales back to what was written down, also by an earlier run that was killed.
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

export function openWorkloads(workloads: readonly WorkloadConfig[], env: NodeJS.ProcessEnv, reporter: Reporter): Workloads {
  if (workloads.length === 0) {
    return {
      steps: [],
      inspect: () => Promise.resolve([]),
      stop: () => Promise.resolve(),
      start: () => Promise.resolve(),
      restoredBefore: () => Promise.resolve(null),
    };
  }
  return new KubernetesWorkloads(workloads, openKubernetes(env), reporter, undefined, env[RUN_ENV] || null);
}
