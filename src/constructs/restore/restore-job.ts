import { ApiObject, Chart } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { RESTORE_FORM } from './restore-form';
import { RestoreJobProps } from './restore-job-props';
import { defineRestore } from './restore-resource';
import { checkRestoreProps, RestoreSettings } from './restore-settings';
import { RestoreTrigger } from './restore-trigger';
import { defineOnce, onceOf } from './restored-once';
import { grantWorkloads } from './workload-rights';
import { CONFIG_VERSION, DecryptionConfig, EncryptionConfig, RestoreConfig, RestoreOnceConfig, ScratchConfig } from '../../contract/config';
import { RUN_ENV } from '../../contract/run';
import { BackupCronJob } from '../backup/backup-cron-job';
import { writeAsStored } from '../core/as-stored';
import { checkHttpUrl } from '../core/check';
import { checkForm } from '../core/form';
import { located } from '../core/located';
import { refuseNamesakes } from '../core/namesakes';
import { standardLabels } from '../core/standard-labels';
import { warn } from '../core/warnings';
import { TargetParts } from '../engine-api/restore';
import { BackupSource } from '../engines/backup-source';
import { RestoreMode } from '../engines/restore-mode';
import { PodParts } from '../parts/pod-parts';
import { StoreParts } from '../parts/store-parts';
import { grantRights } from '../pod/api-rights';
import { BackupDefaults } from '../pod/backup-defaults';
import { NetworkOptions } from '../pod/network-options';
import { networkOf } from '../pod/network-policy';
import { bindStores, inheritPod, RunnerPod, serviceAccountFor } from '../pod/runner-pod';
import { runnerDeadlineSeconds } from '../schedule/timing';
import { checkAccess } from '../stores/access';
import { BackupStore } from '../stores/backup-store';

/** Tells a pod which Job it is of, so that one that is started again finds what an earlier one has noted. */
const RUN_PARTS: PodParts<null> = {
  config: null,
  env: { [RUN_ENV]: kplus.EnvValue.fromFieldRef(kplus.EnvFieldPaths.POD_LABEL, { key: 'batch.kubernetes.io/controller-uid' }) },
  mounts: [],
  mountsClaim: false,
};

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

  /** Name of `resource`: of the CronJob, or of the Job with the hash in it. */
  public readonly resourceName: string;

  /** The `NetworkPolicy`; `undefined` where `networkPolicy` is false. */
  public readonly networkPolicy?: ApiObject;

  /**
   * What the runner is told.
   *
   * @internal
   */
  public readonly _config: RestoreConfig;

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

  constructor(scope: Construct, id: string, props: RestoreJobProps) {
    super(scope, id);
    try {
      checkForm(props, RESTORE_FORM);
      const settings = checkRestoreProps(id, props, Chart.of(this).namespace);
      const { baseName, target, stores, backupName, point, labels, workloads } = settings;
      const targetParts = bindTarget(this, target, props);
      const scratchSize = props.scratchSize ?? target._scratchSize;
      const pod = new RunnerPod(inheritPod(this, props, props.backup?._restorable), scratchSize);
      props.backup?._recovery.addRestore({ path: this.node.path, scratchSize });
      const storeParts = bindStores(this, backupName, stores, props.s3Credentials)
        .map(store => targetParts.storesPrevious ? store : readOnly(store));
      checkRights(stores, props, targetParts);
      const decryption = bindDecryption(this, props);

      const trigger = props.trigger ?? RestoreTrigger.TEMPLATE;
      const once = onceOf(trigger, baseName, Chart.of(this).namespace, { backupName, backup: point._backup, notAfter: point._notAfter });
      const config = restoreConfig(props, settings, { target: targetParts, stores: storeParts, decryption, scratch: pod.scratch, once });
      const asksApi = workloads.length > 0 || targetParts.api !== null || once !== undefined;
      const ofBackup = inheritable(props) ?? BackupDefaults._for(this);
      const network = networkOf(props, ofBackup, { ...config, endpoints: targetParts.endpoints, api: asksApi });

      const metadata = { name: baseName, labels: { ...standardLabels(this, 'restore', baseName), ...labels } };
      this.serviceAccount = serviceAccountFor(this, props.serviceAccount, storeParts, metadata);
      grantWorkloads(this, this.serviceAccount, workloads, metadata);
      grantRights(this, this.serviceAccount, targetParts.api, metadata);
      if (once !== undefined) defineOnce(this, this.serviceAccount, once, metadata);
      const { resource, name, networkPolicy } = defineRestore(this, trigger, {
        metadata,
        pod,
        // Whoever reads this log is a person, at 3 a.m.
        args: ['restore', '--log-format', 'text'],
        config,
        parts: [targetParts, ...storeParts, ...decryption ? [decryption] : [], ...workloads.length > 0 || once !== undefined ? [RUN_PARTS] : []],
        network,
        serviceAccount: this.serviceAccount,
        asksApi,
        deadlineSeconds: settings.deadlineSeconds,
        backoffLimit: settings.backoffLimit,
      });
      this.resource = resource;
      this.resourceName = name;
      this.networkPolicy = networkPolicy;

      this._config = config;
      this._backup = props.backup;
      this._isTemplate = trigger._kind === 'template';
      writeAsStored(this);
      refuseNamesakes(this, 'cronJobName', baseName, { jobNames: [baseName] });
    } catch (error) {
      throw located(this.node.path, error);
    }
  }
}

/** What the pod needs to reach the database that is restored to, and to restore it in that mode. */
function bindTarget(scope: Construct, target: BackupSource, { mode: given, scratchSize }: RestoreJobProps): TargetParts {
  const source = target._bind(scope);
  const mode = given ?? RestoreMode._default(source.config);
  const parts = mode._bind(scope, source);
  if (mode._needsScratch && scratchSize === undefined) {
    throw new Error('\'scratchSize\' is missing: several \'parallelJobs\' need the whole archive in a file; say how large the volume for it may become, more than the backup is');
  }
  return parts;
}

/** Whether the credentials may do what the job does. */
function checkRights(stores: readonly BackupStore[], { s3Credentials = {} }: RestoreJobProps, { storesPrevious }: TargetParts): void {
  checkAccess(stores, s3Credentials, [
    { right: 'read', why: 'a restore reads', wayOut: 'set \'s3Credentials\' to some of S3Access.READ' },
    ...storesPrevious
      ? [{ right: 'put', why: 'this restore stores what is there before as a backup', wayOut: 'set \'s3Credentials\' to some of S3Access.BACKUP, or do without in the \'mode\': safetyBackup: false' } as const] : [],
  ]);
}

function bindDecryption(scope: Construct, { decryption, backup }: RestoreJobProps): PodParts<DecryptionConfig> | undefined {
  if (decryption === undefined && backup !== undefined && backup._config.encryption !== null) {
    warn(scope, `${backup.node.path} is encrypted, and this job has no identity to open it: set 'decryption', or restore from a machine that has one, with --identity FILE`);
  }
  return decryption?._bind(scope);
}

/** What of the config is made of the pod's parts. */
interface BoundParts {
  readonly target: TargetParts;
  readonly stores: readonly StoreParts[];
  readonly decryption: PodParts<DecryptionConfig> | undefined;
  readonly scratch: ScratchConfig;
  readonly once: RestoreOnceConfig | undefined;
}

function restoreConfig(props: RestoreJobProps, { backupName, point, workloads, deadlineSeconds }: RestoreSettings, parts: BoundParts): RestoreConfig {
  const encryption = props.encryption?._toConfig() ?? props.backup?._config.encryption ?? null;
  checkSafetyEncryption(parts.target, parts.decryption !== undefined, encryption);
  return {
    version: CONFIG_VERSION,
    kind: 'restore',
    name: backupName,
    target: parts.target.config,
    stores: parts.stores.map(store => store.config),
    backup: point._backup,
    notAfter: point._notAfter,
    store: null,
    workloads,
    healthUrl: props.healthUrl === undefined ? null : checkHttpUrl('healthUrl', props.healthUrl, 'ask a path that needs none', 'http://backend:8080/health'),
    decryption: parts.decryption?.config ?? null,
    encryption,
    activeDeadlineSeconds: runnerDeadlineSeconds(deadlineSeconds),
    scratch: parts.scratch,
    ...parts.once && { once: parts.once },
  };
}

/** Refuses a safety backup that would lie in the clear beside encrypted backups. */
function checkSafetyEncryption({ storesPrevious, neverInTheClear }: TargetParts, decrypts: boolean, encryption: EncryptionConfig | null): void {
  if (encryption !== null || !storesPrevious) return;
  if (neverInTheClear !== null) throw new Error(neverInTheClear);
  if (!decrypts) return;
  throw new Error('\'encryption\' is missing: with \'decryption\' the backups are encrypted, and what this restore stores of what is there before would not be; '
    + 'give the one of the backup, Encryption.age with \'recipients\', or do without: \'safetyBackup\' of the \'mode\' is then false');
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
