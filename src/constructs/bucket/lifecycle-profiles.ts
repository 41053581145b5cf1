/*
 * What each provider takes. From the sources of their servers and their documents, as of the date in each profile.
 */

import { hostOf, partitionOf, partitionOfHost } from '../parts/store-place';

/** The rules of one provider. */
export interface Profile {
  readonly title: string;
  /** Day of the provider's last change that is known here, or on which its documents and sources were read. */
  readonly asOf: string;
  /** For the table in docs/reference/lifecycle-rules.md, as Markdown: where and when objects can be moved, and what else is not as on AWS. */
  readonly transitions: string;
  readonly differences: string;
  /** Why nothing at all can be said to this provider, and the way out. */
  readonly refused?: string;
  /** Storage classes that objects can be moved to; `undefined`: any name, they are the operator's. */
  readonly classes?: readonly string[];
  /** Whether the order, the moves and the minimum durations of AWS's storage classes hold. */
  readonly ordered: boolean;
  /** Earliest days at which objects may enter a class. */
  readonly earliest: { readonly [storageClass: string]: number };
  /** Whether an earlier day is refused, or legal since a change and only dear. */
  readonly earliestIsRefused: boolean;
  readonly maxTransitions?: number;
  readonly maxRules: number;
  /** Whether there are versions, old ones and delete markers. */
  readonly versions: boolean;
  /** Whether a rule can discard unfinished uploads; `ignored`: it is read, and the server does it by itself. */
  readonly abort: 'taken' | 'ignored';
  /** Whether objects under 128 KiB stay where they are unless a rule says otherwise, and the header that changes it. */
  readonly smallObjectsStay: boolean;
}

const AWS_CLASSES = ['STANDARD_IA', 'ONEZONE_IA', 'INTELLIGENT_TIERING', 'GLACIER_IR', 'GLACIER', 'DEEP_ARCHIVE'];
const INFREQUENT_30 = { STANDARD_IA: 30, ONEZONE_IA: 30 };

const AWS: Profile = {
  title: 'AWS S3',
  asOf: '2026-07-16',
  transitions: 'six classes, in order, spaced by their minimum durations',
  differences: 'IA before day 30 is legal since that day, and dear',
  classes: AWS_CLASSES,
  ordered: true,
  earliest: INFREQUENT_30,
  earliestIsRefused: false,
  maxRules: 1000,
  versions: true,
  abort: 'taken',
  smallObjectsStay: true,
};

const COMPATIBLE: Profile = {
  ...AWS, title: '', transitions: '', differences: '', classes: undefined, ordered: false, earliest: {}, smallObjectsStay: false,
};

export const PROFILES = {
  aws: AWS,
  awsChina: {
    ...AWS,
    title: 'AWS S3 in China',
    asOf: '2026-11-22',
    transitions: 'as AWS',
    differences: 'IA before day 30 is refused',
    earliestIsRefused: true,
  },
  minio: {
    ...COMPATIBLE,
    title: 'MinIO',
    asOf: '2026-11-22',
    transitions: 'one in a rule, to a remote tier',
    differences: 'a second one silently wins; unfinished uploads are dropped by the server, and a rule with nothing else is refused',
    maxTransitions: 1,
    abort: 'ignored',
  },
  cephRgw: {
    ...COMPATIBLE,
    title: 'Ceph RGW',
    asOf: '2026-11-22',
    transitions: 'any class of the placement, any day',
    differences: 'the class name GLACIER stops AWS\'s own clients; Ceph 16 forgets sizes in filters',
  },
  cloudflareR2: {
    ...COMPATIBLE,
    title: 'Cloudflare R2',
    asOf: '2026-11-22',
    transitions: 'STANDARD_IA',
    differences: 'no versions',
    classes: ['STANDARD_IA'],
    maxTransitions: 1,
    versions: false,
  },
  scaleway: {
    ...COMPATIBLE,
    title: 'Scaleway',
    asOf: '2026-04-01',
    transitions: 'ONEZONE_IA from day 30, GLACIER from day 90',
    classes: ['ONEZONE_IA', 'GLACIER'],
    ordered: true,
    earliest: { ONEZONE_IA: 30, GLACIER: 90 },
    earliestIsRefused: true,
  },
  backblazeB2: {
    ...COMPATIBLE, title: 'Backblaze B2', asOf: '2026-11-22', transitions: 'none', differences: '100 rules', classes: [], maxRules: 100,
  },
  googleCloudStorage: {
    ...COMPATIBLE,
    title: 'Google Cloud Storage',
    asOf: '2026-11-22',
    transitions: 'refused by name',
    differences: 'a schema of its own',
    refused: 'its lifecycle has a schema of its own (action and condition; NEARLINE, COLDLINE, ARCHIVE) and does not take S3\'s. '
      + 'Write it by hand, and give it to "gcloud storage buckets update --lifecycle-file". The backups themselves work',
  },
  unknown: {
    ...COMPATIBLE,
    title: 'a server that its endpoint does not name',
    asOf: '2026-11-22',
    transitions: 'none',
    differences: 'only rules that MinIO and Ceph RGW both take',
    classes: [],
    maxRules: 100,
    abort: 'ignored',
  },
  any: {
    ...COMPATIBLE,
    title: 'any provider',
    asOf: '2026-11-22',
    transitions: 'none',
    differences: 'expiry by days; no versions',
    classes: [],
    maxRules: 100,
    versions: false,
    abort: 'ignored',
  },
} satisfies { readonly [name: string]: Profile };

/** The provider that a store's endpoint belongs to, if its host name says so. */
export function profileOfStore(endpoint: string | null, region: string | null): Profile {
  const host = endpoint === null ? '' : hostOf(endpoint);
  const is = (domain: string) => host === domain || host.endsWith(`.${domain}`);
  const partition = endpoint === null ? partitionOf(region) : partitionOfHost(host);
  if (partition !== undefined) return partition === 'aws-cn' ? PROFILES.awsChina : PROFILES.aws;
  if (is('r2.cloudflarestorage.com')) return PROFILES.cloudflareR2;
  if (is('scw.cloud')) return PROFILES.scaleway;
  if (is('backblazeb2.com')) return PROFILES.backblazeB2;
  if (is('googleapis.com')) return PROFILES.googleCloudStorage;
  return PROFILES.unknown;
}
