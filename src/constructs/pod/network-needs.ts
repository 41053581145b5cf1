/* What the pods of this library connect to: it follows from their configs. */
import { isIP } from 'node:net';
import { NetworkPlace, NetworkPlaces } from './network-options';
import { S3StoreConfig, SourceConfig, StoreConfig, TargetConfig } from '../../contract/config';
import { hostOf, partitionOfHost } from '../parts/store-place';

/** What a pod does, as far as the network can tell. */
export interface NetworkNeeds {
  /** The database that is read, or written to. */
  readonly database?: SourceConfig | TargetConfig;
  readonly stores: readonly StoreConfig[];
  /** Whether the API server is asked. */
  readonly api?: boolean;
  readonly healthUrl?: string | null;
  readonly pushgatewayUrl?: string | null;
}

type Property = readonly [keyof NetworkPlaces, string?];

/** Something that the pod connects to. */
export interface Connection {
  /** What says where it is, as in `network.stores.s3`: the names behind `network`; `null`: nothing does, it is the same everywhere. */
  readonly property: Property | null;
  /** A name or an address; `null`: nobody has to ask for it, and it may be anywhere. */
  readonly host: string | null;
  readonly ports: readonly number[];
  readonly protocols: readonly ('TCP' | 'UDP')[];
  /** Port of the pod that it connects back to. */
  readonly callsBack?: number;
  /** What is known about where it is. */
  readonly place?: NetworkPlace;
}

/** Where the agents are that give a pod its identity in the cloud. */
const LINK_LOCAL = '169.254.0.0/16';
const IDENTITY_PORTS = [80, 988];

/** The agent of EKS Pod Identity, in a cluster of IPv6: this address of AWS's is not link-local. */
const POD_IDENTITY_IPV6 = 'fd00:ec2::23/128';

/** All that a pod connects to, and where that is, as far as the `places` say. */
export function connectionsOf(needs: NetworkNeeds, places: NetworkPlaces = {}): Connection[] {
  const buckets = needs.stores.filter((store): store is S3StoreConfig => store.type === 's3');
  const asksForIdentity = buckets.some(({ credentials }) => credentials === null);
  const connections: Connection[] = [
    ...needs.database === undefined ? [] : databases(needs.database),
    ...buckets.map(({ name, endpoint }) => url(['stores', name], endpoint ?? 'https://amazonaws.com')),
    ...needs.api || needs.database?.engine === 'kubernetes' ? [tcp(['apiServer'], null, [443, 6443])] : [],
    ...needs.healthUrl ? [url(['health'], needs.healthUrl)] : [],
    ...needs.pushgatewayUrl ? [url(['pushgateway'], needs.pushgatewayUrl)] : [],
  ];
  const asksForNames = asksForIdentity || connections.some(({ host }) => host !== null && isIP(host) === 0);
  const dns: Connection[] = asksForNames ? [{ property: ['dns'], host: null, ports: [53], protocols: ['UDP', 'TCP'] }] : [];
  const placed = [...dns, ...connections].map(connection => ({ ...connection, place: placeOf(connection, places) }));
  // Who asks these agents for an identity finds them nowhere else.
  return [
    ...placed,
    ...asksForIdentity ? [{ ...tcp(null, null, IDENTITY_PORTS), place: { cidrs: [LINK_LOCAL] } }] : [],
    ...buckets.some(asksAws) ? [{ ...tcp(null, null, [80]), place: { cidrs: [POD_IDENTITY_IPV6] } }] : [],
  ];
}

function asksAws({ credentials, endpoint }: S3StoreConfig): boolean {
  return credentials === null && (endpoint === null || partitionOfHost(hostOf(endpoint)) !== undefined);
}

function databases(config: SourceConfig | TargetConfig, property: Property = ['database']): Connection[] {
  switch (config.engine) {
    case 'postgres': return [tcp(property, config.host, [config.port])];
    // A Redis that is restored by replication fetches the data itself.
    case 'redis': return [{ ...tcp(property, config.host, [config.port]), callsBack: 'method' in config && config.method === 'replication' ? config.listenPort : undefined }];
    case 'set': return Object.entries(config.members).flatMap(([member, database]) => databases(database, ['members', member]));
    case 'sqlite': case 'kubernetes': return [];
  }
}

function tcp(property: Property | null, host: string | null, ports: readonly number[]): Connection {
  return { property, host, ports, protocols: ['TCP'] };
}

function url(property: Property, text: string): Connection {
  const { hostname, port, protocol } = new URL(text);
  return tcp(property, hostname.replace(/^\[|\]$/g, ''), [port === '' ? (protocol === 'http:' ? 80 : 443) : Number(port)]);
}

function placeOf({ property }: Connection, places: NetworkPlaces): NetworkPlace | undefined {
  const [name, key] = property ?? [];
  if (name === 'members' || name === 'stores') return places[name]?.[key!];
  return name && places[name];
}
