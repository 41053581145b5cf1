import { ApiObject, Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { BackupExporterProps } from './backup-exporter-props';
import { ExporterStores } from './stores';
import { CONFIG_VERSION, ExportedBackupConfig, ExporterConfig, renderConfig } from '../../contract/config';
import { BackupCronJob } from '../backup/backup-cron-job';
import { WatchedCronJob } from '../backup/watched';
import { toCronJobName } from '../core/backup-name';
import { checkLabels, checkPort, isDnsLabel, show, wholeSeconds } from '../core/check';
import { refuseNamesakes } from '../core/namesakes';
import { connectionsOf } from '../pod/network-needs';
import { checkNetwork, defineNetworkPolicy, inheritNetwork } from '../pod/network-policy';
import { RunnerPod, serviceAccountFor } from '../pod/runner-pod';
import { RestoreJob } from '../restore/restore-job';

const COMMAND = 'serve';
const PORT_NAME = 'http';

/** Tells the Service of one exporter from that of another with the same labels. */
const NAME_LABEL = 'cdk8s-backup/exporter';

/** Room for what somebody fetches by hand, in a pod that is looked at. */
const SCRATCH_SIZE = Size.gibibytes(1);

/** Metrics come late, and clocks differ. */
const SLACK_SECONDS = 900;

/** Linux takes no longer environment variable than 128 KiB. */
const MAX_CONFIG_BYTES = 120_000;

/**
 * A place to look: which backups there are, how old they are, whether they were read back and restored, and what is wrong.
 *
 * Defines a `Deployment` with a `Service` that serves a status page at `/`, metrics for Prometheus at `/metrics` and JSON at
 * `/api/backups`; a `ServiceAccount` without rights; a `NetworkPolicy`; on request a `ServiceMonitor`. All of it comes from what lies in
 * the stores, so it is right even when no Job is left, and nothing is ever written there. The command line is in the pod:
 * `kubectl exec deploy/NAME -- cdk8s-backup list`. The pod meets the "restricted" level of Pod Security.
 *
 * Whoever reaches the port can see names, sizes, places and messages of backups; no secret is among them.
 */
export class BackupExporter extends Construct {
  /** The `Deployment`, for anything this construct does not cover. */
  public readonly deployment: kplus.Deployment;

  /** The `Service`. */
  public readonly service: kplus.Service;

  /** The identity of the pod. */
  public readonly serviceAccount: kplus.IServiceAccount;

  /** The `ServiceMonitor`, if there is one. */
  public readonly serviceMonitor?: ApiObject;

  /** The `NetworkPolicy`, if there is one. */
  public readonly networkPolicy?: ApiObject;

  /** Name of the Deployment and of the Service. */
  public readonly exporterName: string;

  constructor(scope: Construct, id: string, props: BackupExporterProps) {
    super(scope, id);
    this.exporterName = checkName(id, props.exporterName);
    checkBackups(props.backups);
    const restores = checkRestores(props.restores ?? [], props.backups);
    const drills = props.drills ?? [];
    const foreign = drills.find(({ _drill }) => !props.backups.includes(_drill.backup));
    if (foreign) throw new Error(`'drills' has ${show(foreign.node.path)}, whose backup is not among 'backups': leave it out, or add the backup`);
    const port = checkPort(props.port ?? 8080);
    const refreshSeconds = wholeSeconds('refresh', props.refresh ?? Duration.minutes(1), 10, 'each look lists every object');
    const labels = { ...props.labels ?? { component: 'backup-exporter' }, [NAME_LABEL]: this.exporterName };
    checkLabels('labels', labels);
    checkLabels('serviceMonitorLabels', props.serviceMonitorLabels ?? {});

    const first = props.backups[0]._restorable;
    const pod = new RunnerPod({
      image: props.image ?? first.image,
      imagePullPolicy: props.imagePullPolicy ?? first.imagePullPolicy,
      imagePullSecret: props.imagePullSecret ?? first.imagePullSecret,
      resources: props.resources ?? { cpu: { request: kplus.Cpu.millis(10) }, memory: { request: Size.mebibytes(96), limit: Size.mebibytes(512) } },
      priorityClassName: props.priorityClassName,
      user: props.user ?? first.user,
      group: props.group ?? first.group,
      fsGroup: props.fsGroup ?? first.fsGroup,
    }, SCRATCH_SIZE);
    const stores = new ExporterStores(this, props.backups, { volumes: props.volumes ?? true, s3Credentials: props.s3Credentials ?? {} });
    const age = (property: 'maxVerificationAge' | 'maxDrillAge') => {
      const value = props[property];
      return value === undefined ? null : wholeSeconds(property, value, 1, 'it is in the past');
    };
    const config: ExporterConfig = {
      version: CONFIG_VERSION,
      kind: 'exporter',
      backups: props.backups.map((backup): ExportedBackupConfig => ({
        ...describe(backup),
        restoreJob: restores.find(restore => restore._backup === backup)?.jobName ?? null,
        stores: stores.of(backup),
        verifiedWithinSeconds: age('maxVerificationAge') ?? allowedAge(backup._watched.verify ? [backup._watched.verify] : []),
        drilledWithinSeconds: age('maxDrillAge') ?? allowedAge(drills.filter(({ _drill }) => _drill.backup === backup).map(({ _drill }) => _drill)),
      })),
      port,
      refreshSeconds,
    };
    checkSize(config);
    const network = inheritNetwork(props, { networkPolicy: props.backups[0]._network.networkPolicy });
    // Two backups may call different stores by one name: each knows where its own are.
    const connections = props.backups.flatMap(backup => connectionsOf({ stores: stores.of(backup) }, inheritNetwork(props, backup._network).network));
    checkNetwork(props, network, connections);

    const metadata = { name: this.exporterName, labels };
    this.serviceAccount = serviceAccountFor(this, props.serviceAccount, stores.parts, { ...metadata, name: `${this.exporterName}-exporter` });
    const defined = pod.define(this, [COMMAND], config, stores.parts);
    const probe = (seconds: { readonly periodSeconds: Duration; readonly failureThreshold: number }) => kplus.Probe.fromHttpGet('/healthz', { port, ...seconds });
    this.deployment = new kplus.Deployment(this, 'Resource', {
      ...defined,
      metadata,
      podMetadata: {
        labels,
        annotations: props.serviceMonitorLabels ? {} : { 'prometheus.io/scrape': 'true', 'prometheus.io/port': `${port}`, 'prometheus.io/path': '/metrics' },
      },
      replicas: 1,
      // A second pod would wait for a claim that the first one has on another node.
      strategy: kplus.DeploymentStrategy.recreate(),
      restartPolicy: kplus.RestartPolicy.ALWAYS,
      serviceAccount: this.serviceAccount,
      automountServiceAccountToken: false,
      containers: defined.containers.map(container => ({
        ...container,
        ports: [{ number: port, name: PORT_NAME }],
        startup: probe({ periodSeconds: Duration.seconds(1), failureThreshold: 60 }),
        readiness: probe({ periodSeconds: Duration.seconds(10), failureThreshold: 3 }),
        liveness: probe({ periodSeconds: Duration.seconds(20), failureThreshold: 6 }),
      })),
    });
    pod.patchPod(ApiObject.of(this.deployment), '/spec/template/spec');
    this.service = new kplus.Service(this, 'Service', { metadata, selector: this.deployment, ports: [{ port, targetPort: port, name: PORT_NAME }] });
    if (network.networkPolicy) {
      this.networkPolicy = defineNetworkPolicy(this, { ...metadata, name: `${this.exporterName}-exporter` }, this.deployment.matchLabels, connections, port);
    }
    if (props.serviceMonitorLabels) {
      this.serviceMonitor = new ApiObject(this, 'ServiceMonitor', {
        apiVersion: 'monitoring.coreos.com/v1',
        kind: 'ServiceMonitor',
        metadata: { name: this.exporterName, labels: props.serviceMonitorLabels },
        spec: {
          selector: { matchLabels: { [NAME_LABEL]: this.exporterName } },
          endpoints: [{ port: PORT_NAME, path: '/metrics', interval: `${Math.max(30, refreshSeconds)}s` }],
        },
      });
    }
    refuseNamesakes(this, 'exporterName', this.exporterName);
  }
}

/** What is known of a backup without its stores. */
function describe(backup: BackupCronJob) {
  const { scenarios, worstDataAgeSeconds } = backup.recoveryReport();
  const rtos = scenarios.flatMap(({ rtoSeconds }) => rtoSeconds === undefined ? [] : [rtoSeconds]);
  return {
    name: backup.backupName,
    engine: backup._config.source.engine,
    namespace: backup._config.namespace,
    cronJob: backup.cronJobName,
    staleAfterSeconds: worstDataAgeSeconds === undefined ? null : worstDataAgeSeconds + SLACK_SECONDS,
    rpoSeconds: backup._recovery.rpoSeconds ?? null,
    rtoSeconds: rtos.length === 0 ? null : Math.min(...rtos),
  };
}

/** So old may the last run be before one is missing; `null` where there is no schedule. */
function allowedAge(cronJobs: readonly WatchedCronJob[]): number | null {
  return cronJobs.length === 0 ? null : Math.max(...cronJobs.map(({ gapSeconds, deadlineSeconds }) => gapSeconds + deadlineSeconds + SLACK_SECONDS));
}

function checkBackups(backups: readonly BackupCronJob[]): void {
  if (backups.length === 0) throw new Error('\'backups\' must have at least one backup, got []');
  const names = backups.map(({ backupName }) => backupName);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new Error(`'backups' must have different backup names, got ${show(twice)} more often: pages and metrics tell them apart by it; give one of them another 'backupName', or an exporter of its own`);
  }
}

function checkRestores(restores: readonly RestoreJob[], backups: readonly BackupCronJob[]): readonly RestoreJob[] {
  for (const restore of restores) {
    if (!restore._backup || !backups.includes(restore._backup)) {
      throw new Error(`'restores' has ${show(restore.node.path)}, which restores none of 'backups': leave it out, or give it the 'backup'`);
    }
    if (!restore._isTemplate) {
      throw new Error(`'restores' has ${show(restore.node.path)}, which runs when it is applied: only templates can be started from, so leave it out`);
    }
  }
  return restores;
}

function checkName(id: string, given: string | undefined): string {
  const name = given ?? toCronJobName(id);
  if (!isDnsLabel(name, 52) || !/^[a-z]/.test(name)) {
    throw new Error(`'exporterName' must be up to 52 lower-case letters, digits and "-", with a letter first and a letter or digit last, got ${show(name)}${given === undefined ? `: it comes from the construct's id ${show(id)}, set 'exporterName'` : ''}`);
  }
  return name;
}

function checkSize(config: ExporterConfig): void {
  const bytes = new TextEncoder().encode(renderConfig(config)).length;
  if (bytes > MAX_CONFIG_BYTES) {
    throw new Error(`'backups' are too many for one exporter, got ${config.backups.length}: their config has ${bytes} bytes, and an environment variable takes ${MAX_CONFIG_BYTES}; make two exporters`);
  }
}
