import { ApiObject, Chart, Duration, JsonPatch } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { checkBackupName, toCronJobName } from './_backup-name';
import { checkHttpUrl, checkLabels, checkWholeNumber, isDnsLabel, show, showSeconds } from './_check';
import { gapsOf } from './_longest-gap';
import { Recovery } from './_recovery';
import { bindStores, checkStores, RunnerPod, serviceAccountFor } from './_runner-pod';
import { StoreParts } from './_store-parts';
import { checkTimeZone } from './_time-zones';
import { runnerDeadlineSeconds, timing } from './_timing';
import { warn, warningsOf } from './_warnings';
import { Watched } from './_watched';
import { BackupCronJobProps } from './backup-cron-job-props';
import { BackupStore } from './backup-store';
import { Compression } from './compression';
import { BackupConfig, CONFIG_VERSION } from './contract/config';
import { RecoveryReport } from './recovery-report';
import { Retention } from './retention';

const COMMAND = 'backup';

/** Kubernetes appends 11 characters to name a Job, and 63 is what a label may have. */
const MAX_NAME_LENGTH = 52;

/**
 * Backs up one database, on a schedule or on demand.
 *
 * Defines a `CronJob` whose pod runs the runner image once per run, a `ServiceAccount` without rights, and the claims of volume
 * stores that are to be made. The pod meets the "restricted" level of Pod Security.
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
   * @internal
   */
  public readonly _labels: { readonly [key: string]: string };

  private readonly stores: readonly StoreParts[];

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
    const pod = new RunnerPod(props, props.scratchSize ?? props.source._scratchSize);
    checkStores(props.stores);
    const { image, imagePullPolicy, imagePullSecret, user, group, fsGroup } = props;
    this._restorable = { source: props.source, stores: props.stores, image, imagePullPolicy, imagePullSecret, user, group, fsGroup };
    this._labels = labels;

    const source = props.source._bind(this);
    this.stores = bindStores(this, props.stores);
    const config: BackupConfig = {
      version: CONFIG_VERSION,
      kind: 'backup',
      name: this.backupName,
      source: source.config,
      stores: this.stores.map(store => store.config),
      compression: (props.compression ?? Compression.DEFAULT)._toConfig(),
      retention: (props.retention ?? Retention.FOREVER)._toConfig(),
      pruneAfterBackup: false,
      verification: { olderPercent: 0, repair: false },
      encryption: null,
      pushgatewayUrl: props.pushgatewayUrl === undefined ? null : checkPushgatewayUrl(props.pushgatewayUrl),
      suspectBelowPercent,
      deadlineSeconds: runnerDeadlineSeconds(deadlineSeconds),
      scratch: pod.scratch,
    };
    checkLockTimeout(config);
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
      stores: this.stores.map(({ config: store, secretName }, i) => ({
        name: store.name,
        location: props.stores[i].location,
        storageClass: store.type === 's3' ? store.storageClass ?? 'STANDARD' : undefined,
        secretName,
      })),
    });
    const [problem] = this._recovery.problems();
    if (problem !== undefined) throw new Error(problem);
    for (const warning of this._recovery.warnings()) warn(this, warning);
    this._backupStores = props.stores;
    this._longestGapSeconds = props.schedule && gapsOf(props.schedule.expressionString, timeZone).longestSeconds;

    const metadata = { name: this.cronJobName, labels };
    this.serviceAccount = serviceAccountFor(this, props.serviceAccount, this.stores, metadata);

    this.cronJob = new kplus.CronJob(this, 'Resource', {
      metadata,
      podMetadata: { labels },
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
      automountServiceAccountToken: false,
      ...pod.define(this, [COMMAND], config, [source, ...this.stores]),
    });
    // A Job has these labels, and nothing of the CronJob's own.
    ApiObject.of(this.cronJob).addJsonPatch(JsonPatch.add('/spec/jobTemplate/metadata', { labels }));
    pod.patch(ApiObject.of(this.cronJob), '/spec/jobTemplate', COMMAND);
    this._watched = {
      labels,
      deadlineSeconds,
      startingDeadlineSeconds,
      successfulJobsRetained,
      failedJobsRetained,
      stores: this.stores.map(({ config: { name }, claimName }, i) => ({ name, claimName, outside: props.stores[i].location._isOutside })),
    };
    // The lifecycle of a bucket may come later, and with it other storage classes.
    this.node.addValidation({ validate: () => [...this.conflicts(), ...this._recovery.problems()] });
  }

  /** What this backup is good for, and the arithmetic behind it, as data. */
  public recoveryReport(): RecoveryReport {
    return this._recovery.report(warningsOf(this));
  }

  /** What this backup and others of the app can't both have; each pair is reported once. */
  private conflicts(): string[] {
    const all = this.node.root.node.findAll().filter((construct): construct is BackupCronJob => construct instanceof BackupCronJob);
    return all.slice(0, all.indexOf(this)).flatMap(other => {
      const conflicts: string[] = [];
      if (other.cronJobName === this.cronJobName && Chart.of(other).namespace === Chart.of(this).namespace) {
        conflicts.push(`'cronJobName' ${show(this.cronJobName)} is that of ${other.node.path} too: give one of them another name`);
      }
      const shared = this.stores.find(store => other.stores.some(({ location }) => location === store.location));
      if (other.backupName === this.backupName && shared) {
        conflicts.push(`'backupName' ${show(this.backupName)} is that of ${other.node.path} too, and both write to ${shared.location}: give one of them another name, or another prefix`);
      }
      return conflicts;
    });
  }
}

function checkCronJobName(id: string, given: string | undefined): string {
  const name = given ?? toCronJobName(id);
  if (!isDnsLabel(name, MAX_NAME_LENGTH)) {
    const wayOut = given === undefined ? `: it comes from the construct's id ${show(id)}, set 'cronJobName'` : '';
    throw new Error(`'cronJobName' must be up to ${MAX_NAME_LENGTH} lower-case letters, digits and "-", with a letter or digit at both ends, got ${show(name)} with ${name.length}${wayOut}`);
  }
  return name;
}

function checkPushgatewayUrl(url: string): string {
  checkHttpUrl('pushgatewayUrl', url, 'use one that needs none, and let a NetworkPolicy say who may reach it', 'http://pushgateway:9091');
  if (/[?#]/.test(url)) throw new Error(`'pushgatewayUrl' must not have "?" or "#", got ${show(url)}: give the base URL, the path is added`);
  return url;
}

function checkLockTimeout({ source, deadlineSeconds }: BackupConfig): void {
  if (source.engine !== 'redis' && source.lockTimeoutSeconds >= deadlineSeconds) {
    throw new Error(`'lockTimeout' must be less than the time that a run has, ${showSeconds(deadlineSeconds)}, got ${showSeconds(source.lockTimeoutSeconds)}: shorten it, or set a longer 'deadline'`);
  }
}
