/*
 * The one shape of what runs the runner, whoever starts it: a schedule, a person with `kubectl create job --from=cronjob/NAME`, or whoever
 * applies the manifest.
 */
import { ApiObject, Duration, JsonPatch } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { CronJobSettings } from './cron-job-settings';
import { defineJobPolicy, PodNetwork, policedLabels } from './network-policy';
import { addressByName } from './pod-address';
import { NameAndLabels, RunnerPod } from './runner-pod';
import { Config } from '../../contract/config';
import { PodParts, podLabelsOf } from '../parts/pod-parts';

/** What a Job is made of. All of it has been checked. */
export interface RunnerJobProps {
  /** Of the object, and of its network policy. */
  readonly metadata: NameAndLabels;
  readonly pod: RunnerPod;
  /** Of the runner; the first is its command. */
  readonly args: readonly [string, ...string[]];
  readonly config: Config;
  /** What the pod has beside the config. */
  readonly parts: readonly PodParts<unknown>[];
  readonly network: PodNetwork;
  readonly serviceAccount: kplus.IServiceAccount;
  /** Whether the pod gets a token for the API server. */
  readonly asksApi: boolean;
  readonly deadlineSeconds: number;
  readonly backoffLimit: number;
}

/** What a CronJob is made of. */
export interface RunnerCronJobProps extends RunnerJobProps, CronJobSettings {
  /** Whether only a person starts its Jobs. */
  readonly suspend?: boolean;
  /** Starts before the runner. */
  readonly initContainer?: kplus.ContainerProps;
}

/** A CronJob, its network policy, and everything that cdk8s-plus has no property for. */
export function defineRunnerCronJob(scope: Construct, props: RunnerCronJobProps): { cronJob: kplus.CronJob; networkPolicy?: ApiObject } {
  const { metadata, initContainer } = props;
  const cronJob = new kplus.CronJob(scope, 'Resource', {
    ...jobOf(scope, props),
    // A suspended one makes an application of Argo CD "Suspended" for ever, which hides that something else of it is.
    metadata: { ...metadata, annotations: props.suspend ? { 'argocd.argoproj.io/ignore-healthcheck': 'true' } : {} },
    initContainers: initContainer && [initContainer],
    schedule: props.schedule,
    timeZone: props.timeZone,
    suspend: props.suspend,
    // Two runs at a time would compete for the same name; against the ones started by hand the runner has a claim.
    concurrencyPolicy: kplus.ConcurrencyPolicy.FORBID,
    startingDeadline: Duration.seconds(props.startingDeadlineSeconds),
    successfulJobsRetained: props.successfulJobsRetained,
    failedJobsRetained: props.failedJobsRetained,
  });
  addressByName(cronJob, metadata.name);
  const object = ApiObject.of(cronJob);
  // A Job has these labels, and nothing of the CronJob's own.
  object.addJsonPatch(JsonPatch.add('/spec/jobTemplate/metadata', { labels: metadata.labels }));
  props.pod.patch(object, '/spec/jobTemplate', props.args[0]);
  return { cronJob, networkPolicy: defineJobPolicy(scope, metadata, props.network) };
}

/** A Job, and the same around it. */
export function defineRunnerJob(scope: Construct, props: RunnerJobProps): { job: kplus.Job; networkPolicy?: ApiObject } {
  const job = new kplus.Job(scope, 'Resource', jobOf(scope, props));
  addressByName(job, props.metadata.name);
  props.pod.patch(ApiObject.of(job), '', props.args[0]);
  return { job, networkPolicy: defineJobPolicy(scope, props.metadata, props.network) };
}

function jobOf(scope: Construct, { metadata, pod, args, config, parts, ...props }: RunnerJobProps): kplus.JobProps {
  return {
    metadata,
    podMetadata: { labels: { ...policedLabels(metadata.labels, metadata.name), ...podLabelsOf(parts) } },
    activeDeadline: Duration.seconds(props.deadlineSeconds),
    backoffLimit: props.backoffLimit,
    serviceAccount: props.serviceAccount,
    automountServiceAccountToken: props.asksApi,
    ...pod.define(scope, args, config, parts),
  };
}
