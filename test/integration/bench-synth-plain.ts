/*
 * What this library makes of a backup and its restore, made with cdk8s-plus by hand: what `bench synth` compares with.
 */
import { isDeepStrictEqual } from 'node:util';
import { ApiObject, Chart, Cron, Duration, JsonPatch, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { asStored } from '../../src/constructs/core/as-stored';

/** Defines an object that is written as this one. */
export function definePlain(chart: Chart, id: string, object: any): void {
  const { metadata, spec, kind } = object;
  const named = { name: metadata.name, labels: metadata.labels, annotations: metadata.annotations };
  if (kind === 'ServiceAccount') new kplus.ServiceAccount(chart, id, { metadata: named, automountToken: false });
  else if (kind === 'CronJob') cronJob(chart, id, named, spec);
  else new ApiObject(chart, id, { ...object, metadata: named }); // cdk8s-plus has no such NetworkPolicy: it allows an address or a pod, and not a port to anywhere
}

function cronJob(chart: Chart, id: string, metadata: any, spec: any): void {
  const job = spec.jobTemplate.spec;
  const pod = job.template.spec;
  const [container] = pod.containers;
  const { runAsUser: user, runAsGroup: group } = pod.securityContext;
  const [minute, hour, day, month, weekDay] = spec.schedule.split(' ');
  const scratch = kplus.Volume.fromEmptyDir(chart, `${id}-scratch`, 'scratch', { sizeLimit: Size.gibibytes(1) });
  const made = new kplus.CronJob(chart, id, {
    metadata,
    podMetadata: { labels: { ...job.template.metadata.labels } },
    schedule: Cron.schedule({ minute, hour, day, month, weekDay }),
    timeZone: spec.timeZone,
    suspend: spec.suspend,
    concurrencyPolicy: kplus.ConcurrencyPolicy.FORBID,
    startingDeadline: Duration.seconds(spec.startingDeadlineSeconds),
    successfulJobsRetained: spec.successfulJobsHistoryLimit,
    failedJobsRetained: spec.failedJobsHistoryLimit,
    activeDeadline: Duration.seconds(job.activeDeadlineSeconds),
    backoffLimit: job.backoffLimit,
    serviceAccount: kplus.ServiceAccount.fromServiceAccountName(chart, `${id}-account`, pod.serviceAccountName),
    automountServiceAccountToken: pod.automountServiceAccountToken,
    terminationGracePeriod: Duration.seconds(pod.terminationGracePeriodSeconds),
    restartPolicy: kplus.RestartPolicy.NEVER,
    securityContext: { user, group, ensureNonRoot: true, fsGroupChangePolicy: kplus.FsGroupChangePolicy.ON_ROOT_MISMATCH },
    containers: [{
      name: container.name,
      image: container.image,
      imagePullPolicy: kplus.ImagePullPolicy.IF_NOT_PRESENT,
      args: container.args,
      envVariables: Object.fromEntries(container.env.map(({ name, value, valueFrom }: any) => [name, valueFrom
        ? kplus.EnvValue.fromSecretValue({ secret: kplus.Secret.fromSecretName(chart, `${id}-${name}`, valueFrom.secretKeyRef.name), key: valueFrom.secretKeyRef.key })
        : kplus.EnvValue.fromValue(value)])),
      resources: { cpu: { request: kplus.Cpu.millis(100) }, memory: { request: Size.mebibytes(256), limit: Size.gibibytes(1) } },
      securityContext: { user, group, ensureNonRoot: true, readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, privileged: false },
      volumeMounts: [{ path: '/tmp', volume: scratch }],
    }],
  });
  // What cdk8s-plus has no property for.
  const template = '/spec/jobTemplate/spec/template';
  ApiObject.of(made).addJsonPatch(
    JsonPatch.add('/spec/jobTemplate/metadata', spec.jobTemplate.metadata),
    JsonPatch.add('/spec/jobTemplate/spec/podFailurePolicy', job.podFailurePolicy),
    JsonPatch.add(`${template}/metadata`, job.template.metadata),
    JsonPatch.add(`${template}/spec/enableServiceLinks`, pod.enableServiceLinks),
    JsonPatch.add(`${template}/spec/securityContext/seccompProfile`, pod.securityContext.seccompProfile),
    JsonPatch.add(`${template}/spec/containers/0/securityContext/capabilities`, container.securityContext.capabilities),
    JsonPatch.add(`${template}/spec/containers/0/securityContext/seccompProfile`, container.securityContext.seccompProfile),
  );
}

/** Throws where the objects are not the same. */
export function refuseOthers(made: readonly unknown[], wanted: readonly unknown[]): void {
  const plain = (objects: readonly unknown[]) => asStored(JSON.parse(JSON.stringify(objects)));
  if (!isDeepStrictEqual(plain(made), plain(wanted))) throw new Error('what is compared are not the same objects');
}
