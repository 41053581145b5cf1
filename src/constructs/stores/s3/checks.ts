import { S3ObjectLock } from './s3-object-lock';
import { S3StoreOptions } from './s3-store';
import { show, wholeSeconds } from '../../core/check';
import { hostOf, partitionOfHost, withoutBucket } from '../../parts/store-place';
import { checkRegion } from '../../recovery/regions';
import { checkServiceUrl } from '../../store-api/service-url';

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

/** Services other than AWS's have what their operators call it. */
export function checkSigningRegion(region: string, endpoint: string | null): string {
  if (!/^[A-Za-z0-9-]+$/.test(region)) {
    throw new Error(`'region' must be letters, digits and "-", got ${show(region)}: as in "eu-central-1"`);
  }
  return endpoint === null || partitionOfHost(hostOf(endpoint)) !== undefined ? checkRegion('region', region) : region;
}

export function checkEndpoint(endpoint: string, bucket: string): string {
  const bare = checkServiceUrl(endpoint, { example: 'https://minio.storage.svc:9000', credentials: 'S3Credentials.fromSecret' });
  if (new URL(bare).pathname.split('/').includes(bucket)) {
    throw new Error(`'endpoint' must not have the bucket in its path, got ${show(bare)}: give the bare URL of the service, the bucket is added`);
  }
  const host = hostOf(endpoint);
  // The address of the bucket, as the console of AWS shows it.
  return partitionOfHost(host) === undefined ? bare : bare.replace(/^(https?:\/\/)[^/:]+/i, `$1${withoutBucket(host, bucket)}`);
}

/** An authority of one's own has signed the certificate of one's own server, and of nothing else. */
export function checkAuthority({ caCertificate, endpoint }: S3StoreOptions): void {
  if (caCertificate === undefined) return;
  if (endpoint === undefined || partitionOfHost(hostOf(endpoint)) !== undefined) {
    throw new Error(`'caCertificate' is for a service of your own, and ${endpoint === undefined ? '\'endpoint\' is missing' : `'endpoint' is ${show(endpoint)}`}: AWS has public certificates, so leave it out, or give the URL of the service`);
  }
  if (!endpoint.startsWith('https:')) {
    throw new Error(`'caCertificate' needs TLS, got the 'endpoint' ${show(endpoint)}: let it begin with https://, or leave 'caCertificate' out`);
  }
}
