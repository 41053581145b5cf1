import { isIP } from 'node:net';
import { ApiObject } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { Connection, connectionsOf, NetworkNeeds } from './network-needs';
import { NetworkOptions, NetworkPlaces } from './network-options';
import { checkPlaces, placesIn } from './network-places';
import { NameAndLabels } from './runner-pod';
import { warnOfForwardedPorts } from './service-ports';
import { defined } from '../core/defined';

/**
 * Has a value that no other pod of the namespace has: the name of the CronJob, or of what else the pod is of. The policies of a pod add up, so
 * each has to be about its own pods only.
 */
const JOB_LABEL = 'cdk8s-backup/job';

/** Labels of pods that a policy can be about. */
export function policedLabels(labels: { readonly [key: string]: string }, name: string): { [key: string]: string } {
  return { ...labels, [JOB_LABEL]: name };
}

/** What is given, and else what the backup has: each place for itself. */
export function inheritNetwork(given: NetworkOptions, { networkPolicy, network }: NetworkOptions = {}): Required<NetworkOptions> {
  const places: NetworkPlaces = { ...network, ...defined(given.network ?? {}) };
  return {
    networkPolicy: given.networkPolicy ?? networkPolicy ?? true,
    network: { ...places, members: { ...network?.members, ...given.network?.members }, stores: { ...network?.stores, ...given.network?.stores } },
  };
}

/** What a pod may reach. */
export interface PodNetwork extends Required<NetworkOptions> {
  /** With their places. */
  readonly connections: readonly Connection[];
}

/** What a pod with these needs may reach: what is given, checked at once, and else what the backup has. */
export function networkOf(given: NetworkOptions, ofBackup: NetworkOptions | undefined, needs: NetworkNeeds): PodNetwork {
  const network = inheritNetwork(given, ofBackup);
  const connections = connectionsOf(needs, network.network);
  checkNetwork(given, network, connections);
  return { ...network, connections };
}

/** Checks at once what is given about the network of a pod that has these connections. */
export function checkNetwork(given: NetworkOptions, { networkPolicy }: Required<NetworkOptions>, connections: readonly Connection[]): void {
  if (given.network === undefined) return;
  if (!networkPolicy) throw new Error('\'network\' is a part of the network policy, and \'networkPolicy\' is false: drop one of them');
  const known = [...new Set(connections.flatMap(({ property }) => property === null ? [] : [property.join('.')]))];
  for (const [property] of placesIn(given.network)) {
    if (!known.includes(property)) {
      throw new Error(`'network.${property}' is about nothing that the pod connects to: ${known.length === 0 ? 'it needs no network' : `it has ${known.join(', ')}`}; drop it`);
    }
  }
  checkPlaces(given.network);
}

/**
 * Lets the pods out to their connections, and nobody in but those that call back, and whoever asks for `port`. A policy knows addresses, ports and
 * labels, and no names of hosts: where nothing else is known it is the port alone that is restricted.
 *
 * @param podLabels of these pods and no others
 */
export function defineNetworkPolicy(
  scope: Construct, metadata: NameAndLabels, podLabels: { [key: string]: string }, connections: readonly Connection[], port?: number,
): ApiObject {
  const egress = connections.map((connection): Rule => {
    const { ports, protocols, place } = connection;
    return { peers: peersOf(connection), ports: protocols.flatMap(protocol => (place?.ports ?? ports).map(number => ({ protocol, port: number }))) };
  });
  const ingress = connections.flatMap((connection): Rule[] => connection.callsBack === undefined ? []
    : [{ peers: peersOf(connection), ports: [{ protocol: 'TCP', port: connection.callsBack }] }]);
  scope.node.addValidation({
    validate: () => {
      warnOfForwardedPorts(scope, connections);
      return [];
    },
  });
  const served: Rule[] = port === undefined ? [] : [{ peers: undefined, ports: [{ protocol: 'TCP', port }] }];
  return new kplus.k8s.KubeNetworkPolicy(scope, 'NetworkPolicy', {
    metadata,
    spec: {
      podSelector: { matchLabels: podLabels },
      policyTypes: ['Ingress', 'Egress'],
      ingress: render([...ingress, ...served], (from, ports) => ({ from, ports })),
      egress: render(egress, (to, ports) => ({ to, ports })),
    },
  });
}

/** The policy of the pods of one Job or CronJob, which have `policedLabels`; `undefined` where none is wanted. */
export function defineJobPolicy(scope: Construct, metadata: NameAndLabels, { networkPolicy, connections }: PodNetwork): ApiObject | undefined {
  return networkPolicy ? defineNetworkPolicy(scope, metadata, { [JOB_LABEL]: metadata.name }, connections) : undefined;
}

interface Rule {
  /** `undefined`: everybody. */
  readonly peers: kplus.k8s.NetworkPolicyPeer[] | undefined;
  readonly ports: readonly { readonly protocol: string; readonly port: number }[];
}

function peersOf({ host, place = {} }: Connection): Rule['peers'] {
  const { cidrs, podLabels, namespaceLabels } = place;
  const pods = podLabels ?? namespaceLabels ? [{
    podSelector: podLabels && { matchLabels: podLabels },
    namespaceSelector: namespaceLabels && { matchLabels: namespaceLabels },
  }] : [];
  const version = host === null ? 0 : isIP(host);
  const ranges = cidrs ?? (pods.length === 0 && version !== 0 ? [`${host}/${version === 4 ? 32 : 128}`] : []);
  const peers = [...ranges.map(cidr => ({ ipBlock: { cidr } })), ...pods];
  return peers.length === 0 ? undefined : peers;
}

/** One rule for each place, with the ports of all that is there; `undefined` where nothing is allowed. */
function render<T>(rules: readonly Rule[], toRule: (peers: Rule['peers'], ports: kplus.k8s.NetworkPolicyPort[]) => T): T[] | undefined {
  const places = new Map<string, Rule>();
  for (const { peers, ports } of rules) {
    // Name servers stay a rule of their own, which is easier to read.
    const key = JSON.stringify([peers, ports.some(({ protocol }) => protocol === 'UDP')]);
    places.set(key, { peers, ports: [...places.get(key)?.ports ?? [], ...ports] });
  }
  const rendered = [...places.values()].map(({ peers, ports }) => {
    const different = [...new Map(ports.map(each => [`${each.protocol} ${each.port}`, each])).values()];
    const sorted = different.sort((a, b) => b.protocol.localeCompare(a.protocol) || a.port - b.port);
    return toRule(peers, sorted.map(({ protocol, port }) => ({ protocol, port: kplus.k8s.IntOrString.fromNumber(port) })));
  });
  return rendered.length === 0 ? undefined : rendered;
}
