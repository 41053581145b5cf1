import { createHash } from 'node:crypto';
import { ApiObject, Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { LifecycleApplyJobOptions, OtherLifecycleRules } from './lifecycle-apply-job';
import { LIFECYCLE_ENV, LifecycleConfig, renderLifecycleConfig } from '../../contract/lifecycle';
import { asResource } from '../core/any-version';
import { standardLabels } from '../core/standard-labels';
import { SCRATCH } from '../parts/pod-parts';
import { StoreParts } from '../parts/store-parts';
import { BackupDefaults } from '../pod/backup-defaults';
import { nameByContent } from '../pod/content-name';
import { defineJobPolicy, networkOf, policedLabels } from '../pod/network-policy';
import { addressByName } from '../pod/pod-address';
import { checkImage, defaultImage, warnWithoutRegistry } from '../pod/runner-image';
import { patchJob, restricted } from '../pod/runner-pod';
import { asSecretFiles } from '../pod/secret-files';
import { checkNotABackup } from '../restore/not-a-backup';

const CONTAINER = 'lifecycle';
const USER = 10_001;
const NAME = 'backup-lifecycle';

/** A Job that puts rules to a bucket. */
export interface ApplyJob {
  readonly job: kplus.Job;
  /** With the hash in it. */
  readonly jobName: string;
}

/**
 * A Job that runs `lifecycle apply` once. Another image makes another Job, which finds its rules in the bucket and changes nothing. No time
 * limit removes it: whatever syncs Git would miss it, and make it again and again.
 */
export function defineApplyJob(scope: Construct, config: LifecycleConfig, store: StoreParts, options: LifecycleApplyJobOptions): ApplyJob {
  const given = options.labels ?? { component: NAME };
  checkNotABackup(given);
  const value = renderLifecycleConfig(config);
  const defaults = BackupDefaults._for(scope);
  const image = checkImage('image', options.image ?? defaults.image ?? defaultImage());
  warnWithoutRegistry(scope, image);
  const others = options.otherRules ?? OtherLifecycleRules.REFUSE;
  const bucket = hash(store.location);
  const labels = { ...standardLabels(scope, NAME, `${NAME}-${bucket}`), ...given };
  const lasting = { name: `${NAME}-${bucket}`, labels };
  const network = networkOf(options, defaults, { stores: [config.store] });
  const serviceAccount = asResource<kplus.IServiceAccount>(options.serviceAccount) ?? new kplus.ServiceAccount(scope, 'ServiceAccount', {
    metadata: { ...lasting, annotations: { ...store.annotations } },
  });
  const secrets = options.credentialsAsFiles ?? defaults.credentialsAsFiles ? asSecretFiles(scope, store.env) : { env: store.env, mounts: [] };
  const scratch = kplus.Volume.fromEmptyDir(scope, 'Scratch', 'scratch', { sizeLimit: Size.mebibytes(16) });
  const job = new kplus.Job(scope, 'Resource', {
    metadata: { name: NAME, labels },
    podMetadata: { labels: policedLabels(labels, lasting.name) },
    activeDeadline: Duration.minutes(10),
    backoffLimit: 4,
    restartPolicy: kplus.RestartPolicy.NEVER,
    dockerRegistryAuth: asResource<kplus.ISecret>(defaults.imagePullSecret),
    serviceAccount,
    automountServiceAccountToken: false,
    securityContext: { user: USER, group: USER, ensureNonRoot: true, ...secrets.mounts.length > 0 ? { fsGroup: USER } : {} },
    containers: [{
      name: CONTAINER,
      image,
      imagePullPolicy: defaults.imagePullPolicy ?? kplus.ImagePullPolicy.IF_NOT_PRESENT,
      args: ['lifecycle', 'apply', ...others === OtherLifecycleRules.REFUSE ? [] : [`--${others}-others`]],
      envVariables: { [LIFECYCLE_ENV]: kplus.EnvValue.fromValue(value), ...secrets.env },
      resources: { cpu: { request: kplus.Cpu.millis(100) }, memory: { request: Size.mebibytes(128), limit: Size.mebibytes(256) } },
      securityContext: restricted(USER, USER),
      volumeMounts: [{ path: SCRATCH, volume: scratch }, ...store.mounts, ...secrets.mounts],
    }],
  });
  addressByName(job, lasting.name);
  patchJob(ApiObject.of(job), '', CONTAINER);
  defineJobPolicy(scope, lasting, network);
  // The first hash stays as long as the rules do: an upgrade changes the second.
  return { job, jobName: nameByContent(ApiObject.of(job), `${NAME}-${hash(value)}`) };
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
