import { ApiObject, Cron } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { RestoreTrigger } from './restore-trigger';
import { nameByContent } from '../pod/content-name';
import { defineRunnerCronJob, defineRunnerJob, RunnerJobProps } from '../pod/runner-job';

/** What restores, once it is started. */
export interface RestoreResource {
  readonly resource: kplus.Workload;
  /** With the hash in it, if there is one. */
  readonly name: string;
  readonly networkPolicy?: ApiObject;
}

export function defineRestore(scope: Construct, trigger: RestoreTrigger, job: RunnerJobProps): RestoreResource {
  return trigger._kind === 'template' ? defineTemplate(scope, job) : defineOnApply(scope, job);
}

/**
 * The 30th of February. The API server takes it, and the controller of CronJobs finds no time for it: so even one that somebody resumes
 * by mistake never runs.
 */
const NEVER = Cron.schedule({ minute: '0', hour: '0', day: '30', month: '2' });

function defineTemplate(scope: Construct, job: RunnerJobProps): RestoreResource {
  const { cronJob, networkPolicy } = defineRunnerCronJob(scope, {
    ...job,
    schedule: NEVER,
    timeZone: 'Etc/UTC',
    suspend: true,
    startingDeadlineSeconds: 10,
    // What was restored and when is looked up later.
    successfulJobsRetained: 10,
    failedJobsRetained: 10,
  });
  return { resource: cronJob, name: job.metadata.name, networkPolicy };
}

function defineOnApply(scope: Construct, props: RunnerJobProps): RestoreResource {
  const { job, networkPolicy } = defineRunnerJob(scope, props);
  return { resource: job, name: nameByContent(ApiObject.of(job), props.metadata.name), networkPolicy };
}
