import { openKubernetes } from './api';
import { KubernetesWorkloads, Workloads } from './workloads';
import { WorkloadConfig } from '../../contract/config';
import { RUN_ENV } from '../../contract/run';
import { Reporter } from '../core/reporter';

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
