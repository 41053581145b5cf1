import { ApiObject, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { BackupExporterProps } from './backup-exporter-props';
import { exporterConfig } from './exporter-config';
import { EXPORTER_FORM } from './exporter-form';
import { defineDeployment, defineService, defineServiceMonitor } from './exporter-objects';
import { checkExporterProps } from './exporter-settings';
import { ExporterStores } from './stores';
import { ExporterConfig } from '../../contract/config';
import { writeAsStored } from '../core/as-stored';
import { checkForm } from '../core/form';
import { located } from '../core/located';
import { refuseNamesakes } from '../core/namesakes';
import { standardLabels } from '../core/standard-labels';
import { connectionsOf } from '../pod/network-needs';
import { checkNetwork, defineNetworkPolicy, inheritNetwork } from '../pod/network-policy';
import { inheritPod, RunnerPod, serviceAccountFor } from '../pod/runner-pod';

/** Room for what somebody fetches by hand, in a pod that is looked at. */
const SCRATCH_SIZE = Size.gibibytes(1);

const RESOURCES: kplus.ContainerResources = {
  cpu: { request: kplus.Cpu.millis(10) },
  memory: { request: Size.mebibytes(96), limit: Size.mebibytes(512) },
};

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

  /**
   * What the runner is told.
   *
   * @internal
   */
  public readonly _config: ExporterConfig;

  constructor(scope: Construct, id: string, props: BackupExporterProps) {
    super(scope, id);
    try {
      checkForm(props, EXPORTER_FORM);
      const settings = checkExporterProps(id, props);
      const { exporterName, port, labels } = settings;
      const [first] = props.backups;
      const pod = new RunnerPod(inheritPod(this, { ...props, resources: props.resources ?? RESOURCES }, first._restorable), SCRATCH_SIZE);
      const stores = new ExporterStores(this, props.backups, { volumes: props.volumes ?? true, s3Credentials: props.s3Credentials ?? {} });

      const config = exporterConfig(props, settings, stores);
      const network = inheritNetwork(props, { networkPolicy: first._network.networkPolicy });
      // Two backups may call different stores by one name: each knows where its own are.
      const connections = props.backups.flatMap(backup =>
        connectionsOf({ stores: stores.of(backup) }, inheritNetwork(props, backup._network).network));
      checkNetwork(props, network, connections);

      const metadata = { name: exporterName, labels: { ...standardLabels(this, 'backup-exporter', exporterName), ...labels } };
      const besideBackups = { ...metadata, name: `${exporterName}-exporter` };
      this._config = config;
      this.exporterName = exporterName;
      this.serviceAccount = serviceAccountFor(this, props.serviceAccount, stores.parts, besideBackups);
      this.deployment = defineDeployment(this, {
        metadata,
        address: besideBackups.name,
        pod,
        config,
        parts: stores.parts,
        serviceAccount: this.serviceAccount,
        annotated: !props.serviceMonitorLabels,
      });
      this.service = defineService(this, metadata, this.deployment, port);
      if (network.networkPolicy) {
        this.networkPolicy = defineNetworkPolicy(this, besideBackups, this.deployment.matchLabels, connections, port);
      }
      if (props.serviceMonitorLabels) this.serviceMonitor = defineServiceMonitor(this, metadata, settings, props.serviceMonitorLabels);
      writeAsStored(this);
      refuseNamesakes(this, 'exporterName', exporterName);
    } catch (error) {
      throw located(this.node.path, error);
    }
  }
}
