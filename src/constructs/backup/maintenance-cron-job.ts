import { Cron, Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct, IConstruct } from 'constructs';
import { BackupConfig } from '../../contract/config';
import { asResource } from '../core/any-version';
import { show } from '../core/check';
import { MAX_JOB_NAME_LENGTH } from '../core/job-name';
import { standardLabels } from '../core/standard-labels';
import { StoreParts } from '../parts/store-parts';
import { NetworkOptions } from '../pod/network-options';
import { networkOf } from '../pod/network-policy';
import { defineRunnerCronJob } from '../pod/runner-job';
import { bindStores, RunnerPod, serviceAccountFor } from '../pod/runner-pod';
import { gapsOf } from '../schedule/longest-gap';
import { checkTimeZone } from '../schedule/time-zones';
import { runnerDeadlineSeconds, timing } from '../schedule/timing';
import { S3CredentialsByStore } from '../stores/access';
import { BackupStore } from '../stores/backup-store';

/** The backup whose stored copies are worked on: all of it has been checked. */
export interface MaintainedBackup {
  /** Name of its CronJob. */
  readonly cronJobName: string;
  readonly timeZone: string;
  readonly backoffLimit: number;
  readonly config: BackupConfig;
  readonly pod: RunnerPod;
  /** As the backup reaches them. */
  readonly stores: readonly StoreParts[];
  readonly backupStores: readonly BackupStore[];
  readonly network: Required<NetworkOptions>;
}

/** What a CronJob that works on stored backups is made of: `NAME-verify`, `NAME-prune`. */
export interface MaintenanceCronJobProps extends MaintainedBackup {
  /** Property of the backup that it comes from, which is its command and the end of its name as well. */
  readonly command: 'verify' | 'prune';
  /** Behind the command. */
  readonly args: readonly string[];
  readonly schedule: Cron;
  readonly activeDeadline?: Duration;
  readonly serviceAccount?: IConstruct;
  /** Instead of those of the backup. */
  readonly s3Credentials?: S3CredentialsByStore;
}

/**
 * A CronJob beside that of a backup, which works on what is stored and knows no password of the database.
 *
 * Its labels are none of the backup's: `kubectl get jobs -l component=backup` and the alerts on it must not take it for a backup.
 */
export class MaintenanceCronJob extends Construct {
  public readonly cronJob: kplus.CronJob;
  public readonly serviceAccount: kplus.IServiceAccount;
  public readonly cronJobName: string;
  public readonly deadlineSeconds: number;
  /** The longest time between two runs that the schedule means to make. */
  public readonly gapSeconds: number;

  constructor(scope: Construct, id: string, props: MaintenanceCronJobProps) {
    super(scope, id);

    const { command, pod } = props;
    const stores = props.s3Credentials ? bindStores(this, props.config.name, props.backupStores, props.s3Credentials) : props.stores;
    const config = { ...props.config, stores: stores.map(store => store.config) };
    this.cronJobName = maintenanceName(props.cronJobName, command);
    const timeZone = checkTimeZone(props.timeZone);
    const times = timing(props, `${command}.`);
    this.deadlineSeconds = times.deadlineSeconds;
    this.gapSeconds = gapsOf(times.schedule.expressionString, timeZone, this.deadlineSeconds).longestSeconds;

    const component = `backup-${command}`;
    const metadata = { name: this.cronJobName, labels: { ...standardLabels(this, component, this.cronJobName), component } };
    // That of the backup, which 'verify' has, has the annotations of the stores already.
    const ofBackup = command === 'verify' ? asResource<kplus.IServiceAccount>(props.serviceAccount) : undefined;
    this.serviceAccount = ofBackup ?? serviceAccountFor(this, props.serviceAccount, stores, metadata);
    const { pushgatewayUrl } = config;
    const { cronJob } = defineRunnerCronJob(this, {
      ...times,
      timeZone,
      metadata,
      pod,
      args: [command, ...props.args],
      config: { ...config, activeDeadlineSeconds: runnerDeadlineSeconds(this.deadlineSeconds) },
      parts: stores,
      network: networkOf({}, props.network, { stores: config.stores, pushgatewayUrl }),
      serviceAccount: this.serviceAccount,
      asksApi: false,
      backoffLimit: props.backoffLimit,
      successfulJobsRetained: 1,
      failedJobsRetained: 3,
    });
    this.cronJob = cronJob;
  }
}

function maintenanceName(cronJobName: string, command: string): string {
  const name = `${cronJobName}-${command}`;
  if (name.length > MAX_JOB_NAME_LENGTH) {
    const most = MAX_JOB_NAME_LENGTH - command.length - 1;
    throw new Error(`'cronJobName' must have up to ${most} characters with '${command}', whose CronJob is called ${show(name)}, got ${show(cronJobName)} with ${cronJobName.length}: set a shorter 'cronJobName'`);
  }
  return name;
}
