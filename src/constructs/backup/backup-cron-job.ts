import { ApiObject, Chart, Duration, JsonPatch } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { BackupCronJobProps } from './backup-cron-job-props';
import { FollowUpCronJob, MAX_CRON_JOB_NAME_LENGTH } from './follow-up-cron-job';
import { refuseOnePlace } from './one-place';
import { Watched } from './watched';
import { BackupConfig, CONFIG_VERSION, keepsForever } from '../../contract/config';
import { checkBackupName, toCronJobName } from '../core/backup-name';
import { checkHttpUrl, checkLabels, checkWholeNumber, isDnsLabel, redact, show, showSeconds } from '../core/check';
import { defined } from '../core/defined';
import { refuseNamesakes } from '../core/namesakes';
import { jsonText } from '../core/synth-file';
import { warn, warningsOf } from '../core/warnings';
import { grant } from '../engines/kubernetes/pod-parts';
import { StoreParts } from '../parts/store-parts';
import { StorePlace } from '../parts/store-place';
import { Compression } from '../pod/compression';
import { connectionsOf } from '../pod/network-needs';
import { NetworkOptions } from '../pod/network-options';
import { checkNetwork, defineJobPolicy, inheritNetwork, policedLabels } from '../pod/network-policy';
import { bindStores, checkStores, RunnerPod, serviceAccountFor } from '../pod/runner-pod';
import { Recovery } from '../recovery/recovery';
import { RecoveryReport } from '../recovery/recovery-report';
import { Retention } from '../recovery/retention';
import { gapsOf } from '../schedule/longest-gap';
import { checkTimeZone } from '../schedule/time-zones';
import { runnerDeadlineSeconds, timing } from '../schedule/timing';
import { checkAccess, missingRights } from '../stores/access';
import { BackupStore } from '../stores/backup-store';
import { besideData, warnBesideData } from '../stores/node-local';
import { checkLocks } from '../stores/s3/object-lock-checks';
import { identityPolicy } from '../stores/s3/policy';
import { S3Access } from '../stores/s3/s3-access';

const COMMAND = 'backup';

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
  public readonly _watched: Watched;

  /**
   * What a restore of this backup takes over.
   *
   * @internal
   */
  public readonly _restorable: Pick<BackupCronJobProps, 'source' | 'stores' | 'image' | 'imagePullPolicy' | 'imagePullSecret' | 'user' | 'group' | 'fsGroup'>;

  /**
   * What others that work on this backup take over about the network.
   *
   * @internal
   */
  public readonly _network: Required<NetworkOptions>;

  /**
   * @internal
   */
  public readonly _labels: { readonly [key: string]: string };

  private readonly stores: readonly StoreParts[];
  private readonly cronJobNames: readonly string[];

  constructor(scope: Construct, id: string, props: BackupCronJobProps) {
    super(scope, id);

    this.cronJobName = checkCronJobName(id, props.cronJobName);
    this.backupName = checkBackupName(props.backupName, props.source._backupName);
    const { schedule, deadlineSeconds, startingDeadlineSeconds } = timing(props);
    const timeZone = checkTimeZone(props.timeZone ?? 'Etc/UTC');
    const suspectBelowPercent = checkWholeNumber('suspectBelowPercent', props.suspectBelowPercent ?? 50, 0, 100, '0 switches the check off');
    const labels = props.labels ?? { component: 'backup' };
    checkLabels('labels', labels);
    const backoffLimit = checkWholeNumber('backoffLimit', props.backoffLimit ?? 2, 0, 100);
    const successfulJobsRetained = checkWholeNumber('successfulJobsRetained', props.successfulJobsRetained ?? 3, 0, 1000);
    const failedJobsRetained = checkWholeNumber('failedJobsRetained', props.failedJobsRetained ?? 3, 0, 1000);
    const retention = (props.retention ?? Retention.FOREVER)._toConfig();
    if (props.prune && keepsForever(retention)) {
      throw new Error('\'prune\' has nothing to do, since \'retention\' keeps everything: set \'retention\', or drop \'prune\'');
    }
    const olderPercent = checkWholeNumber('verify.olderPercent', props.verify?.olderPercent ?? 10, 0, 100, '0 reads the newest backup only');
    const repair = props.verify?.repair ?? false;
    if (repair && props.stores.length === 1) {
      throw new Error('\'verify.repair\' needs another store to copy from, got one in \'stores\': add a store, or drop \'repair\'');
    }
    const pod = new RunnerPod(props, props.scratchSize ?? props.source._scratchSize);
    checkStores(props.stores);
    const pruneAfterBackup = !keepsForever(retention) && !props.prune;
    this.checkRights(props, pruneAfterBackup);
    const { image, imagePullPolicy, imagePullSecret, user, group, fsGroup } = props;
    this._restorable = { source: props.source, stores: props.stores, image, imagePullPolicy, imagePullSecret, user, group, fsGroup };
    this._labels = labels;
    this._network = inheritNetwork(props);

    const source = props.source._bind(this);
    this.stores = bindStores(this, this.backupName, props.stores);
    this._places = this.stores.map(({ place }) => place);
    const config: BackupConfig = {
      version: CONFIG_VERSION,
      kind: 'backup',
      name: this.backupName,
      namespace: Chart.of(this).namespace ?? null,
      source: source.config,
      stores: this.stores.map(store => store.config),
      compression: (props.compression ?? Compression.DEFAULT)._toConfig(),
      retention,
      pruneAfterBackup,
      verification: { olderPercent, repair },
      encryption: props.encryption?._toConfig() ?? null,
      pushgatewayUrl: props.pushgatewayUrl === undefined ? null : checkPushgatewayUrl(props.pushgatewayUrl),
      suspectBelowPercent,
      deadlineSeconds: runnerDeadlineSeconds(deadlineSeconds),
      scratch: pod.scratch,
    };
    checkLockTimeout(config);
    checkEncryption(config);
    this._config = config;
    this._recovery = new Recovery({
      backupName: this.backupName,
      cronJobName: this.cronJobName,
      schedule: props.schedule?.expressionString,
      timeZone,
      startingDeadlineSeconds,
      deadlineSeconds,
      retention: config.retention,
      objectives: props.objectives,
      stores: this.stores.map(({ config: store, secretName, claimName }, i) => ({
        name: store.name,
        location: besideData(claimName, source.dataClaims) ?? props.stores[i].location,
        storageClass: store.type === 's3' ? store.storageClass ?? 'STANDARD' : undefined,
        secretName,
      })),
    });
    const [problem] = this._recovery.problems();
    if (problem !== undefined) throw new Error(problem);
    for (const warning of [...this._recovery.warnings(), ...warnBesideData(this.stores, source.dataClaims)]) warn(this, warning);
    this._backupStores = props.stores;
    const connections = connectionsOf({ ...config, database: config.source }, this._network.network);
    checkNetwork(props, this._network, connections);
    this._longestGapSeconds = props.schedule && gapsOf(props.schedule.expressionString, timeZone, deadlineSeconds).longestSeconds;
    const locks = checkLocks(config, this._longestGapSeconds);
    if (locks.errors.length > 0) throw new Error(locks.errors[0]);
    for (const warning of locks.warnings) warn(this, warning);

    const metadata = { name: this.cronJobName, labels };
    this.serviceAccount = serviceAccountFor(this, props.serviceAccount, this.stores, metadata);
    grant(this, this.serviceAccount, source, metadata);

    this.cronJob = new kplus.CronJob(this, 'Resource', {
      metadata,
      podMetadata: { labels: policedLabels(labels, this.cronJobName) },
      schedule,
      timeZone,
      suspend: props.onDemand ?? false,
      // Two runs at a time would compete for the same name; the runner has a claim against the ones started by hand.
      concurrencyPolicy: kplus.ConcurrencyPolicy.FORBID,
      activeDeadline: Duration.seconds(deadlineSeconds),
      startingDeadline: Duration.seconds(startingDeadlineSeconds),
      backoffLimit,
      successfulJobsRetained,
      failedJobsRetained,
      serviceAccount: this.serviceAccount,
      automountServiceAccountToken: source.api !== undefined,
      ...pod.define(this, [COMMAND], config, [source, ...this.stores]),
    });
    // A Job has these labels, and nothing of the CronJob's own.
    ApiObject.of(this.cronJob).addJsonPatch(JsonPatch.add('/spec/jobTemplate/metadata', { labels }));
    pod.patch(ApiObject.of(this.cronJob), '/spec/jobTemplate', COMMAND);
    this.networkPolicy = defineJobPolicy(this, metadata, this._network, connections);

    const reached = { stores: this.stores, backupStores: props.stores, network: this._network };
    const followUp = { cronJobName: this.cronJobName, timeZone, config, pod, backoffLimit, ...reached };
    const verify = props.verify && new FollowUpCronJob(this, 'Verify', {
      ...followUp,
      // Who may write backups may read them; and who trusts this identity need not trust another one.
      serviceAccount: props.verify.s3Credentials ? undefined : this.serviceAccount,
      ...defined(props.verify),
      command: 'verify',
      args: ['--scheduled'],
    });
    const prune = props.prune && new FollowUpCronJob(this, 'Prune', { ...followUp, ...defined(props.prune), command: 'prune', args: [] });
    this.verifyCronJob = verify?.cronJob;
    this.pruneCronJob = prune?.cronJob;
    this.cronJobNames = [this.cronJobName, ...[verify, prune].flatMap(job => job === undefined ? [] : [job.cronJobName])];
    this._watched = {
      labels,
      deadlineSeconds,
      startingDeadlineSeconds,
      successfulJobsRetained,
      failedJobsRetained,
      stores: this.stores.map(({ config: { name }, claimName }, i) => ({ name, claimName, outside: props.stores[i].location._isOutside })),
      verify: verify && { cronJobName: verify.cronJobName, gapSeconds: verify.gapSeconds, deadlineSeconds: verify.deadlineSeconds },
    };
    refuseNamesakes(this, 'cronJobName', this.cronJobName, { jobNames: this.cronJobNames });
    refuseOnePlace(this, this.backupName, this.stores);
    // The lifecycle of a bucket may come later, and with it other storage classes.
    this.node.addValidation({ validate: () => this._recovery.problems() });
  }

  /**
   * The smallest policy of IAM with which a role works for this backup, as JSON. `S3AccessPolicy` writes such documents to files, and is for
   * several backups, and for the policy of a bucket.
   *
   * @param access The role.
   * @param storeName Name of the S3 store; may be left out where the backup has one.
   */
  public policyDocument(access: S3Access, storeName?: string): string {
    const stores = this._config.stores.filter(store => store.type === 's3');
    const found = stores.filter(({ name }) => storeName === undefined || name === storeName);
    if (found.length !== 1) {
      throw new Error(`'storeName' must be the name of an S3 store of ${show(this.cronJobName)}, got ${show(storeName)}: there ${stores.length === 1 ? 'is' : 'are'} ${show(stores.map(({ name }) => name))}`);
    }
    return jsonText(identityPolicy(access, [{ name: this.backupName, store: found[0] }]));
  }

  /** Whether the credentials of each job may do what it does. */
  private checkRights({ stores, prune, verify }: BackupCronJobProps, pruneAfterBackup: boolean): void {
    checkAccess(stores, {}, [
      { right: 'put', why: 'the backup writes there', wayOut: 'give the store credentials of S3Access.BACKUP, and the others to the jobs that only read' },
      ...pruneAfterBackup ? [{ right: 'delete', why: 'each run is to prune at its end', wayOut: 'set \'prune\' with \'s3Credentials\' of S3Access.PRUNE, or drop the \'retention\'' } as const] : [],
    ]);
    if (prune) {
      checkAccess(stores, prune.s3Credentials ?? {}, [
        { right: 'delete', why: '\'prune\' deletes', wayOut: 'set \'prune.s3Credentials\' to some of S3Access.PRUNE' },
      ]);
    }
    if (!verify) return;
    const given = verify.s3Credentials ?? {};
    const wayOut = `set 'verify.s3Credentials' to some of S3Access.${verify.repair ? 'FULL, or drop \'repair\'' : 'VERIFY'}`;
    checkAccess(stores, given, [
      { right: 'read', why: '\'verify\' reads', wayOut },
      ...verify.repair ? (['put', 'delete'] as const).map(right => ({ right, why: '\'verify.repair\' deletes damaged copies and writes good ones', wayOut })) : [],
    ]);
    for (const problem of missingRights(stores, given, [{ right: 'note', why: 'what \'verify\' finds is not noted there: alerts and pruning don\'t know of it', wayOut }])) warn(this, problem);
  }

  /** What this backup is good for, and the arithmetic behind it, as data. */
  public recoveryReport(): RecoveryReport {
    return this._recovery.report(warningsOf(this));
  }
}

function checkCronJobName(id: string, given: string | undefined): string {
  const name = given ?? toCronJobName(id);
  if (!isDnsLabel(name, MAX_CRON_JOB_NAME_LENGTH)) {
    const wayOut = given === undefined ? `: it comes from the construct's id ${show(id)}, set 'cronJobName'` : '';
    throw new Error(`'cronJobName' must be up to ${MAX_CRON_JOB_NAME_LENGTH} lower-case letters, digits and "-", with a letter or digit at both ends, got ${show(name)} with ${name.length}${wayOut}`);
  }
  return name;
}

function checkPushgatewayUrl(url: string): string {
  checkHttpUrl('pushgatewayUrl', url, 'use one that needs none, and let a NetworkPolicy say who may reach it', 'http://pushgateway:9091');
  if (/[?#]/.test(url)) throw new Error(`'pushgatewayUrl' must not have "?" or "#", got ${show(redact(url))}: give the base URL, the path is added`);
  return url;
}

function checkEncryption({ source, encryption }: BackupConfig): void {
  if (source.engine === 'kubernetes' && encryption === null) {
    throw new Error('\'encryption\' is missing: Secrets are not stored in the clear; Encryption.age({ recipients: [\'age1…\'] }) with what "age-keygen" prints');
  }
}

function checkLockTimeout({ source, deadlineSeconds }: BackupConfig): void {
  for (const database of source.engine === 'set' ? Object.values(source.members) : [source]) {
    if ('lockTimeoutSeconds' in database && database.lockTimeoutSeconds >= deadlineSeconds) {
      throw new Error(`'lockTimeout' must be less than the time that a run has, ${showSeconds(deadlineSeconds)}, got ${showSeconds(database.lockTimeoutSeconds)}: shorten it, or set a longer 'deadline'`);
    }
  }
}
