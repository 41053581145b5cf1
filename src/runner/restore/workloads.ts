import { WorkloadConfig } from '../../contract/config';
import { RUN_ENV } from '../../contract/run';
import { openKubernetes } from '../kubernetes/api';
import { KubernetesWorkloads, Workloads } from '../kubernetes/workloads';
import { Reporter } from '../reporter';

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
