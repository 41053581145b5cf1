/*
 * Where a store is, however its address is spelled: two stores are compared by their places, never by their options.
 *
 * What is not known is written as "*" and may be anything, for to count two places as one is refused at synth, and to count one as two
 * has two backups prune each other.
 */
import { isIP } from 'node:net';
import { AzureStoreConfig, S3StoreConfig } from '../../contract/config';

/** Where a store is. */
export interface StorePlace {
  /** Who keeps it: a partition of AWS, host and port of another service, the namespace of a claim. */
  readonly keeper: string;
  /** The bucket, or the claim. */
  readonly container: string;
  /** The folder in it, without a slash at either end; empty for the top. */
  readonly prefix: string;
}

/** Partitions of AWS, in each of which the name of a bucket is there once, whatever its region. From the AWS SDK. */
const PARTITIONS: readonly { readonly name: string; readonly region: RegExp; readonly domains: readonly string[] }[] = [
  { name: 'aws-cn', region: /^cn-/, domains: ['amazonaws.com.cn', 'api.amazonwebservices.com.cn'] },
  { name: 'aws-us-gov', region: /^us-gov-/, domains: [] },
  { name: 'aws-eusc', region: /^eusc-/, domains: ['amazonaws.eu', 'api.amazonwebservices.eu'] },
  { name: 'aws-iso', region: /^us-iso-/, domains: ['c2s.ic.gov', 'api.aws.ic.gov'] },
  { name: 'aws-iso-b', region: /^us-isob-/, domains: ['sc2s.sgov.gov', 'api.aws.scloud'] },
  { name: 'aws-iso-e', region: /^eu-isoe-/, domains: ['cloud.adc-e.uk', 'api.cloud-aws.adc-e.uk'] },
  { name: 'aws-iso-f', region: /^us-isof-/, domains: ['csp.hci.ic.gov', 'api.aws.hci.ic.gov'] },
];

/** Domains of the other regions, and of those of the US government. */
const AWS_DOMAINS = ['amazonaws.com', 'api.aws'];

/** The partition of AWS that a region is in. */
export function partitionOf(region: string | null): string {
  return PARTITIONS.find(partition => partition.region.test(region?.toLowerCase() ?? ''))?.name ?? 'aws';
}

/** The partition of AWS that a host is in; `undefined`: it is somebody else's. */
export function partitionOfHost(host: string): string | undefined {
  const isIn = (domain: string) => host === domain || host.endsWith(`.${domain}`);
  if (AWS_DOMAINS.some(isIn)) return /(^|[.-])us-gov-[a-z]+-\d/.test(host) ? 'aws-us-gov' : 'aws';
  return PARTITIONS.find(({ domains }) => domains.some(isIn))?.name;
}

/** The host of an endpoint, in the one form that compares. */
export function hostOf(endpoint: string): string {
  return new URL(endpoint).hostname.replace(/\.$/, '').replace(/^\[|\]$/g, '');
}

/** @param namespace of the pod, which the short name of a Service is about; `undefined`: not known */
export function placeOfBucket({ endpoint, region, bucketName: bucket, prefix }: S3StoreConfig, namespace?: string): StorePlace {
  const keeper = endpoint === null ? region === null ? 'aws*' : partitionOf(region) : keeperOf(endpoint, bucket, namespace);
  return { keeper, container: bucket, prefix };
}

/** Domains under which Azure's clouds have the blob services of accounts, of which each has a name of its own. */
const AZURE_DOMAINS = ['core.windows.net', 'core.chinacloudapi.cn', 'core.usgovcloudapi.net', 'storage.azure.net'];

export function isAzureHost(host: string): boolean {
  return AZURE_DOMAINS.some(domain => host.endsWith(`.${domain}`));
}

/** @param namespace of the pod; `undefined`: not known */
export function placeOfAzureContainer({ accountName, endpoint, containerName, prefix }: AzureStoreConfig, namespace?: string): StorePlace {
  const host = endpoint === null ? `${accountName}.blob.core.windows.net` : hostOf(endpoint);
  // One service is reached by names of several kinds: of a private link, of a zone of DNS.
  const cloud = AZURE_DOMAINS.slice(1, 3).find(domain => host.endsWith(`.${domain}`)) ?? AZURE_DOMAINS[0];
  const keeper = endpoint === null || isAzureHost(host) ? `${accountName} of ${cloud}` : keeperOf(endpoint, containerName, namespace);
  return { keeper, container: containerName, prefix };
}

export function placeOfClaim(claimName: string, namespace: string | undefined): StorePlace {
  return { keeper: `claims of ${namespace ?? '*'}`, container: claimName, prefix: '' };
}

/** Whether both are in one bucket, or in one claim. */
export function inOneContainer(one: StorePlace, other: StorePlace): boolean {
  return one.container === other.container && (mayBe(one.keeper, other.keeper) || mayBe(other.keeper, one.keeper));
}

export function isOnePlace(one: StorePlace, other: StorePlace): boolean {
  return inOneContainer(one, other) && one.prefix === other.prefix;
}

function mayBe(vague: string, keeper: string): boolean {
  const [before, after] = vague.split('*');
  if (after === undefined) return vague === keeper;
  return keeper.length >= before.length + after.length && keeper.startsWith(before) && keeper.endsWith(after);
}

function keeperOf(endpoint: string, bucket: string, namespace: string | undefined): string {
  const { port, pathname } = new URL(endpoint);
  const host = withoutBucket(hostOf(endpoint).replace(/\.cluster\.local$/, ''), bucket);
  const partition = partitionOfHost(host);
  if (partition !== undefined) return partition;
  // No two buckets of Google's have one name either.
  if (host.endsWith('.googleapis.com')) return 'googleapis.com';
  // 80 and 443 are left out: one server listens at both, as no two servers do.
  return `${serviceOf(host, namespace)}${['', '80', '443'].includes(port) ? '' : `:${port}`}${pathname.replace(/\/+$/, '')}`;
}

/** The host of the service itself, where the bucket is a part of the name. */
export function withoutBucket(host: string, bucket: string): string {
  const rest = host.slice(bucket.length + 1);
  const labels = rest.split('.').length;
  return host.startsWith(`${bucket}.`) && labels >= (rest.endsWith('.svc') ? 3 : 2) ? rest : host;
}

/** The full name of a Service of the cluster; other hosts as they are. */
function serviceOf(host: string, namespace: string | undefined): string {
  if (isIP(host) !== 0) return host;
  const labels = host.split('.').length;
  if (labels === 1) return `${host}.${namespace ?? '*'}.svc`;
  return labels === 2 ? `${host}.svc` : host;
}
