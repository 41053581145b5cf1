import { ApiObject } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { checkWholeNumber, show } from './_check';
import { NameAndLabels } from './_runner-pod';
import { S3StoreConfig, StoreConfig } from './contract/config';

/** What the props of a drill say about its network. */
export interface DrillNetworkProps {
  readonly networkPolicy?: boolean;
  readonly storeCidrs?: string[];
  readonly storePorts?: number[];
}

const CIDR = /^([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)\/(\d{1,3})$/;

/** Where the agents are that give a pod its identity in the cloud. */
const LINK_LOCAL = '169.254.0.0/16';
const IDENTITY_PORTS = [80, 988];

/** Checks the props at once. */
export function checkDrillNetwork({ networkPolicy = true, storeCidrs, storePorts }: DrillNetworkProps, stores: readonly StoreConfig[]): void {
  if (!networkPolicy && (storeCidrs ?? storePorts) !== undefined) {
    throw new Error(`'${storeCidrs ? 'storeCidrs' : 'storePorts'}' is a part of the network policy, and 'networkPolicy' is false: drop one of them`);
  }
  if ((storeCidrs ?? storePorts) !== undefined && !stores.some(({ type }) => type === 's3')) {
    throw new Error(`'${storeCidrs ? 'storeCidrs' : 'storePorts'}' is for stores that are reached over the network, and there is none: drop it`);
  }
  for (const [property, list] of Object.entries({ storeCidrs, storePorts })) {
    if (list?.length === 0) throw new Error(`'${property}' must have at least one, got []: leave it out for the default`);
  }
  const wrong = storeCidrs?.find(cidr => !CIDR.test(cidr));
  if (wrong !== undefined) throw new Error(`'storeCidrs' must be ranges of addresses such as "10.0.0.0/8", got ${show(wrong)}`);
  for (const port of storePorts ?? []) checkWholeNumber('storePorts', port, 1, 65_535);
}

/**
 * Lets nobody in, and the drill out to names and stores only. A policy knows addresses and ports and no names of hosts, so without ranges
 * of addresses it is the port that keeps the drill from a database.
 *
 * @param podLabels of the pods of this drill and no others: the policies of a pod add up
 */
export function restrictNetwork(
  scope: Construct, metadata: NameAndLabels, podLabels: { [key: string]: string }, stores: readonly StoreConfig[],
  { storeCidrs, storePorts }: DrillNetworkProps,
): ApiObject {
  const buckets = stores.filter((store): store is S3StoreConfig => store.type === 's3');
  const ports = [...new Set(storePorts ?? buckets.map(portOf))].sort((a, b) => a - b);
  const tcp = (port: number) => ({ protocol: 'TCP', port: kplus.k8s.IntOrString.fromNumber(port) });
  const range = (cidr: string) => ({ ipBlock: { cidr } });
  return new kplus.k8s.KubeNetworkPolicy(scope, 'NetworkPolicy', {
    metadata,
    spec: {
      podSelector: { matchLabels: podLabels },
      policyTypes: ['Ingress', 'Egress'],
      egress: buckets.length === 0 ? undefined : [
        { ports: [{ protocol: 'UDP', port: kplus.k8s.IntOrString.fromNumber(53) }, tcp(53)] },
        { to: storeCidrs?.map(range), ports: ports.map(tcp) },
        ...buckets.some(({ credentials }) => credentials === null) ? [{ to: [range(LINK_LOCAL)], ports: IDENTITY_PORTS.map(tcp) }] : [],
      ],
    },
  });
}

function portOf({ endpoint }: S3StoreConfig): number {
  if (endpoint === null) return 443;
  const { port, protocol } = new URL(endpoint);
  return port === '' ? (protocol === 'http:' ? 80 : 443) : Number(port);
}
