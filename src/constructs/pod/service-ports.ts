/*
 * A NetworkPolicy is about the ports of pods, and who connects knows that of a Service. Where the Service is in the app, both are known, also
 * where it names the port of its pods.
 */
import { ApiObject, Chart } from 'cdk8s';
import { Construct, IConstruct } from 'constructs';
import { Connection } from './network-needs';
import { show } from '../core/check';
import { warn } from '../core/warnings';

interface Labels {
  readonly [name: string]: string;
}

/** Warns of each Service of this app that forwards to a port which the policy of this construct does not let through. */
export function warnOfForwardedPorts(scope: Construct, connections: readonly Connection[]): void {
  const objects = scope.node.root.node.findAll().filter(ApiObject.isApiObject);
  const home = Chart.of(scope).namespace ?? 'default';
  for (const { host, ports, property, place } of connections) {
    if (host === null || property === null || place?.ports) continue;
    const [name, namespace = home] = host.split('.');
    const service = objects.find(object => object.kind === 'Service' && object.name === name && namespaceOf(object) === namespace);
    for (const port of ports) {
      const forwarded = service && portsOfPods(service, port, objects.filter(object => namespaceOf(object) === namespace));
      if (!forwarded || forwarded.length === 0 || forwarded.includes(port)) continue;
      warn(scope, `the Service ${show(name)} forwards port ${port} to ${forwarded.join(', ')} of its pods, and a NetworkPolicy is about that one: nothing gets through; set '${['network', ...property].join('.')}' to { ports: [${[...forwarded].join(', ')}] }`);
    }
  }
}

/** To which ports of pods a Service forwards one of its own; none where that is not known. */
function portsOfPods(service: ApiObject, port: number, objects: readonly ApiObject[]): number[] {
  const { clusterIP, ports, selector } = specOf(service);
  // The name of a headless one stands for the pods themselves.
  if (clusterIP === 'None' || !Array.isArray(ports) || !selector) return [];
  const found = ports.find((each: any) => each?.port === port);
  const target = found?.targetPort ?? found?.port;
  if (typeof target !== 'string') return target === undefined ? [] : [target];
  const pods = objects.map(object => object.kind === 'Pod' ? { metadata: object.metadata.toJson(), spec: specOf(object) } : specOf(object).template)
    .filter(pod => pod?.spec?.containers && Object.keys(selector).length > 0 && matches(selector, pod.metadata?.labels ?? {}));
  const named = pods.flatMap(pod => pod.spec.containers).flatMap((container: any) => container.ports ?? [])
    .filter(({ name }: any) => name === target);
  return [...new Set<number>(named.map(({ containerPort }: any) => containerPort))];
}

function specOf(object: ApiObject): any {
  try {
    return object.toJson().spec ?? {};
  } catch {
    return {}; // what is wrong with it is said when it is written
  }
}

function namespaceOf(object: IConstruct): string {
  return (object as ApiObject).metadata.namespace ?? 'default';
}

function matches(selector: Labels, labels: Labels): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}
