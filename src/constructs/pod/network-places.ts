import { isIP } from 'node:net';
import { NetworkPlace, NetworkPlaces } from './network-options';
import { checkLabels, checkWholeNumber, show } from '../core/check';
import { defined } from '../core/defined';

/** Checks each place, whatever pod it is for. */
export function checkPlaces(network: NetworkPlaces): void {
  for (const [property, place] of placesIn(network)) checkPlace(`network.${property}`, place);
}

export function placesIn({ members = {}, stores = {}, ...others }: NetworkPlaces): [string, NetworkPlace][] {
  return [
    ...Object.entries(defined(others)),
    ...Object.entries(members).map(([name, place]): [string, NetworkPlace] => [`members.${name}`, place]),
    ...Object.entries(stores).map(([name, place]): [string, NetworkPlace] => [`stores.${name}`, place]),
  ];
}

function checkPlace(property: string, place: NetworkPlace): void {
  const { cidrs, podLabels, namespaceLabels, ports } = place;
  if (Object.keys(defined(place)).length === 0) throw new Error(`'${property}' must say where that is, with cidrs, podLabels, namespaceLabels or ports, got {}: leave it out for the default`);
  for (const [name, list] of Object.entries({ cidrs, ports })) {
    if (list?.length === 0) throw new Error(`'${property}.${name}' must have at least one, got []: leave it out for the default`);
  }
  for (const [name, labels] of Object.entries({ podLabels, namespaceLabels })) {
    if (labels === undefined) continue;
    if (Object.keys(labels).length === 0) throw new Error(`'${property}.${name}' must have at least one label, got {}, which would be all of them: leave it out, or name one`);
    checkLabels(`${property}.${name}`, labels);
  }
  const wrong = cidrs?.find(cidr => !isCidr(cidr));
  if (wrong !== undefined) throw new Error(`'${property}.cidrs' must be ranges of addresses such as "10.0.0.0/8", got ${show(wrong)}: a single address is "10.1.2.3/32"`);
  for (const port of ports ?? []) checkWholeNumber(`${property}.ports`, port, 1, 65_535);
}

function isCidr(text: string): boolean {
  const [address, bits, ...rest] = text.split('/');
  const version = address.includes('%') ? 0 : isIP(address);
  return version !== 0 && rest.length === 0 && /^\d{1,3}$/.test(bits ?? '') && Number(bits) <= (version === 4 ? 32 : 128);
}
