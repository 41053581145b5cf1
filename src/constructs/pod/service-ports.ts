/*
 * A NetworkPolicy is about the ports of pods, and who connects knows that of a Service. Where the Service is in the app, both are known, also
 * where it names the port of its pods.
 */
import { ApiObject, Chart } from 'cdk8s';
import { Construct } from 'constructs';
import { Connection } from './network-needs';
import { show } from '../core/check';
import { constructsOf, oncePerSynth } from '../core/once-per-synth';
import { rendered } from '../core/rendered';
import { warn } from '../core/warnings';

interface Labels {
  readonly [name: string]: string;
}

/** The part of a Pod, or of the template of one, that a Service looks at. */
interface Pod {
  readonly metadata?: { readonly labels?: Labels };
  readonly spec: { readonly containers: readonly any[] };
}

/** They have no template of pods, a CronJob not either: it has one of Jobs. Kinds that are not known here, such as a Rollout, may have pods. */
const WITHOUT_PODS: readonly string[] = ['CronJob', 'ServiceAccount', 'NetworkPolicy', 'PersistentVolumeClaim', 'ConfigMap', 'Secret', 'Service'];

/** What is in one namespace of the app. */
class Namespace {
  private readonly objects: ApiObject[] = [];
  private readonly services = new Map<string, ApiObject>();
  private known: readonly Pod[] | undefined;

  public add(object: ApiObject): void {
    this.objects.push(object);
    if (object.kind === 'Service' && !this.services.has(object.name)) this.services.set(object.name, object);
  }

  public service(name: string): ApiObject | undefined {
    return this.services.get(name);
  }

  /** Made only where somebody asks: each object that may have pods behind a Service is rendered for it. */
  public get pods(): readonly Pod[] {
    this.known ??= this.objects.filter(({ kind }) => !WITHOUT_PODS.includes(kind)).map(object => object.kind === 'Pod' ? { metadata: object.metadata.toJson(), spec: specOf(object) } : specOf(object).template)
      .filter(pod => pod?.spec?.containers);
    return this.known;
  }
}

const namespacesOf = oncePerSynth(root => {
  const found = new Map<string, Namespace>();
  for (const object of constructsOf(root).filter(ApiObject.isApiObject)) {
    const name = object.metadata.namespace ?? 'default';
    const namespace = found.get(name) ?? new Namespace();
    found.set(name, namespace);
    namespace.add(object);
  }
  return found;
});

/** Warns of each Service of this app that forwards to a port which the policy of this construct does not let through. Only validations may ask. */
export function warnOfForwardedPorts(scope: Construct, connections: readonly Connection[]): void {
  const home = Chart.of(scope).namespace ?? 'default';
  for (const { host, ports, property, place } of connections) {
    if (host === null || property === null || place?.ports) continue;
    const [name, namespaceName = home] = host.split('.');
    const namespace = namespacesOf(scope).get(namespaceName);
    const service = namespace?.service(name);
    for (const port of ports) {
      const forwarded = service && portsOfPods(service, port, namespace!);
      if (!forwarded || forwarded.length === 0 || forwarded.includes(port)) continue;
      warn(scope, `the Service ${show(name)} forwards port ${port} to ${forwarded.join(', ')} of its pods, and a NetworkPolicy is about that one: nothing gets through; set '${['network', ...property, 'ports'].join('.')}' to a list with ${[...forwarded].join(', ')}`);
    }
  }
}

/** To which ports of pods a Service forwards one of its own; none where that is not known. */
function portsOfPods(service: ApiObject, port: number, namespace: Namespace): number[] {
  const { clusterIP, ports, selector } = specOf(service);
  // The name of a headless one stands for the pods themselves.
  if (clusterIP === 'None' || !Array.isArray(ports) || !selector) return [];
  const found = ports.find((each: any) => each?.port === port);
  const target = found?.targetPort ?? found?.port;
  if (typeof target !== 'string') return target === undefined ? [] : [target];
  const pods = namespace.pods.filter(({ metadata }) => Object.keys(selector).length > 0 && matches(selector, metadata?.labels ?? {}));
  const named = pods.flatMap(pod => pod.spec.containers).flatMap((container: any) => container.ports ?? [])
    .filter(({ name }: any) => name === target);
  return [...new Set<number>(named.map(({ containerPort }: any) => containerPort))];
}

function specOf(object: ApiObject): any {
  return rendered(object)?.spec ?? {};
}

function matches(selector: Labels, labels: Labels): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}
