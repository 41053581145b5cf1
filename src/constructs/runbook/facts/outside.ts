/*
 * How a machine outside of the cluster takes the place of a pod: what it forwards, and what it sets otherwise.
 */
import { isIP } from 'net';
import { kubectlOf } from './kubectl';
import { OutsideFacts, PartFacts } from './runbook-facts';
import { PodSecrets } from './secrets';
import { RestoreConfig } from '../../../contract/config';
import { Route } from '../../engine-api/runbook';
import { runbookOf } from '../../engines/engines';

/** What a restore from outside takes. */
export function outsideOf(config: RestoreConfig, namespace: string | undefined): OutsideFacts {
  const { route, forwards } = forwarding(namespace);
  const { api, settings, notes } = runbookOf(config.target).fromOutside(config.target, route);
  return {
    forwards: forwards(),
    api,
    settings: [
      ...settings.map(setting => `--set target.${setting}`),
      ...config.workloads.length > 0 ? ['--set \'workloads=[]\''] : [],
      ...config.healthUrl === null ? [] : ['--set healthUrl=null'],
    ],
    notes,
  };
}

/** What it takes to bring a part back, if there is a way. */
export function partOf(config: RestoreConfig, namespace: string | undefined, secrets: PodSecrets): PartFacts | undefined {
  const { route, forwards } = forwarding(namespace);
  const part = runbookOf(config.target).partOf(config.target, route);
  if (part === null) return undefined;
  return {
    forwards: forwards(),
    beside: part.beside.map(setting => `--set target.${setting}`),
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
