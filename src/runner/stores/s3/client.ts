import { Readable } from 'node:stream';
import { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import { agentFor } from './authority';
import { followClock } from './clock';
import { explainIdentity } from './identity';
import { S3StoreConfig } from '../../../contract/config';
import { secretFile, secretFrom } from '../../core/secrets';
import { ServiceClock } from '../../store-api/clock';
import { beforeKeys, placeBelow } from '../../store-api/prefix';
import { Patience, Service, waitBefore } from '../../store-api/service';

/** How long keys from files are good: no longer than it takes until the SDK asks again. */
const FROM_FILE_MS = 60_000;
const PIECE_BYTES = 256 * 1024;

/** Where requests go. */
export interface S3Target extends Service {
  readonly client: S3Client;
  readonly bucket: string;
  /** What stands before every key, with its slash. */
  readonly keyPrefix: string;
  readonly clock: ServiceClock;
  /** With the authority that it trusts beside the public ones; `null`: there is none. */
  readonly caFile: string | null;
}

export function openS3(config: S3StoreConfig, env: NodeJS.ProcessEnv, patience: Patience): S3Target {
  const { name, bucketName: bucket, prefix, endpoint, credentials, checksums } = config;
  const region = config.region ?? (config.regionEnv === null ? undefined : secretFrom(env, config.regionEnv, `region of the store ${name}`));
  const whenChecked = checksums === 'required-only' ? 'WHEN_REQUIRED' : 'WHEN_SUPPORTED';
  const httpsAgent = agentFor(config);
  const client = new S3Client({
    region,
    endpoint: endpoint ?? undefined,
    forcePathStyle: config.pathStyle,
    credentials: credentials === null ? undefined : keysOf(name, credentials, env),
    requestChecksumCalculation: whenChecked,
    responseChecksumValidation: whenChecked,
    requestHandler: { connectionTimeout: patience.connectMs, socketTimeout: patience.idleMs, ...httpsAgent && { httpsAgent } },
    maxAttempts: patience.maxAttempts,
    retryStrategy: retryStrategy(patience.maxAttempts),
  });
  if (credentials === null) explainIdentity(client, name, env);
  const clock = followClock(client);
  sendInPieces(client);
  return {
    client, clock, bucket, keyPrefix: beforeKeys(prefix), name, location: placeBelow(`s3://${bucket}`, prefix), endpoint: endpoint ?? 'AWS', caFile: config.caFile ?? null,
  };
}

/** The keys. Those from files are read again before they are a few minutes old, for a process that lives longer than they do. */
function keysOf(store: string, { accessKeyIdEnv, secretAccessKeyEnv, sessionTokenEnv }: NonNullable<S3StoreConfig['credentials']>, env: NodeJS.ProcessEnv) {
  const read = () => ({
    accessKeyId: secretFrom(env, accessKeyIdEnv, `access key id of the store ${store}`),
    secretAccessKey: secretFrom(env, secretAccessKeyEnv, `secret access key of the store ${store}`),
    sessionToken: sessionTokenEnv === null ? undefined : secretFrom(env, sessionTokenEnv, `session token of the store ${store}`),
  });
  const now = read(); // what is missing is told at once
  if ([accessKeyIdEnv, secretAccessKeyEnv, sessionTokenEnv].every(name => name === null || secretFile(env, name) === undefined)) return now;
  // The SDK asks again where less than five minutes are left.
  return async () => ({ ...read(), expiration: new Date(Date.now() + FROM_FILE_MS) });
}

/** TLS makes a copy of all that is written at once, which of a part of an upload is as much again. */
function sendInPieces(client: S3Client): void {
  client.middlewareStack.add(next => async args => {
    const request = args.request as { readonly body?: unknown };
    if (!(request.body instanceof Uint8Array) || request.body.length <= PIECE_BYTES) return next(args);
    const { body } = request;
    function* pieces(): Generator<Uint8Array> {
      for (let from = 0; from < body.length; from += PIECE_BYTES) yield body.subarray(from, from + PIECE_BYTES);
    }
    // For this attempt alone: the next one has the whole body again.
    const attempt = { body: Readable.from(pieces(), { highWaterMark: 1 }) };
    return next({ ...args, request: Object.assign(Object.create(Object.getPrototypeOf(request)), request, attempt) });
  }, { step: 'deserialize', priority: 'low', name: 'sendInPieces' });
}

type RetryStrategy = Extract<Awaited<Exclude<S3ClientConfig['retryStrategy'], undefined>>, { acquireInitialRetryToken: unknown }>;
type RetryToken = Awaited<ReturnType<RetryStrategy['acquireInitialRetryToken']>>;
type Failure = Parameters<RetryStrategy['refreshRetryTokenForRetry']>[1];

/**
 * The SDK's standard strategy has a budget that all requests share: four parts that wait for one restart use it up. Its waits
 * can be next to nothing. And where the clocks differ it retries every refusal, a missing object and what the service does not know included.
 */
function retryStrategy(maxAttempts: number): RetryStrategy {
  return {
    acquireInitialRetryToken: async () => retryToken(0),
    refreshRetryTokenForRetry: async (token, failure) => {
      const retries = token.getRetryCount() + 1;
      if (retries >= maxAttempts || !isWorthARetry(failure, retries)) throw new Error('no further retry'); // the SDK then throws the failure itself
      return retryToken(retries);
    },
    recordSuccess: () => {},
  };
}

interface Metadata {
  readonly httpStatusCode?: number;
  readonly clockSkewCorrected?: boolean;
}

function isWorthARetry({ error, errorType }: Failure, retries: number): boolean {
  const { httpStatusCode = 0, clockSkewCorrected = false } = (error as { $metadata?: Metadata }).$metadata ?? {};
  if (clockSkewCorrected && [400, 403].includes(httpStatusCode)) return retries === 1; // signed with the server's time, it is either right or wrong
  if (clockSkewCorrected && httpStatusCode >= 400 && ![408, 429, 500, 502, 503, 504].includes(httpStatusCode)) return false;
  return errorType === 'TRANSIENT' || errorType === 'THROTTLING';
}

function retryToken(retries: number): RetryToken {
  const wait = waitBefore(retries);
  return { getRetryCount: () => retries, getRetryDelay: () => wait };
}
