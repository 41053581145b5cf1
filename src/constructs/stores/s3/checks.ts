import { S3ObjectLock } from './s3-object-lock';
import { checkText, redact, show, wholeSeconds } from '../../core/check';
import { hostOf, partitionOfHost, withoutBucket } from '../../parts/store-place';
import { checkRegion } from '../../recovery/regions';

// S3's limit is 1,024 bytes for a key; this leaves room for the longest name, time, database and extension.
const MAX_PREFIX_BYTES = 512;

const MAX_LOCK_SECONDS = 36_500 * 86_400;

export function checkLockDuration({ duration }: S3ObjectLock): number {
  const seconds = wholeSeconds('objectLock.duration', duration, 86_400, 'a lock that ends sooner protects from nobody');
  if (seconds > MAX_LOCK_SECONDS) throw new Error(`'objectLock.duration' must be at most 36500 days, which is what S3 takes, got ${Math.floor(seconds / 86_400)} days`);
  return seconds;
}

export function checkBucket(name: string): string {
  const refuse = (rule: string): never => {
    throw new Error(`'bucketName' ${rule}, got ${show(name)}: S3 refuses other names`);
  };
  if (name.length < 3 || name.length > 63) refuse('must be 3 to 63 characters long');
  if (!/^[a-z0-9.-]+$/.test(name)) refuse('must have lower-case letters, digits, "-" and "." only');
  if (!/^[a-z0-9].*[a-z0-9]$/.test(name)) refuse('must begin and end with a letter or digit');
  if (name.includes('..')) refuse('must not have two dots in a row');
  if (/^\d+\.\d+\.\d+\.\d+$/.test(name)) refuse('must not look like an IP address');
  for (const prefix of ['xn--', 'sthree-', 'amzn-s3-demo-']) {
    if (name.startsWith(prefix)) refuse(`must not begin with the reserved ${show(prefix)}`);
  }
  for (const suffix of ['-s3alias', '--ol-s3', '.mrap', '--x-s3', '--table-s3']) {
    if (name.endsWith(suffix)) refuse(`must not end with the reserved ${show(suffix)}`);
  }
  return name;
}

export function checkPrefix(prefix: string): string {
  const refuse = (rule: string, wayOut: string): never => {
    throw new Error(`'prefix' must not ${rule}, got ${show(prefix)}: ${wayOut}`);
  };
  if (prefix.startsWith('/') || prefix.endsWith('/')) {
    refuse('begin or end with a slash', `write ${show(prefix.replace(/^\/+|\/+$/g, ''))}; the slash before the name is added`);
  }
  if (prefix.split('/').some(segment => segment === '.' || segment === '..')) refuse('have "." or ".." between slashes', 'S3 has no folders to go up in');
  if (prefix.includes('//')) refuse('have two slashes in a row', 'S3 would keep both, and no tool shows it');
  if (/[\u0000-\u001f\u007f\\]/.test(prefix)) refuse('have control characters or backslashes', 'separate with "/"');
  if (new TextEncoder().encode(prefix).length > MAX_PREFIX_BYTES) refuse(`be longer than ${MAX_PREFIX_BYTES} bytes`, 'S3 takes keys of 1,024 bytes as a whole');
  return prefix;
}

/** Services other than AWS's have what their operators call it. */
export function checkSigningRegion(region: string, endpoint: string | null): string {
  if (!/^[A-Za-z0-9-]+$/.test(region)) {
    throw new Error(`'region' must be letters, digits and "-", got ${show(region)}: as in "eu-central-1"`);
  }
  return endpoint === null || partitionOfHost(hostOf(endpoint)) !== undefined ? checkRegion('region', region) : region;
}

export function checkEndpoint(endpoint: string, bucket: string): string {
  const refuse = (rule: string, wayOut: string): never => {
    throw new Error(`'endpoint' ${rule}, got ${show(redact(endpoint))}: ${wayOut}`);
  };
  checkText('endpoint', redact(endpoint));
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (!url || !/^https?:\/\/[^/]/.test(endpoint)) {
    return refuse('must be a URL with http or https', 'as in "https://minio.storage.svc:9000"');
  }
  if (url.username !== '' || url.password !== '' || endpoint.includes('@')) {
    refuse('must not have credentials in it', 'it goes into the manifest, so use S3Credentials.fromSecret');
  }
  if (url.search !== '' || url.hash !== '' || /[?#]/.test(endpoint)) refuse('must not have "?" or "#"', 'give the bare URL of the service');
  if (url.pathname.split('/').includes(bucket)) refuse('must not have the bucket in its path', 'give the bare URL of the service, the bucket is added');
  const host = hostOf(endpoint);
  const bare = endpoint.replace(/\/+$/, '');
  // The address of the bucket, as the console of AWS shows it.
  return partitionOfHost(host) === undefined ? bare : bare.replace(/^(https?:\/\/)[^/:]+/i, `$1${withoutBucket(host, bucket)}`);
}
