import { createHash } from 'node:crypto';
import { ApiObject, Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { LifecycleApplyJobOptions, OtherLifecycleRules } from './lifecycle-apply-job';
import { LIFECYCLE_ENV, LifecycleConfig, renderLifecycleConfig } from '../../contract/lifecycle';
import { checkLabels } from '../core/check';
import { SCRATCH } from '../parts/pod-parts';
import { StoreParts } from '../parts/store-parts';
import { defineJobPolicy, networkOf, policedLabels } from '../pod/network-policy';
import { defaultImage } from '../pod/runner-image';
import { checkImage, patchJob, restricted } from '../pod/runner-pod';

const CONTAINER = 'lifecycle';
const USER = 10_001;
const NAME = 'backup-lifecycle';

/**
 * A Job that runs `lifecycle apply` once. The pod of a Job can't be changed, so what it does is part of its name: other rules are another
 * Job, and the same rules are the same one.
 */
export function defineApplyJob(scope: Construct, config: LifecycleConfig, store: StoreParts, options: LifecycleApplyJobOptions): kplus.Job {
  const labels = options.labels ?? { component: 'backup' };
  checkLabels('labels', labels);
  const value = renderLifecycleConfig(config);
  const image = checkImage('image', options.image ?? defaultImage());
  const others = options.otherRules ?? OtherLifecycleRules.REFUSE;
  const hash = createHash('sha256').update(JSON.stringify([value, image, others])).digest('hex').slice(0, 8);
  const metadata = { name: `${NAME}-${hash}`, labels };
  const bucket = createHash('sha256').update(store.location).digest('hex').slice(0, 8);
  const lasting = { name: `${NAME}-${bucket}`, labels };
  const network = networkOf(options, undefined, { stores: [config.store] });
  const serviceAccount = options.serviceAccount ?? new kplus.ServiceAccount(scope, 'ServiceAccount', {
    metadata: { ...lasting, annotations: { ...store.annotations } },
  });
  const scratch = kplus.Volume.fromEmptyDir(scope, 'Scratch', 'scratch', { sizeLimit: Size.mebibytes(16) });
  const job = new kplus.Job(scope, 'Resource', {
    metadata,
    podMetadata: { labels: policedLabels(labels, lasting.name) },
    activeDeadline: Duration.minutes(10),
    backoffLimit: 4,
    restartPolicy: kplus.RestartPolicy.NEVER,
    serviceAccount,
    automountServiceAccountToken: false,
    securityContext: { user: USER, group: USER, ensureNonRoot: true },
    containers: [{
      name: CONTAINER,
      image,
      imagePullPolicy: kplus.ImagePullPolicy.IF_NOT_PRESENT,
      args: ['lifecycle', 'apply', ...others === OtherLifecycleRules.REFUSE ? [] : [`--${others}-others`]],
      envVariables: { [LIFECYCLE_ENV]: kplus.EnvValue.fromValue(value), ...store.env },
      resources: { cpu: { request: kplus.Cpu.millis(100) }, memory: { request: Size.mebibytes(128), limit: Size.mebibytes(256) } },
      securityContext: restricted(USER, USER),
      volumeMounts: [{ path: SCRATCH, volume: scratch }],
    }],
  });
  patchJob(ApiObject.of(job), '', CONTAINER);
  defineJobPolicy(scope, lasting, network);
  return job;
}
