import { ApiObject, Chart } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { backupConfig } from './backup-config';
import { BackupCronJobProps } from './backup-cron-job-props';
import { recoveryOf } from './backup-recovery';
import { checkBackupProps } from './backup-settings';
import { JobFacts, jobFacts } from './job-facts';
import { defineMaintenance } from './maintenance';
import { refuseOnePlace } from './one-place';
import { checkRights } from './rights';
import { BackupConfig } from '../../contract/config';
import { writeAsStored } from '../core/as-stored';
import { show } from '../core/check';
import { located } from '../core/located';
import { refuseNamesakes } from '../core/namesakes';
import { refuseAtSynth } from '../core/spelling';
import { standardLabels } from '../core/standard-labels';
import { jsonText } from '../core/synth-file';
import { warn, warningsOf } from '../core/warnings';
import { StorePlace } from '../parts/store-place';
import { grantRights } from '../pod/api-rights';
import { BackupDefaults } from '../pod/backup-defaults';
import { networkOf, PodNetwork } from '../pod/network-policy';
import { defineRunnerCronJob } from '../pod/runner-job';
import { bindStores, checkStores, inheritPod, InheritedPod, RunnerPod, serviceAccountFor } from '../pod/runner-pod';
import { Recovery } from '../recovery/recovery';
import { RecoveryReport } from '../recovery/recovery-report';
import { gapsOf } from '../schedule/longest-gap';
import { BackupStore } from '../stores/backup-store';
import { checkLocks } from '../stores/lock-checks';
import { identityPolicy } from '../stores/s3/policy';
import { S3Access } from '../stores/s3/s3-access';
import { isBucket } from '../stores/s3/store-type';

/**
 * Backs up one database, on a schedule or on demand.
 *
 * Defines a `CronJob` whose pod runs the runner image once per run, a `ServiceAccount` without rights (but to Secrets that are backed
 * up), a `NetworkPolicy`, and the claims of volume stores that are to be made. The pod meets the "restricted" level of Pod Security.
 */
export class BackupCronJob extends Construct {
  /**
   * The `CronJob`, for anything this construct does not cover: where its pods run is said through `cronJob.scheduling`, and what
   * cdk8s-plus lacks is a JSON patch away, through `ApiObject.of(backup.cronJob)`.
   */
  public readonly cronJob: kplus.CronJob;

  /** The identity of the pod. */
  public readonly serviceAccount: kplus.IServiceAccount;

  /** Name of the CronJob. */
  public readonly cronJobName: string;

  /** The `NetworkPolicy` of the backup; `undefined` where `networkPolicy` is false. */
  public readonly networkPolicy?: ApiObject;

  /** The `CronJob` that reads backups back, if `verify` is set. */
  public readonly verifyCronJob?: kplus.CronJob;

  /** The `CronJob` that prunes, if `prune` is set. */
  public readonly pruneCronJob?: kplus.CronJob;

  /** First part of the names of everything that is stored. */
  public readonly backupName: string;

  /**
   * What the runner is told.
   *
   * @internal
   */
  public readonly _config: BackupConfig;

  /**
   * In the order of the config.
   *
   * @internal
   */
  public readonly _backupStores: readonly BackupStore[];

  /**
   * Where these stores are.
   *
   * @internal
   */
  public readonly _places: readonly StorePlace[];

  /**
   * The longest time between two runs, both that the schedule means to make; `undefined` on demand.
   *
   * @internal
   */
  public readonly _longestGapSeconds: number | undefined;

  /**
   * The arithmetic of recovery.
   *
   * @internal
   */
  public readonly _recovery: Recovery;

  /**
   * What alert rules are made of.
   *
   * @internal
   */
  public readonly _jobFacts: JobFacts;

  /**
   * What a restore of this backup takes over.
   *
   * @internal
   */
  public readonly _restorable: InheritedPod & Pick<BackupCronJobProps, 'source' | 'stores'>;

  /**
   * What others that work on this backup take over about the network.
   *
   * @internal
   */
  public readonly _network: PodNetwork;

  /**
   * @internal
   */
  public readonly _labels: { readonly [key: string]: string };

  constructor(scope: Construct, id: string, props: BackupCronJobProps) {
    super(scope, id);
    try {
      const settings = checkBackupProps(id, props);
      const { cronJobName, backupName, labels, job } = settings;
      const pod = new RunnerPod(inheritPod(this, props), props.scratchSize ?? props.source._scratchSize);
      checkStores(props.stores);
      for (const problem of checkRights(props, settings.pruneAfterBackup)) warn(this, problem);

      const source = props.source._bind(this);
      const stores = bindStores(this, backupName, props.stores);
      const config = backupConfig(props, settings, { namespace: Chart.of(this).namespace, source, stores, scratch: pod.scratch });
      this._recovery = recoveryOf(this, props, settings, source, stores);
      const network = networkOf(props, BackupDefaults._for(this), { ...config, endpoints: source.endpoints, api: source.api !== null });
      this._longestGapSeconds = props.schedule && gapsOf(props.schedule.expressionString, job.timeZone, job.deadlineSeconds).longestSeconds;
      for (const warning of refuseLocks(config, this._longestGapSeconds)) warn(this, warning);

      const metadata = { name: cronJobName, labels: { ...standardLabels(this, 'backup', cronJobName), ...labels } };
      this.serviceAccount = serviceAccountFor(this, props.serviceAccount, stores, metadata);
      grantRights(this, this.serviceAccount, source.api, metadata);
      const { cronJob, networkPolicy } = defineRunnerCronJob(this, {
        ...job,
        suspend: props.onDemand ?? false,
        metadata,
        pod,
        args: ['backup'],
        config,
        parts: [source, ...stores],
        network,
        serviceAccount: this.serviceAccount,
        asksApi: source.api !== null,
      });
      const maintained = { ...job, cronJobName, config, pod, stores, backupStores: props.stores, network };
      const { verify, prune } = defineMaintenance(this, props, maintained, this.serviceAccount);

      this.cronJob = cronJob;
      this.cronJobName = cronJobName;
      this.networkPolicy = networkPolicy;
      this.verifyCronJob = verify?.cronJob;
      this.pruneCronJob = prune?.cronJob;
      this.backupName = backupName;
      this._config = config;
      this._backupStores = props.stores;
      this._places = stores.map(({ place }) => place);
      this._jobFacts = jobFacts(settings, stores, props.stores, verify);
      this._restorable = { source: props.source, stores: props.stores, ...pod.inheritable };
      this._network = network;
      this._labels = labels;

      const jobNames = [cronJobName, verify?.cronJobName, prune?.cronJobName].filter(name => name !== undefined);
      refuseNamesakes(this, 'cronJobName', cronJobName, { jobNames });
      refuseOnePlace(this, backupName, stores);
      writeAsStored(this);
      // The lifecycle of a bucket may come later, and with it other storage classes.
      refuseAtSynth(this, () => this._recovery.problems());
    } catch (error) {
      throw located(this.node.path, error);
    }
  }

  /**
   * The smallest policy of IAM with which a role works for this backup, as JSON. `S3AccessPolicy` writes such documents to files, and is for
   * several backups, and for the policy of a bucket.
   *
   * @param access The role.
   * @param storeName Name of the S3 store; may be left out where the backup has one.
   */
  public policyDocument(access: S3Access, storeName?: string): string {
    const stores = this._config.stores.filter(isBucket);
    const found = stores.filter(({ name }) => storeName === undefined || name === storeName);
    if (found.length !== 1) {
      throw new Error(`'storeName' must be the name of an S3 store of ${show(this.cronJobName)}, got ${show(storeName)}: there ${stores.length === 1 ? 'is' : 'are'} ${show(stores.map(({ name }) => name))}`);
    }
    return jsonText(identityPolicy(access, [{ name: this.backupName, store: found[0] }]));
  }

  /** What this backup is good for, and the arithmetic behind it, as data. */
  public recoveryReport(): RecoveryReport {
    return this._recovery.report(warningsOf(this));
  }
}

/** Refuses locks that nobody could shorten any more; what is unwise about others is returned, for a warning. */
function refuseLocks(config: BackupConfig, longestGapSeconds: number | undefined): readonly string[] {
  const { errors, warnings } = checkLocks(config, longestGapSeconds);
  if (errors.length > 0) throw new Error(errors[0]);
  return warnings;
}
