import { createHash } from 'node:crypto';
import { ApiObject, Chart, Cron, Duration, JsonPatch } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { checkJobName, checkNotABackup } from './checks';
import { RestoreJobProps } from './restore-job-props';
import { RestorePoint } from './restore-point';
import { RestoreTrigger } from './restore-trigger';
import { CONFIG_VERSION, EncryptionConfig, RestoreConfig, TargetConfig, WorkloadConfig } from '../../contract/config';
import { parseKey } from '../../contract/layout';
import { RUN_ENV } from '../../contract/run';
import { BackupCronJob } from '../backup/backup-cron-job';
import { checkBackupName } from '../core/backup-name';
import { checkHttpUrl, checkWholeNumber, show, wholeSeconds } from '../core/check';
import { defined } from '../core/defined';
import { refuseNamesakes } from '../core/namesakes';
import { warn } from '../core/warnings';
import { grant } from '../engines/kubernetes/pod-parts';
import { RestoreMode } from '../engines/restore-mode';
import { PodParts } from '../parts/pod-parts';
import { StoreParts } from '../parts/store-parts';
import { connectionsOf } from '../pod/network-needs';
import { NetworkOptions } from '../pod/network-options';
import { checkNetwork, defineJobPolicy, inheritNetwork, policedLabels } from '../pod/network-policy';
import { bindStores, checkStores, NameAndLabels, RunnerPod, serviceAccountFor } from '../pod/runner-pod';
import { runnerDeadlineSeconds } from '../schedule/timing';
import { checkAccess } from '../stores/access';

const COMMAND = 'restore';

/** Tells a pod which Job it is of, so that one that is started again finds what an earlier one has noted. */
const RUN_PARTS: PodParts<null> = {
  config: null,
  env: { [RUN_ENV]: kplus.EnvValue.fromFieldRef(kplus.EnvFieldPaths.POD_LABEL, { key: 'batch.kubernetes.io/controller-uid' }) },
  mounts: [],
  mountsClaim: false,
};

/**
 * The 30th of February. The API server takes it, and the controller of CronJobs finds no time for it: so even one that somebody resumes
 * by mistake never runs.
 */
const NEVER = Cron.schedule({ minute: '0', hour: '0', day: '30', month: '2' });

/**
 * Restores one database, when somebody says so.
 *
 * Defines a suspended `CronJob` as a template for `kubectl create job --from=cronjob/NAME`, or a `Job` that runs when it is applied; a
 * `ServiceAccount`; a `NetworkPolicy`; and with workloads to stop, a `Role` for exactly those. The pod meets the "restricted" level of Pod Security.
 */
export class RestoreJob extends Construct {
  /** The `CronJob` or `Job`, for anything this construct does not cover: `scheduling`, or a JSON patch through `ApiObject.of(restore.resource)`. */
  public readonly resource: kplus.Workload;

  /** The identity of the pod. */
  public readonly serviceAccount: kplus.IServiceAccount;

  /** Name of the CronJob, or of the Job with the hash in it. */
  public readonly jobName: string;

  /** The `NetworkPolicy`; `undefined` where `networkPolicy` is false. */
  public readonly networkPolicy?: ApiObject;

  /**
   * The backup that is restored, if it is defined in the app.
   *
   * @internal
   */
  public readonly _backup?: BackupCronJob;

  /**
   * Whether Jobs are made from it.
   *
   * @internal
   */
  public readonly _isTemplate: boolean;

  private readonly baseName: string;

  constructor(scope: Construct, id: string, props: RestoreJobProps) {
    super(scope, id);

    this.baseName = checkJobName('jobName', id, props.jobName);
    const given = props.backup?._restorable;
    const target = props.target ?? given?.source ?? missing('target', 'BackupSource.postgres, redis or sqlite');
    const stores = props.stores ?? given?.stores ?? missing('stores', 'where the backups are');
    checkStores(stores);
    const backupName = checkBackupName(props.backupName, props.backup?.backupName ?? target._backupName);
    const point = checkPoint(props.restorePoint ?? RestorePoint.LATEST, backupName);
    const trigger = props.trigger ?? RestoreTrigger.TEMPLATE;
    this._backup = props.backup;
    this._isTemplate = trigger._kind === 'template';
    const labels = props.labels ?? { component: 'restore' };
    checkNotABackup(labels, props.backup?._labels);
    const deadlineSeconds = wholeSeconds('deadline', props.deadline ?? Duration.hours(6), 60, 'a pod needs some time to start');
    const backoffLimit = checkWholeNumber('backoffLimit', props.backoffLimit ?? 2, 0, 100);
    const workloads = checkWorkloads((props.workloads ?? []).map(workload => workload._toConfig(Chart.of(this).namespace)));
    const source = target._bind(this);
    const mode = props.mode ?? RestoreMode._default(source.config);
    const targetParts = mode._bind(this, source);
    if (mode._needsScratch && props.scratchSize === undefined) {
      throw new Error('\'scratchSize\' is missing: several \'parallelJobs\' need the whole archive in a file; say how large the volume for it may become, more than the backup is');
    }
    const { user, group, fsGroup, image, imagePullPolicy, imagePullSecret } = { ...given, ...defined(props) };
    const scratchSize = props.scratchSize ?? target._scratchSize;
    const pod = new RunnerPod({ ...props, user, group, fsGroup, image, imagePullPolicy, imagePullSecret }, scratchSize);
    props.backup?._recovery.addRestore({ path: this.node.path, scratchSize });
    const storeParts = bindStores(this, backupName, stores, props.s3Credentials)
      .map(store => writesToStores(targetParts.config) ? store : readOnly(store));

    checkAccess(stores, props.s3Credentials ?? {}, [
      { right: 'read', why: 'a restore reads', wayOut: 'set \'s3Credentials\' to some of S3Access.READ' },
      ...writesToStores(targetParts.config)
        ? [{ right: 'put', why: 'this restore stores what is there before as a backup', wayOut: 'set \'s3Credentials\' to some of S3Access.BACKUP, or do without in the \'mode\': safetyBackup: false' } as const] : [],
    ]);

    const decryption = props.decryption?._bind(this);
    if (props.decryption?._risk !== undefined) warn(this, props.decryption._risk);
    if (decryption === undefined && props.backup !== undefined && props.backup._config.encryption !== null) {
      warn(this, `${props.backup.node.path} is encrypted, and this job has no identity to open it: set 'decryption', or restore from a machine that has one, with --identity FILE`);
    }

    const encryption = props.encryption?._toConfig() ?? props.backup?._config.encryption ?? null;
    checkSafetyEncryption(targetParts.config, decryption !== undefined, encryption);

    const config: RestoreConfig = {
      version: CONFIG_VERSION,
      kind: 'restore',
      name: backupName,
      target: targetParts.config,
      stores: storeParts.map(store => store.config),
      backup: point._backup,
      notAfter: point._notAfter,
      store: null,
      workloads,
      healthUrl: props.healthUrl === undefined ? null : checkHttpUrl('healthUrl', props.healthUrl, 'ask a path that needs none', 'http://backend:8080/health'),
      decryption: decryption?.config ?? null,
      encryption,
      deadlineSeconds: runnerDeadlineSeconds(deadlineSeconds),
      scratch: pod.scratch,
    };

    const network = inheritNetwork(props, inheritable(props));
    const connections = connectionsOf({ ...config, database: config.target, api: workloads.length > 0 }, network.network);
    checkNetwork(props, network, connections);

    const metadata = { name: this.baseName, labels };
    this.serviceAccount = serviceAccountFor(this, props.serviceAccount, storeParts, metadata);
    if (workloads.length > 0) allow(this, this.serviceAccount, workloads, metadata);
    grant(this, this.serviceAccount, targetParts, metadata);
    const job = {
      metadata,
      podMetadata: { labels: policedLabels(labels, this.baseName) },
      activeDeadline: Duration.seconds(deadlineSeconds),
      backoffLimit,
      serviceAccount: this.serviceAccount,
      automountServiceAccountToken: workloads.length > 0 || targetParts.api !== undefined,
      ...pod.define(this, [COMMAND], config, [
        targetParts, ...storeParts, ...decryption ? [decryption] : [], ...workloads.length > 0 ? [RUN_PARTS] : [],
      ]),
    };
    if (trigger._kind === 'template') {
      this.resource = new kplus.CronJob(this, 'Resource', {
        ...job,
        schedule: NEVER,
        timeZone: 'Etc/UTC',
        suspend: true,
        concurrencyPolicy: kplus.ConcurrencyPolicy.FORBID,
        startingDeadline: Duration.seconds(10),
        // What was restored and when is looked up later.
        successfulJobsRetained: 10,
        failedJobsRetained: 10,
      });
      ApiObject.of(this.resource).addJsonPatch(JsonPatch.add('/spec/jobTemplate/metadata', { labels }));
      pod.patch(ApiObject.of(this.resource), '/spec/jobTemplate', COMMAND);
      this.jobName = this.baseName;
    } else {
      this.resource = new kplus.Job(this, 'Resource', job);
      pod.patch(ApiObject.of(this.resource), '', COMMAND);
      // A Job can't be changed once it is there: another spec is another Job.
      this.jobName = `${this.baseName}-${hashOf(ApiObject.of(this.resource).toJson().spec)}`;
      ApiObject.of(this.resource).addJsonPatch(JsonPatch.replace('/metadata/name', this.jobName));
    }
    this.networkPolicy = defineJobPolicy(this, metadata, network, connections);
    refuseNamesakes(this, 'jobName', this.baseName, { jobNames: [this.baseName] });
  }
}

/** The rights to stop and start exactly these objects. */
function allow(scope: Construct, account: kplus.IServiceAccount, workloads: readonly WorkloadConfig[], metadata: NameAndLabels): void {
  const { namespace } = workloads[0];
  const named = (kind: WorkloadConfig['kind'], resource: string) => {
    const resourceNames = workloads.filter(workload => workload.kind === kind).map(({ name }) => name);
    // The annotation and the replicas are written in one request, so the subresource "scale" is of no use.
    return resourceNames.length === 0 ? [] : [{ apiGroups: ['apps'], resources: [resource], resourceNames, verbs: ['get', 'patch'] }];
  };
  new kplus.k8s.KubeRole(scope, 'Role', {
    metadata,
    rules: [
      ...named('Deployment', 'deployments'),
      ...named('StatefulSet', 'statefulsets'),
      // A list can't be restricted by name: these two show the pods and autoscalers of the whole namespace.
      { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
      { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: ['list'] },
    ],
  });
  new kplus.k8s.KubeRoleBinding(scope, 'RoleBinding', {
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: metadata.name },
    subjects: [{ kind: 'ServiceAccount', name: account.name, namespace }],
  });
}

/** Whether the present data is stored as a backup before it is replaced. */
function writesToStores(target: TargetConfig): boolean {
  switch (target.engine) {
    case 'postgres': return target.mode === 'in-place' && target.safetyBackup;
    case 'redis': return target.method !== 'file' && target.safetyBackup;
    case 'sqlite': return false;
    case 'kubernetes': return target.replace;
    case 'set': return Object.values(target.members).some(writesToStores);
  }
}

/** Refuses a safety backup that would lie in the clear beside encrypted backups. */
function checkSafetyEncryption(target: TargetConfig, decrypts: boolean, encryption: EncryptionConfig | null): void {
  if (encryption !== null || !writesToStores(target)) return;
  if (target.engine === 'kubernetes') {
    throw new Error('\'encryption\' is missing: the Secrets that this restore replaces are stored before, and never in the clear; give the one of the backup: Encryption.age({ recipients })');
  }
  if (!decrypts) return;
  throw new Error('\'encryption\' is missing: with \'decryption\' the backups are encrypted, and what this restore stores of what is there before would not be; '
    + 'give the one of the backup: Encryption.age({ recipients }), or do without in the \'mode\': safetyBackup: false');
}

function readOnly(store: StoreParts): StoreParts {
  return { ...store, mounts: store.mounts.map(mount => ({ ...mount, readOnly: true })) };
}

/** What is known of the backup's network, without what is about other servers than those of this restore. */
function inheritable({ backup, target, stores }: RestoreJobProps): NetworkOptions | undefined {
  if (backup === undefined) return undefined;
  const { networkPolicy, network } = backup._network;
  return { networkPolicy, network: { ...network, ...target && { database: undefined, members: undefined }, ...stores && { stores: undefined } } };
}

function hashOf(spec: unknown): string {
  return createHash('sha256').update(JSON.stringify(spec)).digest('hex').slice(0, 8);
}

function missing(property: 'target' | 'stores', what: string): never {
  throw new Error(`'${property}' is missing: give 'backup', the BackupCronJob that is to be restored, or ${property === 'target' ? 'the database to restore to' : 'the stores'}: ${what}`);
}

function checkPoint(point: RestorePoint, backupName: string): RestorePoint {
  const name = parseKey(point._backup)?.name;
  if (name !== undefined && name !== backupName) {
    throw new Error(`'restorePoint' must be a backup of ${show(backupName)}, got ${show(point._backup)}: name one of those, or set 'backupName'`);
  }
  return point;
}

function checkWorkloads(workloads: readonly WorkloadConfig[]): readonly WorkloadConfig[] {
  const names = workloads.map(({ kind, name }) => `${kind} ${name}`);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new Error(`'workloads' has ${show(twice)} twice: drop one of them`);
  return workloads;
}
