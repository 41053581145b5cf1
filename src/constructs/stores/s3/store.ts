import { isIP } from 'node:net';
import { Chart } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { checkAuthority, checkBucket, checkEndpoint, checkLockDuration, checkSigningRegion } from './checks';
import { DEFAULT_KEYS, S3Keys } from './keys';
import { roleOf } from './role';
import { S3Access } from './s3-access';
import { S3Credentials } from './s3-credentials';
import { S3Checksums, S3StoreOptions } from './s3-store';
import { S3_FORM } from './store-form';
import { S3StoreConfig } from '../../../contract/config';
import { checkWholeNumber, show } from '../../core/check';
import { checkForm } from '../../core/form';
import { CaCertificate } from '../../parts/ca-certificate';
import { CERTIFICATES } from '../../parts/pod-parts';
import { StoreParts } from '../../parts/store-parts';
import { hostOf, partitionOfHost, placeOfBucket } from '../../parts/store-place';
import { StoreLocation } from '../../recovery/store-location';
import { checkPrefix } from '../../store-api/prefix';
import { DEFAULT_SECRET, envPrefix } from '../../store-api/secret-env';
import { checkStoreName, StoreDefinition } from '../../store-api/store-definition';

/** The name that is free for a store which nobody has named. */
const DEFAULT_NAME = 's3';

/** Checks the options at once. */
export function s3(options: S3StoreOptions): StoreDefinition<S3Credentials> {
  checkForm(options, S3_FORM);
  const name = checkStoreName(options.storeName ?? DEFAULT_NAME);
  const bucket = bucketOf(name, options);
  checkAuthority(options);
  checkRegionIsKnown(bucket, options.credentials);
  const prefix = (alone: boolean) => alone ? '' : envPrefix(name, DEFAULT_NAME);
  const { caCertificate: ca } = options;
  return {
    type: 's3',
    name,
    location: options.location ?? s3Location(options),
    layout: options.layout,
    role: roleOf(options.credentials?._access ?? S3Access.FULL),
    config: (alone, credentials = options.credentials) => ({ ...configOf(bucket, prefix(alone), credentials), ...caFile(ca, name) }),
    bind: (scope, alone, credentials = options.credentials) => partsOf(scope, { bucket, ca, tag: name }, prefix(alone), credentials),
    bindForReading: (scope, tag, credentials = options.credentials) => partsOf(scope, { bucket, ca, tag }, envPrefix(tag, DEFAULT_NAME), credentials),
  };
}

/** The bucket, without how a pod is let in. */
type Bucket = Omit<S3StoreConfig, 'regionEnv' | 'credentials' | 'caFile'>;

/** The bucket in one pod. */
interface BucketInPod {
  readonly bucket: Bucket;
  readonly ca: CaCertificate | undefined;
  /** Names it in the pod. */
  readonly tag: string;
}

function bucketOf(name: string, options: S3StoreOptions): Bucket {
  const bucket = checkBucket(options.bucketName);
  const endpoint = options.endpoint === undefined ? null : checkEndpoint(options.endpoint, bucket);
  return {
    type: 's3',
    name,
    bucketName: bucket,
    prefix: checkPrefix(options.prefix ?? '', 'S3'),
    region: options.region === undefined ? null : checkSigningRegion(options.region, endpoint),
    endpoint,
    // Transfer Acceleration knows the bucket by the host's name only.
    pathStyle: options.pathStyle ?? (endpoint !== null && !/^s3-accelerate\./.test(hostOf(endpoint))),
    encryption: options.encryption?._toConfig() ?? null,
    storageClass: options.storageClass?.name ?? null,
    objectLock: options.objectLock === undefined ? null : { mode: `${options.objectLock.mode}` as const, durationSeconds: checkLockDuration(options.objectLock) },
    checksums: `${options.checksums ?? S3Checksums.AUTO}`,
    maxParts: checkWholeNumber('maxParts', options.maxParts ?? 10_000, 1, 10_000, 'S3 takes 10,000 parts, some compatible services 1,000'),
  };
}

/** @param credentials `undefined`: those of the guide's Secret */
function configOf(bucket: Bucket, prefix: string, credentials: S3Credentials | undefined): S3StoreConfig {
  checkRegionIsKnown(bucket, credentials);
  const keys = keysOf(credentials);
  return {
    ...bucket,
    regionEnv: bucket.region === null && keys?.region !== undefined ? `${prefix}AWS_DEFAULT_REGION` : null,
    credentials: keys === undefined ? null : {
      accessKeyIdEnv: `${prefix}AWS_ACCESS_KEY_ID`,
      secretAccessKeyEnv: `${prefix}AWS_SECRET_ACCESS_KEY`,
      sessionTokenEnv: keys.sessionToken === undefined ? null : `${prefix}AWS_SESSION_TOKEN`,
    },
  };
}

/** Where the certificate of the authority is in the pod. Each store has its own. */
function directoryOf(tag: string): string {
  return `${CERTIFICATES}/stores/${tag}`;
}

/** Nothing where there is none: the manifests of everybody else stay as they are. */
function caFile(ca: CaCertificate | undefined, tag: string): Pick<S3StoreConfig, 'caFile'> {
  return ca === undefined ? {} : { caFile: CaCertificate._fileIn(directoryOf(tag)) };
}

function partsOf(scope: Construct, { bucket, ca, tag }: BucketInPod, prefix: string, given: S3Credentials | undefined): StoreParts {
  const config = { ...configOf(bucket, prefix, given), ...caFile(ca, tag) };
  const credentials = given ?? defaultCredentials(scope, bucket.name);
  return {
    config,
    env: envOf(config, credentials),
    mounts: ca === undefined ? [] : [ca._mount(scope, `authority-${tag}`, directoryOf(tag)).mount],
    mountsClaim: false,
    annotations: credentials._annotations,
    secretName: credentials._keys?.secret.name,
    location: `s3 ${config.endpoint ?? 'aws'} ${config.bucketName}/${config.prefix}`,
    place: placeOfBucket(config, Chart.of(scope).namespace),
  };
}

/** The environment variables that the config names. */
function envOf({ credentials, regionEnv }: S3StoreConfig, { _keys: keys }: S3Credentials): StoreParts['env'] {
  if (keys === undefined || credentials === null) return {};
  const variables = [
    [credentials.accessKeyIdEnv, keys.accessKeyId],
    [credentials.secretAccessKeyEnv, keys.secretAccessKey],
    [credentials.sessionTokenEnv, keys.sessionToken],
    [regionEnv, keys.region],
  ] as const;
  return Object.fromEntries(variables.flatMap(([variable, key]) =>
    variable === null || key === undefined ? [] : [[variable, kplus.EnvValue.fromSecretValue({ secret: keys.secret, key })]]));
}

function keysOf(credentials: S3Credentials | undefined): S3Keys | undefined {
  return credentials === undefined ? DEFAULT_KEYS : credentials._keys;
}

function defaultCredentials(scope: Construct, storeName: string): S3Credentials {
  const secret = kplus.Secret.fromSecretName(scope, `Secret-${storeName}`, DEFAULT_SECRET);
  return S3Credentials.fromSecret(secret, { regionKey: DEFAULT_KEYS.region });
}

function checkRegionIsKnown({ bucketName: bucket, region }: Bucket, credentials: S3Credentials | undefined): void {
  if (region !== null || keysOf(credentials)?.region !== undefined) return;
  throw new Error(`'region' is missing and the 'credentials' have no 'regionKey' either: give the region of bucket ${show(bucket)}; S3-compatible services mostly take "us-east-1"`);
}

/** Where a bucket is, as far as its options tell. */
function s3Location({ endpoint, region, storageClass }: S3StoreOptions): StoreLocation {
  if (endpoint !== undefined) {
    const host = URL.canParse(endpoint) ? hostOf(endpoint) : '';
    if (isIP(host) === 0 && /(^[^.]+|\.svc|\.cluster\.local)$/.test(host)) return StoreLocation.CLUSTER;
    if (partitionOfHost(host) === undefined) return StoreLocation._of('unknown');
  }
  return StoreLocation._of(storageClass?.name === 'ONEZONE_IA' ? 'zone' : 'region', region);
}
