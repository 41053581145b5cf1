/*
 * Names of regions and zones: those of which the form is certain are checked, for a zone in the place of a region is a region that no
 * store is in, and every store would outlive its loss. Other names are free, as of one's own data centres.
 */
import { checkText, show } from '../core/check';
import { editDistance } from '../schedule/time-zones';

const DIRECTIONS = ['north', 'south', 'east', 'west', 'central', 'northeast', 'northwest', 'southeast', 'southwest'];
const DIRECTION = DIRECTIONS.join('|');

/** AWS's, and that of providers who took its names over. */
const AWS_AREA = '(?:af|ap|ca|cn|eu|eusc-de|eu-isoe|il|me|mx|sa|us|us-gov|us-iso[a-z]?)';

/** A region, and of a zone what stands behind it. */
const FORMS = [
  new RegExp(`^(${AWS_AREA}-(?:${DIRECTION})-\\d{1,2})([a-z]|-[a-z]{3}-\\d[a-z]|-wl\\d.*)?$`),
  // Google's.
  new RegExp(`^((?:africa|asia|australia|europe|me|northamerica|southamerica|us)-(?:${DIRECTION})\\d{1,2})(-[a-z])?$`),
  // Scaleway's.
  /^(fr-par|it-mil|nl-ams|pl-waw)(-\d)?$/,
];

/** AWS's IDs of zones, which are alike in all accounts. */
const ZONE_ID = /^(?:usw|use|euw|euc|eun|eus|apne|apse|aps|ape|sae|cac|caw|afs|mes|mec|ilc|mxc)\d+-az\d+$/;

export function checkRegion(property: string, value: string): string {
  checkText(property, value);
  const spelled = spelling(value);
  const known = parse(spelled);
  if (known?.isZone) refuse(property, `must be a region, got the zone ${show(value)}`, known.region);
  if (known && spelled !== value) refuse(property, `must be spelled as its provider does, got ${show(value)}`, spelled);
  const [, area, direction, number] = new RegExp(`^(${AWS_AREA})-([a-z]+)-(\\d{1,2}[a-z]?)$`).exec(spelled) ?? [];
  // Short words are too near to other languages': "est", "nord".
  const near = DIRECTIONS.find(each => each.length > 4 && editDistance(each, direction ?? '') === 1);
  if (!known && near !== undefined) refuse(property, `must be spelled as its provider does, got ${show(value)}`, `${area}-${near}-${number.replace(/[a-z]$/, '')}`);
  return value;
}

/** @param region that the zone has to be in, if somebody says so */
export function checkZone(property: string, value: string, region?: string): string {
  checkText(property, value);
  const spelled = spelling(value);
  const known = parse(spelled);
  if (ZONE_ID.test(spelled)) {
    throw new Error(`'${property}' must be the name of a zone, as nodes have it in the label "topology.kubernetes.io/zone", got ${show(value)}: IDs of zones and names of zones can't be compared`);
  }
  if (known && !known.isZone) throw new Error(`'${property}' must be a zone, got the region ${show(value)}: name the zone in it, or leave it out`);
  if (known && spelled !== value) refuse(property, `must be spelled as its provider does, got ${show(value)}`, spelled);
  const around = region === undefined ? undefined : parse(spelling(region));
  if (known && around && known.region !== around.region) {
    throw new Error(`'${property}' must be a zone of region ${show(region)}, got ${show(value)}, which is in ${show(known.region)}: change one of them`);
  }
  return value;
}

/** Whether two names are one: capitals tell no places apart. */
export function isSamePlace(one: string, other: string): boolean {
  return spelling(one) === spelling(other);
}

function parse(spelled: string): { readonly region: string; readonly isZone: boolean } | undefined {
  const [, region, rest] = FORMS.map(form => form.exec(spelled)).find(match => match !== null) ?? [];
  return region === undefined ? undefined : { region, isZone: rest !== undefined };
}

function spelling(name: string): string {
  return name.trim().toLowerCase().replace(/[\s_]+/g, '-');
}

function refuse(property: string, rule: string, near: string): never {
  throw new Error(`'${property}' ${rule}: did you mean ${show(near)}?`);
}
