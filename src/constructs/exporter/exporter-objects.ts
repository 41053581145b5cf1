import { ApiObject, Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { ExporterSettings, NAME_LABEL } from './exporter-settings';
import { ExporterConfig } from '../../contract/config';
import { podLabelsOf } from '../parts/pod-parts';
import { StoreParts } from '../parts/store-parts';
import { addressByName } from '../pod/pod-address';
import { NameAndLabels, RunnerPod } from '../pod/runner-pod';

const PORT_NAME = 'http';

/** What the Deployment is made of. All of it has been checked. */
export interface ExporterDeploymentProps {
  readonly metadata: NameAndLabels;
  /** By which cdk8s-plus finds the pod. */
  readonly address: string;
  readonly pod: RunnerPod;
  readonly config: ExporterConfig;
  readonly parts: readonly StoreParts[];
  readonly serviceAccount: kplus.IServiceAccount;
  /** Whether annotations tell Prometheus where to look; otherwise a ServiceMonitor does. */
  readonly annotated: boolean;
}

export function defineDeployment(scope: Construct, props: ExporterDeploymentProps): kplus.Deployment {
  const { metadata, address, pod, config, parts, serviceAccount, annotated } = props;
  const { port } = config;
  const { containers, ...defined } = pod.define(scope, ['serve'], config, parts);
  const probe = (seconds: number, failureThreshold: number) =>
    kplus.Probe.fromHttpGet('/healthz', { port, periodSeconds: Duration.seconds(seconds), failureThreshold });
  const deployment = new kplus.Deployment(scope, 'Resource', {
    ...defined,
    metadata,
    select: false,
    podMetadata: {
      labels: { ...metadata.labels, ...podLabelsOf(parts) },
      annotations: annotated ? { 'prometheus.io/scrape': 'true', 'prometheus.io/port': `${port}`, 'prometheus.io/path': '/metrics' } : {},
    },
    replicas: 1,
    // A second pod would wait for a claim that the first one has on another node.
    strategy: kplus.DeploymentStrategy.recreate(),
    restartPolicy: kplus.RestartPolicy.ALWAYS,
    serviceAccount,
    automountServiceAccountToken: false,
    containers: containers.map(container => ({
      ...container,
      ports: [{ number: port, name: PORT_NAME }],
      startup: probe(1, 60),
      readiness: probe(10, 3),
      liveness: probe(20, 6),
    })),
  });
  // What selects pods can't be changed once the Deployment is there: it is of the name alone, whatever becomes of labels and of the construct's path.
  deployment.select(kplus.LabelSelector.of({ labels: { [NAME_LABEL]: metadata.name } }));
  addressByName(deployment, address);
  pod.patchPod(ApiObject.of(deployment), '/spec/template/spec');
  return deployment;
}

export function defineService(scope: Construct, metadata: NameAndLabels, selector: kplus.Deployment, port: number): kplus.Service {
  return new kplus.Service(scope, 'Service', { metadata, selector, ports: [{ port, targetPort: port, name: PORT_NAME }] });
}

export function defineServiceMonitor(
  scope: Construct, metadata: NameAndLabels, { exporterName, refreshSeconds }: ExporterSettings, labels: { [key: string]: string },
): ApiObject {
  return new ApiObject(scope, 'ServiceMonitor', {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'ServiceMonitor',
    metadata: { name: exporterName, labels: { ...metadata.labels, ...labels } },
    spec: {
      selector: { matchLabels: { [NAME_LABEL]: exporterName } },
      endpoints: [{ port: PORT_NAME, path: '/metrics', interval: `${Math.max(30, refreshSeconds)}s` }],
    },
  });
}
