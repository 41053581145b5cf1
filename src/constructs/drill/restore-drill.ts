import { ApiObject } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { DRILL_FORM } from './drill-form';
import { checkDrillProps, DrillSettings } from './drill-settings';
import { RestoreDrillProps } from './restore-drill-props';
import { drillServer } from './server';
import { drillSource, drillTarget, freshnessOf } from './target';
import { CONFIG_VERSION, DecryptionConfig, DrillConfig } from '../../contract/config';
import { BackupCronJob } from '../backup/backup-cron-job';
import { RelatedCronJobFacts } from '../backup/job-facts';
import { writeAsStored } from '../core/as-stored';
import { checkText, show, showSeconds } from '../core/check';
import { checkForm } from '../core/form';
import { located } from '../core/located';
import { refuseNamesakes } from '../core/namesakes';
import { standardLabels } from '../core/standard-labels';
import { warn } from '../core/warnings';
import { PodParts } from '../parts/pod-parts';
import { networkOf } from '../pod/network-policy';
import { defineRunnerCronJob } from '../pod/runner-job';
import { bindStores, inheritPod, RunnerPod, serviceAccountFor } from '../pod/runner-pod';
import { Gaps, gapsOf } from '../schedule/longest-gap';
import { runnerDeadlineSeconds } from '../schedule/timing';
import { checkAccess, missingRights, S3CredentialsByStore } from '../stores/access';
import { BackupStore } from '../stores/backup-store';

const LONG_WITHOUT_DRILL = 93 * 86_400;

/**
 * Rehearses the restore of one backup, on a schedule: restores the newest one into a scratch server inside its own pod, looks at what came
 * of it, measures how long that took, writes it down beside the backups, and throws the server away.
 *
 * Defines a `CronJob`, a `ServiceAccount` without rights, and a `NetworkPolicy`. Nothing in it names the database that was backed up, and
 * there is no password of it. The pod meets the "restricted" level of Pod Security. For PostgreSQL and Redis it needs native sidecars, which
 * Kubernetes has from 1.29 on, and 1.28 with the feature gate `SidecarContainers`.
 */
export class RestoreDrill extends Construct {
  /** The `CronJob`, for anything this construct does not cover: `scheduling`, or a JSON patch through `ApiObject.of(drill.cronJob)`. */
  public readonly cronJob: kplus.CronJob;

  /** The identity of the pod. */
  public readonly serviceAccount: kplus.IServiceAccount;

  /** Name of the CronJob. */
  public readonly cronJobName: string;

  /** The `NetworkPolicy`; `undefined` where `networkPolicy` is false. */
  public readonly networkPolicy?: ApiObject;

  /**
   * What alerts and a status page need to know.
   *
   * @internal
   */
  public readonly _drill: RelatedCronJobFacts & {
    readonly backup: BackupCronJob;
    /** What is promised; `undefined` where nothing is. */
    readonly rtoSeconds: number | undefined;
  };

  constructor(scope: Construct, id: string, props: RestoreDrillProps) {
    super(scope, id);
    try {
      checkForm(props, DRILL_FORM);
      const { backup } = props;
      const { stores, source: { _scratchSize: scratchSize } } = backup._restorable;
      const settings = checkDrillProps(id, props);
      const { cronJobName, labels, job, rtoSeconds } = settings;
      const source = drillSource(backup._config.source, props.member);
      const target = drillTarget(source, props);
      const server = drillServer(source, props);
      const decryption = bindDecryption(this, props);
      const pod = new RunnerPod(inheritPod(this, props, backup._restorable), props.scratchSize ?? scratchSize);
      const storeParts = bindStores(this, backup.backupName, stores, props.s3Credentials);
      for (const problem of checkRights(stores, props.s3Credentials)) warn(this, problem);

      const config = drillConfig(props, settings, {
        target,
        stores: storeParts.map(store => store.config),
        dataBytes: server?.dataBytes ?? null,
        freshness: freshnessOf(source, props.freshness ?? []),
        decryption: decryption?.config ?? null,
        scratch: pod.scratch,
      });
      const network = networkOf(props, backup._network, { stores: config.stores, pushgatewayUrl: config.pushgatewayUrl });

      const metadata = { name: cronJobName, labels: { ...standardLabels(this, 'restore-drill', cronJobName), ...labels } };
      this.serviceAccount = serviceAccountFor(this, props.serviceAccount, storeParts, metadata);
      const { cronJob, networkPolicy } = defineRunnerCronJob(this, {
        ...job,
        metadata,
        pod,
        args: ['drill'],
        config,
        parts: [...server ? [server.parts] : [], ...storeParts, ...decryption ? [decryption] : []],
        initContainer: server?.define(this),
        network,
        serviceAccount: this.serviceAccount,
        asksApi: false,
      });
      server?.patch(ApiObject.of(cronJob));
      this.cronJob = cronJob;
      this.cronJobName = cronJobName;
      this.networkPolicy = networkPolicy;

      const gaps = gapsOf(props.schedule.expressionString, job.timeZone, job.deadlineSeconds);
      this._drill = { cronJobName, gapSeconds: gaps.longestSeconds, deadlineSeconds: job.deadlineSeconds, backup, rtoSeconds };
      warnOfGaps(this, props, gaps);
      writeAsStored(this);
      refuseNamesakes(this, 'cronJobName', cronJobName, { jobNames: [cronJobName] });
    } catch (error) {
      throw located(this.node.path, error);
    }
  }
}

function bindDecryption(scope: Construct, { decryption, backup }: RestoreDrillProps): PodParts<DecryptionConfig> | undefined {
  if (decryption === undefined && backup._config.encryption !== null) {
    throw new Error(`'decryption' is missing: ${show(backup.cronJobName)} is encrypted, and a drill without an identity restores nothing: Decryption.fromSecret(secret, "identity")`);
  }
  return decryption?._bind(scope);
}

/** Refuses credentials with which nobody would know of a drill; where some don't note it, that is returned, for a warning. */
function checkRights(stores: readonly BackupStore[], given: S3CredentialsByStore = {}): string[] {
  const wayOut = 'set \'s3Credentials\' to some of S3Access.VERIFY';
  checkAccess(stores, given, [{ right: 'read', why: 'a drill reads', wayOut }]);
  const unrecorded = missingRights(stores, given, [
    { right: 'note', why: 'drills are not recorded there: neither alerts nor the status page know of them', wayOut },
  ]);
  // A drill that nobody will know of counts as failed.
  if (unrecorded.length === stores.length) throw new Error(unrecorded[0]);
  return unrecorded;
}

function drillConfig(
  { backup, member, tablesThatMayBeEmpty = [] }: RestoreDrillProps,
  { job, keepDrills, serverStartSeconds, rtoSeconds }: DrillSettings,
  parts: Pick<DrillConfig, 'target' | 'stores' | 'dataBytes' | 'freshness' | 'decryption' | 'scratch'>,
): DrillConfig {
  return {
    version: CONFIG_VERSION,
    kind: 'drill',
    name: backup.backupName,
    namespace: backup._config.namespace,
    member: member ?? null,
    target: parts.target,
    stores: parts.stores,
    tablesThatMayBeEmpty: tablesThatMayBeEmpty.map(table => checkText('tablesThatMayBeEmpty', table)),
    dataBytes: parts.dataBytes,
    freshness: parts.freshness,
    rtoSeconds: rtoSeconds ?? null,
    serverStartTimeoutSeconds: serverStartSeconds,
    keepDrills,
    decryption: parts.decryption,
    pushgatewayUrl: backup._config.pushgatewayUrl,
    activeDeadlineSeconds: runnerDeadlineSeconds(job.deadlineSeconds),
    scratch: parts.scratch,
  };
}

function warnOfGaps(scope: Construct, { schedule: cron, backup }: RestoreDrillProps, { shortestSeconds, longestSeconds }: Gaps): void {
  const schedule = show(cron.expressionString);
  const between = backup._longestGapSeconds;
  if (between !== undefined && shortestSeconds < between) {
    warn(scope, `${schedule} drills more often than ${show(backup.cronJobName)} backs up, every ${showSeconds(between)}: the same backup would be restored again; drill less often`);
  }
  if (longestSeconds > LONG_WITHOUT_DRILL) {
    warn(scope, `${schedule} leaves ${showSeconds(longestSeconds)} between two drills: for as long nobody knows whether the backups restore; drill every month, or more often`);
  }
}
