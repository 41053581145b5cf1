import { ApiObject, Cron, Duration, JsonPatch } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { BackupConfig } from '../../contract/config';
import { show } from '../core/check';
import { StoreParts } from '../parts/store-parts';
import { connectionsOf } from '../pod/network-needs';
import { NetworkOptions } from '../pod/network-options';
import { defineJobPolicy, policedLabels } from '../pod/network-policy';
import { bindStores, RunnerPod, serviceAccountFor } from '../pod/runner-pod';
import { gapsOf } from '../schedule/longest-gap';
import { checkTimeZone } from '../schedule/time-zones';
import { runnerDeadlineSeconds, timing } from '../schedule/timing';
import { S3CredentialsByStore } from '../stores/access';
import { BackupStore } from '../stores/backup-store';

/** Kubernetes appends 11 characters to name a Job, and 63 is what a label may have. */
export const MAX_CRON_JOB_NAME_LENGTH = 52;

/** What a CronJob that works on stored backups is made of: `NAME-verify`, `NAME-prune`. */
export interface FollowUpProps {
  /** Property of the backup that it comes from, which is its command and the end of its name as well. */
  readonly command: 'verify' | 'prune';
  /** Behind the command. */
  readonly args: readonly string[];
  /** Name of the backup's CronJob. */
  readonly cronJobName: string;
  readonly schedule: Cron;
  /** Checked already, if it is that of the backup. */
  readonly timeZone: string;
  readonly deadline?: Duration;
  readonly serviceAccount?: kplus.IServiceAccount;
  readonly config: BackupConfig;
  readonly pod: RunnerPod;
  /** As the backup reaches them. */
  readonly stores: readonly StoreParts[];
  readonly backupStores: readonly BackupStore[];
  /** Instead of those of the backup. */
  readonly s3Credentials?: S3CredentialsByStore;
  readonly backoffLimit: number;
  /** That of the backup. */
  readonly network: Required<NetworkOptions>;
}

/**
 * A CronJob beside that of a backup, which works on what is stored and knows no password of the database.
 *
 * Its labels are none of the backup's: `kubectl get jobs -l component=backup` and the alerts on it must not take it for a backup.
 */
export class FollowUpCronJob extends Construct {
  public readonly cronJob: kplus.CronJob;
  public readonly serviceAccount: kplus.IServiceAccount;
  public readonly cronJobName: string;
  public readonly deadlineSeconds: number;
  /** The longest time between two runs that the schedule means to make. */
  public readonly gapSeconds: number;

  constructor(scope: Construct, id: string, props: FollowUpProps) {
    super(scope, id);

    const { command, pod, network } = props;
    const stores = props.s3Credentials ? bindStores(this, props.config.name, props.backupStores, props.s3Credentials) : props.stores;
    const config = { ...props.config, stores: stores.map(store => store.config) };
    this.cronJobName = followUpName(props.cronJobName, command);
    const timeZone = checkTimeZone(props.timeZone);
    const { schedule, deadlineSeconds, startingDeadlineSeconds } = timing(props, `${command}.`);
    this.deadlineSeconds = deadlineSeconds;
    this.gapSeconds = gapsOf(schedule.expressionString, timeZone, deadlineSeconds).longestSeconds;

    const labels = { component: `backup-${command}` };
    const metadata = { name: this.cronJobName, labels };
    // That of the backup, which 'verify' has, has the annotations of the stores already.
    const ofBackup = command === 'verify' ? props.serviceAccount : undefined;
    this.serviceAccount = ofBackup ?? serviceAccountFor(this, props.serviceAccount, stores, metadata);
    this.cronJob = new kplus.CronJob(this, 'Resource', {
      metadata,
      podMetadata: { labels: policedLabels(labels, this.cronJobName) },
      schedule,
      timeZone,
      concurrencyPolicy: kplus.ConcurrencyPolicy.FORBID,
      activeDeadline: Duration.seconds(deadlineSeconds),
      startingDeadline: Duration.seconds(startingDeadlineSeconds),
      backoffLimit: props.backoffLimit,
      successfulJobsRetained: 1,
      failedJobsRetained: 3,
      serviceAccount: this.serviceAccount,
      automountServiceAccountToken: false,
      ...pod.define(this, [command, ...props.args], { ...config, deadlineSeconds: runnerDeadlineSeconds(deadlineSeconds) }, stores),
    });
    ApiObject.of(this.cronJob).addJsonPatch(JsonPatch.add('/spec/jobTemplate/metadata', { labels }));
    pod.patch(ApiObject.of(this.cronJob), '/spec/jobTemplate', command);
    const { pushgatewayUrl } = config;
    defineJobPolicy(this, metadata, network, connectionsOf({ stores: config.stores, pushgatewayUrl }, network.network));
  }
}

function followUpName(cronJobName: string, command: string): string {
  const name = `${cronJobName}-${command}`;
  if (name.length > MAX_CRON_JOB_NAME_LENGTH) {
    const most = MAX_CRON_JOB_NAME_LENGTH - command.length - 1;
    throw new Error(`'cronJobName' must have up to ${most} characters with '${command}', whose CronJob is called ${show(name)}, got ${show(cronJobName)} with ${cronJobName.length}: set a shorter 'cronJobName'`);
  }
  return name;
}
