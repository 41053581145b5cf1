import { isIP } from 'node:net';
import { Chart } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { S3Credentials } from './s3-credentials';
import { S3ObjectLock } from './s3-object-lock';
import { S3Checksums, S3StoreOptions } from './s3-store';
import { S3StoreConfig } from '../../../contract/config';
import { checkText, checkWholeNumber, redact, show, wholeSeconds } from '../../core/check';
import { StoreParts } from '../../parts/store-parts';
import { hostOf, partitionOfHost, placeOfBucket, withoutBucket } from '../../parts/store-place';
import { checkRegion } from '../../recovery/regions';
import { StoreLocation } from '../../recovery/store-location';

/** The guide's Secret. */
const DEFAULT_SECRET = 'backup-secrets';

// S3's limit is 1,024 bytes for a key; this leaves room for the longest name, time, database and extension.
const MAX_PREFIX_BYTES = 512;

const MAX_LOCK_SECONDS = 36_500 * 86_400;

/**
 * Checks the options at once; what it returns defines what the pod needs.
 *
 * @returns a function of the scope and of what stands before the names of environment variables
 */
export function s3(storeName: string, options: S3StoreOptions): (scope: Construct, envPrefix: string) => StoreParts {
  const bucket = checkBucket(options.bucketName);
  const endpoint = options.endpoint === undefined ? null : checkEndpoint(options.endpoint, bucket);
  const store = {
    type: 's3',
    name: storeName,
    bucket,
    prefix: checkPrefix(options.prefix ?? ''),
    region: options.region === undefined ? null : checkSigningRegion(options.region, endpoint),
    endpoint,
    // Transfer Acceleration knows the bucket by the host's name only.
    pathStyle: options.pathStyle ?? (endpoint !== null && !/^s3-accelerate\./.test(hostOf(endpoint))),
    encryption: options.encryption?._toConfig() ?? null,
    storageClass: options.storageClass?.name ?? null,
    objectLock: options.objectLock === undefined ? null : { mode: `${options.objectLock.mode}` as const, seconds: checkLockDuration(options.objectLock) },
    checksums: `${options.checksums ?? S3Checksums.AUTO}`,
    maxParts: checkWholeNumber('maxParts', options.maxParts ?? 10_000, 1, 10_000, 'S3 takes 10,000 parts, some compatible services 1,000'),
  } as const;
  const regionKey = options.credentials ? options.credentials._keys?.region : 'AWS_DEFAULT_REGION';
  if (store.region === null && regionKey === undefined) {
    throw new Error(`'region' is missing and the 'credentials' have no 'regionKey' either: give the region of bucket ${show(store.bucket)}; S3-compatible services mostly take "us-east-1"`);
  }

  return (scope, envPrefix) => {
    const credentials = options.credentials ?? defaultCredentials(scope, storeName);
    const env: { [name: string]: kplus.EnvValue } = {};
    const fromKey = (name: string, key: string | undefined): string | null => {
      if (key === undefined || !credentials._keys) return null;
      env[`${envPrefix}${name}`] = kplus.EnvValue.fromSecretValue({ secret: credentials._keys.secret, key });
      return `${envPrefix}${name}`;
    };
    const accessKeyIdEnv = fromKey('AWS_ACCESS_KEY_ID', credentials._keys?.accessKeyId);
    const secretAccessKeyEnv = fromKey('AWS_SECRET_ACCESS_KEY', credentials._keys?.secretAccessKey);
    const sessionTokenEnv = fromKey('AWS_SESSION_TOKEN', credentials._keys?.sessionToken);
    const config: S3StoreConfig = {
      ...store,
      regionEnv: store.region === null ? fromKey('AWS_DEFAULT_REGION', regionKey) : null,
      credentials: accessKeyIdEnv && secretAccessKeyEnv ? { accessKeyIdEnv, secretAccessKeyEnv, sessionTokenEnv } : null,
    };
    return {
      config,
      env,
      mounts: [],
      mountsClaim: false,
      annotations: credentials._annotations,
      secretName: credentials._keys?.secret.name,
      location: `s3 ${config.endpoint ?? 'aws'} ${config.bucket}/${config.prefix}`,
      place: placeOfBucket(config, namespaceOf(scope)),
    };
  };
}

/** Where a bucket is, as far as its options tell. */
export function s3Location({ endpoint, region, storageClass }: S3StoreOptions): StoreLocation {
  if (endpoint !== undefined) {
    const host = URL.canParse(endpoint) ? hostOf(endpoint) : '';
    if (isIP(host) === 0 && /(^[^.]+|\.svc|\.cluster\.local)$/.test(host)) return StoreLocation.CLUSTER;
    if (partitionOfHost(host) === undefined) return StoreLocation._of('unknown');
  }
  return StoreLocation._of(storageClass?.name === 'ONEZONE_IA' ? 'zone' : 'region', region);
}

function defaultCredentials(scope: Construct, storeName: string): S3Credentials {
  const secret = kplus.Secret.fromSecretName(scope, `Secret-${storeName}`, DEFAULT_SECRET);
  return S3Credentials.fromSecret(secret, { regionKey: 'AWS_DEFAULT_REGION' });
}

function checkLockDuration({ duration }: S3ObjectLock): number {
  const seconds = wholeSeconds('objectLock.duration', duration, 86_400, 'what is unlocked sooner is not protected from anybody');
  if (seconds > MAX_LOCK_SECONDS) throw new Error(`'objectLock.duration' must be at most 36500 days, which is what S3 takes, got ${Math.floor(seconds / 86_400)} days`);
  return seconds;
}

function checkBucket(name: string): string {
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

function checkPrefix(prefix: string): string {
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
function checkSigningRegion(region: string, endpoint: string | null): string {
  if (!/^[A-Za-z0-9-]+$/.test(region)) {
    throw new Error(`'region' must be letters, digits and "-", got ${show(region)}: as in "eu-central-1"`);
  }
  return endpoint === null || partitionOfHost(hostOf(endpoint)) !== undefined ? checkRegion('region', region) : region;
}

function checkEndpoint(endpoint: string, bucket: string): string {
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

/** The namespace of the pod, as far as it is known: a store is looked at outside of any chart, too. */
function namespaceOf(scope: Construct): string | undefined {
  return scope.node.scopes.some(Chart.isChart) ? Chart.of(scope).namespace : undefined;
}
