import { ApiObject, Duration, JsonPatch, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { DrillVolume } from './drill-volume';
import { RestoreDrillProps } from './restore-drill-props';
import { DrillServer } from './server';
import { drillSource, drillTarget, freshnessOf } from './target';
import { CONFIG_VERSION, DrillConfig } from '../../contract/config';
import { BackupCronJob } from '../backup/backup-cron-job';
import { WatchedCronJob } from '../backup/watched';
import { checkText, checkWholeNumber, show, showSeconds, wholeSeconds } from '../core/check';
import { defined } from '../core/defined';
import { refuseNamesakes } from '../core/namesakes';
import { warn } from '../core/warnings';
import { connectionsOf } from '../pod/network-needs';
import { checkNetwork, defineJobPolicy, inheritNetwork, policedLabels } from '../pod/network-policy';
import { bindStores, RunnerPod, serviceAccountFor } from '../pod/runner-pod';
import { RecoveryScenario } from '../recovery/recovery-scenario';
import { checkJobName, checkNotABackup } from '../restore/checks';
import { gapsOf } from '../schedule/longest-gap';
import { checkTimeZone } from '../schedule/time-zones';
import { runnerDeadlineSeconds, timing } from '../schedule/timing';
import { checkAccess, missingRights } from '../stores/access';

const COMMAND = 'drill';

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
  public readonly _drill: WatchedCronJob & {
    readonly backup: BackupCronJob;
    /** What is promised; `undefined` where nothing is. */
    readonly rtoSeconds: number | undefined;
  };

  constructor(scope: Construct, id: string, props: RestoreDrillProps) {
    super(scope, id);

    const { backup } = props;
    this.cronJobName = checkJobName('cronJobName', id, props.cronJobName);
    const { schedule, deadlineSeconds, startingDeadlineSeconds } = timing(props);
    const timeZone = checkTimeZone(props.timeZone ?? 'Etc/UTC');
    const labels = props.labels ?? { component: 'restore-drill' };
    checkNotABackup(labels, backup._labels);
    const backoffLimit = checkWholeNumber('backoffLimit', props.backoffLimit ?? 2, 0, 100);
    const successfulJobsRetained = checkWholeNumber('successfulJobsRetained', props.successfulJobsRetained ?? 3, 0, 1000);
    const failedJobsRetained = checkWholeNumber('failedJobsRetained', props.failedJobsRetained ?? 3, 0, 1000);
    const keepDrills = checkWholeNumber('keepDrills', props.keepDrills ?? 100, 1, 10_000);
    const serverStartSeconds = wholeSeconds('serverStartTimeout', props.serverStartTimeout ?? Duration.minutes(5), 1, 'a server needs some time to start');
    const rtoSeconds = rtoOf(backup);
    checkDeadline(deadlineSeconds, serverStartSeconds, rtoSeconds);

    const source = drillSource(backup._config.source, props.member);
    const target = drillTarget(this, source, props);
    const server = source.engine === 'sqlite'
      ? refuseServer(props)
      : new DrillServer(source.engine, props, props.dataVolume ?? DrillVolume.emptyDir(Size.gibibytes(10)));
    const { user, group, fsGroup, image, imagePullPolicy, imagePullSecret, stores, source: given } = { ...backup._restorable, ...defined(props) };
    const decryption = props.decryption?._bind(this);
    if (props.decryption?._risk !== undefined) warn(this, props.decryption._risk);
    if (decryption === undefined && backup._config.encryption !== null) {
      throw new Error(`'decryption' is missing: ${show(backup.cronJobName)} is encrypted, and a drill without an identity restores nothing: Decryption.fromSecret(secret, 'identity')`);
    }
    const pod = new RunnerPod({ ...props, user, group, fsGroup, image, imagePullPolicy, imagePullSecret }, props.scratchSize ?? given._scratchSize);
    const storeParts = bindStores(this, backup.backupName, stores, props.s3Credentials);
    const wayOut = 'set \'s3Credentials\' to some of S3Access.VERIFY';
    checkAccess(stores, props.s3Credentials ?? {}, [{ right: 'read', why: 'a drill reads', wayOut }]);
    const unrecorded = missingRights(stores, props.s3Credentials ?? {}, [
      { right: 'note', why: 'drills are not recorded there: neither alerts nor the status page know of them', wayOut },
    ]);
    // A drill that nobody will know of counts as failed.
    if (unrecorded.length === stores.length) throw new Error(unrecorded[0]);
    for (const problem of unrecorded) warn(this, problem);
    const config: DrillConfig = {
      version: CONFIG_VERSION,
      kind: 'drill',
      name: backup.backupName,
      namespace: backup._config.namespace,
      member: props.member ?? null,
      target,
      stores: storeParts.map(store => store.config),
      mayBeEmpty: (props.tablesThatMayBeEmpty ?? []).map(table => checkText('tablesThatMayBeEmpty', table)),
      dataBytes: server?.dataBytes ?? null,
      freshness: freshnessOf(source.engine, props.freshness ?? []),
      rtoSeconds: rtoSeconds ?? null,
      serverStartSeconds,
      keepDrills,
      decryption: decryption?.config ?? null,
      pushgatewayUrl: backup._config.pushgatewayUrl,
      deadlineSeconds: runnerDeadlineSeconds(deadlineSeconds),
      scratch: pod.scratch,
    };
    const network = inheritNetwork(props, backup._network);
    const { pushgatewayUrl } = config;
    const connections = connectionsOf({ stores: config.stores, pushgatewayUrl }, network.network);
    checkNetwork(props, network, connections);

    const metadata = { name: this.cronJobName, labels };
    this.serviceAccount = serviceAccountFor(this, props.serviceAccount, storeParts, metadata);
    this.cronJob = new kplus.CronJob(this, 'Resource', {
      metadata,
      podMetadata: { labels: policedLabels(labels, this.cronJobName) },
      schedule,
      timeZone,
      concurrencyPolicy: kplus.ConcurrencyPolicy.FORBID,
      activeDeadline: Duration.seconds(deadlineSeconds),
      startingDeadline: Duration.seconds(startingDeadlineSeconds),
      backoffLimit,
      successfulJobsRetained,
      failedJobsRetained,
      serviceAccount: this.serviceAccount,
      automountServiceAccountToken: false,
      ...pod.define(this, [COMMAND], config, [...server ? [server.parts] : [], ...storeParts, ...decryption ? [decryption] : []]),
      initContainers: server ? [server.define(this)] : undefined,
    });
    const object = ApiObject.of(this.cronJob);
    object.addJsonPatch(JsonPatch.add('/spec/jobTemplate/metadata', { labels }));
    pod.patch(object, '/spec/jobTemplate', COMMAND);
    server?.patch(object);
    this.networkPolicy = defineJobPolicy(this, metadata, network, connections);

    const gaps = gapsOf(props.schedule.expressionString, timeZone, deadlineSeconds);
    this._drill = { cronJobName: this.cronJobName, gapSeconds: gaps.longestSeconds, deadlineSeconds, backup, rtoSeconds };
    const between = backup._longestGapSeconds;
    if (between !== undefined && gaps.shortestSeconds < between) {
      warn(this, `${show(props.schedule.expressionString)} drills more often than ${show(backup.cronJobName)} backs up, every ${showSeconds(between)}: the same backup would be restored again; drill less often`);
    }
    if (gaps.longestSeconds > LONG_WITHOUT_DRILL) {
      warn(this, `${show(props.schedule.expressionString)} leaves ${showSeconds(gaps.longestSeconds)} between two drills: for as long nobody knows whether the backups restore; drill every month, or more often`);
    }
    refuseNamesakes(this, 'cronJobName', this.cronJobName, { jobNames: [this.cronJobName] });
  }
}

/** What is promised for the case that a drill rehearses: the data are damaged, and everything else is there. */
function rtoOf(backup: BackupCronJob): number | undefined {
  return backup.recoveryReport().scenarios.find(({ scenario }) => scenario === RecoveryScenario.CORRUPTION)?.rtoSeconds;
}

function checkDeadline(deadlineSeconds: number, serverStartSeconds: number, rtoSeconds: number | undefined): void {
  if (serverStartSeconds >= deadlineSeconds) {
    throw new Error(`'serverStartTimeout' must be less than the 'deadline' of ${showSeconds(deadlineSeconds)}, got ${showSeconds(serverStartSeconds)}: shorten it, or set a longer 'deadline'`);
  }
  if (rtoSeconds !== undefined && deadlineSeconds <= rtoSeconds) {
    throw new Error(`'deadline' must be more than the declared RTO of the backup, ${showSeconds(rtoSeconds)}, got ${showSeconds(deadlineSeconds)}: a drill that is stopped before can't tell how long a restore takes`);
  }
}

/** A file needs no server. */
function refuseServer(props: RestoreDrillProps): undefined {
  for (const property of ['serverImage', 'serverArgs', 'serverResources', 'serverUser', 'serverStartTimeout', 'dataVolume'] as const) {
    if (props[property] !== undefined) throw new Error(`'${property}' is for PostgreSQL and Redis, and the backup is of SQLite, which is restored into the scratch volume: set 'scratchSize'`);
  }
  return undefined;
}
