/* What the pods of this library connect to: it follows from their configs. */
import { isIP } from 'node:net';
import { NetworkPlace, NetworkPlaces } from './network-options';
import { StoreConfig } from '../../contract/config';
import { Endpoint } from '../parts/endpoint';
import { storeType } from '../stores/store-types';

/** What a pod does, as far as the network can tell. */
export interface NetworkNeeds {
  /** The servers of the databases that are read, or written to. */
  readonly endpoints?: readonly Endpoint[];
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

/** All that a pod connects to, and where that is, as far as the `places` say. */
export function connectionsOf(needs: NetworkNeeds, places: NetworkPlaces = {}): Connection[] {
  const stores = needs.stores.map(store => ({ name: store.name, network: storeType(store).network(store) }));
  const agents = new Set(stores.flatMap(({ network }) => network?.identityAgents ?? []));
  const connections: Connection[] = [
    ...(needs.endpoints ?? []).map(database),
    ...stores.flatMap(({ name, network }) => network === undefined ? [] : [url(['stores', name], network.url)]),
    ...needs.api ? [tcp(['apiServer'], null, [443, 6443])] : [],
    ...needs.healthUrl ? [url(['health'], needs.healthUrl)] : [],
    ...needs.pushgatewayUrl ? [url(['pushgateway'], needs.pushgatewayUrl)] : [],
  ];
  const asksForNames = agents.size > 0 || connections.some(({ host }) => host !== null && isIP(host) === 0);
  const dns: Connection[] = asksForNames ? [{ property: ['dns'], host: null, ports: [53], protocols: ['UDP', 'TCP'] }] : [];
  const placed = [...dns, ...connections].map(connection => ({ ...connection, place: placeOf(connection, places) }));
  // Who asks these agents for an identity finds them nowhere else.
  return [
    ...placed,
    ...[...agents].map(({ cidr, ports }) => ({ ...tcp(null, null, ports), place: { cidrs: [cidr] } })),
  ];
}

function database({ host, port, member, callsBack }: Endpoint): Connection {
  return { ...tcp(member === undefined ? ['database'] : ['members', member], host, [port]), callsBack };
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
