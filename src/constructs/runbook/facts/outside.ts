/*
 * How a machine outside of the cluster takes the place of a pod: what it forwards, and what it sets otherwise.
 */
import { isIP } from 'net';
import { kubectlOf } from './kubectl';
import { ContainerFacts, OutsideFacts, PartFacts } from './runbook-facts';
import { PodSecrets } from './secrets';
import { RestoreConfig } from '../../../contract/config';
import { Route } from '../../engine-api/runbook';
import { runbookOf } from '../../engines/engines';
import { storeType } from '../../stores/store-types';

/** What a restore from outside takes. */
export function outsideOf(config: RestoreConfig, namespace: string | undefined): OutsideFacts {
  const { route, forwards } = forwarding(namespace);
  const { api, settings, notes } = runbookOf(config.target).fromOutside(config.target, route);
  return {
    forwards: forwards(),
    api,
    settings: [
      ...targetSettings(settings),
      ...withoutCluster(config),
    ],
    notes,
  };
}

/**
 * What a restore in a container beside the server takes. Compose gives a service the name that its Service has in the cluster.
 *
 * @param pod the one that restores in the cluster
 */
export function containerOf(config: RestoreConfig, namespace: string | undefined, pod: any): ContainerFacts | undefined {
  const way = runbookOf(config.target).besideContainer(config.target, (host, port) => ({ host: serviceOf(host, namespace)?.name ?? host, port }));
  if (way === null) return undefined;
  const [{ image, volumeMounts = [] }] = pod.containers;
  const paths: string[] = volumeMounts.map(({ mountPath }: any) => mountPath);
  const mounts = way.files.flatMap(file => paths.filter(mount => file.startsWith(`${mount}/`)).sort((a, b) => b.length - a.length).slice(0, 1));
  return { image, settings: [...targetSettings(way.settings), ...withoutCluster(config)], network: way.network, mounts: [...new Set(mounts)] };
}

function targetSettings(settings: readonly string[]): readonly string[] {
  return settings.map(setting => `--set target.${setting}`);
}

/** Nobody there has an application to stop, or to ask for its health, nor the volumes of stores: what a restore replaces is stored outside alone. */
function withoutCluster({ stores, workloads, healthUrl }: RestoreConfig): readonly string[] {
  return [
    ...stores.filter(store => storeType(store).reachedBy === 'claim').map(({ name }) => `--set stores.${name}=null`),
    ...workloads.length > 0 ? ['--set \'workloads=[]\''] : [],
    ...healthUrl === null ? [] : ['--set healthUrl=null'],
  ];
}

/** What it takes to bring a part back, if there is a way. */
export function partOf(config: RestoreConfig, namespace: string | undefined, secrets: PodSecrets): PartFacts | undefined {
  const { route, forwards } = forwarding(namespace);
  const part = runbookOf(config.target).partOf(config.target, route);
  if (part === null) return undefined;
  return {
    forwards: forwards(),
    beside: targetSettings(part.beside),
    login: secrets.variables.filter(({ variable }) => variable === part.passwordEnv),
    copy: part.copy,
    remove: part.remove,
  };
}

/** A route, and the port-forwards that it takes as far as somebody has asked. */
function forwarding(namespace: string | undefined): { readonly route: Route; forwards(): readonly string[] } {
  const found: string[] = [];
  const route: Route = (host, port) => {
    const service = serviceOf(host, namespace);
    if (service === undefined) return { host, port };
    const local = localPort(port);
    found.push(`${kubectlOf(service.namespace)} port-forward svc/${service.name} ${local}:${port}`);
    return { host: 'localhost', port: local };
  };
  return { route, forwards: () => [...new Set(found)] };
}

/** The Service of the cluster that a host is; `undefined`: it is outside, and reached as it is. */
function serviceOf(host: string, namespace: string | undefined): { readonly name: string; readonly namespace: string | undefined } | undefined {
  const [name, inNamespace, svc, ...domain] = host.replace(/\.$/, '').split('.');
  if (isIP(host) !== 0 || (svc !== undefined && svc !== 'svc') || ![0, 2].includes(domain.length)) return undefined;
  return { name, namespace: inNamespace ?? namespace };
}

/** One that is free where the server's own may not be. */
function localPort(port: number): number {
  return port + 10_000 <= 65_535 ? port + 10_000 : port - 10_000;
}
