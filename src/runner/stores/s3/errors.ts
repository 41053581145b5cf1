import { S3Target } from './client';
import { ExitCode } from '../../../contract/exit-code';
import { messageOf, RunnerError } from '../../core/errors';
import { clockDifference } from '../../store-api/clock';
import { networkFailure } from '../../store-api/network-errors';
import { Service } from '../../store-api/service';

/** What the SDK throws, as far as it is of use: a service's answer, or an error of Node's with a code. */
interface S3Failure {
  readonly name?: string;
  readonly Code?: string;
  readonly Region?: string;
  readonly ServerTime?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number };
  readonly $response?: { readonly headers?: { readonly [name: string]: string } };
}

/** Name of a service's error such as `NoSuchKey`; answers to HEAD have no body, and so only a status. */
export function s3ErrorName(error: unknown): string {
  const { name = '', Code = '' } = (error ?? {}) as S3Failure;
  return Code || name;
}

/** HTTP status of a service's error; `undefined` if there was no answer. */
export function s3Status(error: unknown): number | undefined {
  return ((error ?? {}) as S3Failure).$metadata?.httpStatusCode;
}

/** Whether the service does not have what was asked for, to anybody; rights have nothing to do with it. */
export function isUnsupported(error: unknown): boolean {
  return ['NotImplemented', 'MethodNotAllowed'].includes(s3ErrorName(error)) || [405, 501].includes(s3Status(error) ?? 0);
}

/** Does something, and says what a failure of it means. */
export async function explainedS3<T>(target: S3Target, doing: string, signal: AbortSignal, action: () => Promise<T>): Promise<T> {
  try {
    signal.throwIfAborted();
    return await action();
  } catch (error) {
    signal.throwIfAborted();
    throw explainS3Error(error, target, doing);
  }
}

/**
 * Says what a failure of the SDK means and what to do. The one place that knows.
 *
 * @param doing completes "can't ..."
 */
export function explainS3Error(error: unknown, { name, bucket, location, endpoint, client, caFile }: S3Target, doing: string): RunnerError {
  if (error instanceof RunnerError) return error;
  const failure = (error ?? {}) as S3Failure;
  const code = s3ErrorName(error);
  const status = s3Status(error);
  const said = messageOf(error) === code || messageOf(error) === '' ? code : `${code}: ${messageOf(error)}`;
  const failed = (reason: string, exitCode: ExitCode) =>
    new RunnerError(`${name} (${location} at ${endpoint}): can't ${doing}: ${reason}`, exitCode, { cause: error });

  if (status === 400 && /missing.*object.?lock|object.?lock.*(missing|not (configured|enabled))/i.test(said)) return noObjectLock({ name, bucket, location, endpoint }, doing, error);
  switch (code) {
    case 'InvalidAccessKeyId':
    case 'XAdminUserNotFound': // versitygw's name for it
      return failed('the service does not know the access key id: check the Secret with the credentials, and that they are of this service', ExitCode.DENIED);
    case 'SignatureDoesNotMatch':
      return failed('the secret access key does not belong to the access key id: check the Secret, also for a line break at its end', ExitCode.DENIED);
    case 'ExpiredToken':
    case 'TokenRefreshRequired':
      return failed('the credentials have expired: renew them, or use a workload identity, which renews itself', ExitCode.DENIED);
    case 'InvalidToken':
      return failed('the session token is not valid: it must be of the same credentials as the access key', ExitCode.DENIED);
    case 'AccessDenied':
    case 'AllAccessDisabled':
    case 'AccountProblem':
      return denied();
    case 'InvalidObjectState':
      return failed('the object is in an archive class, where nothing can be read before it was thawed: restore it there first (for S3: "aws s3api restore-object"), which takes hours, '
        + 'and then run this again; or use another backup or store', ExitCode.NOT_FOUND);
    case 'NoSuchBucket':
      return failed(`the bucket ${bucket} does not exist: create it, or correct its name`, ExitCode.NOT_FOUND);
    case 'NoSuchKey':
      return failed('there is no such object', ExitCode.NOT_FOUND);
    case 'NoSuchUpload':
      return failed('the upload was discarded on the service while it ran, by a lifecycle rule or another run: start again', ExitCode.FAILED);
    case 'PermanentRedirect':
    case 'AuthorizationHeaderMalformed':
    case 'IllegalLocationConstraintException':
      return wrongRegion();
    case 'RequestTimeTooSkewed':
    case 'RequestExpired':
    case 'RequestInTheFuture':
      return failed(`${clocksDiffer(failure)}: set the clock of the node, or of the server, by NTP`, ExitCode.DENIED);
    case 'QuotaExceeded':
    case 'StorageQuotaExceeded':
    case 'XMinioStorageFull':
    case 'InsufficientStorage':
      return failed(`the storage or its quota is full (${said}): raise the quota, or keep fewer backups`, ExitCode.NO_SPACE);
    case 'InvalidStorageClass':
    case 'InvalidBucketName':
    case 'NotImplemented':
      return failed(`the service refuses a setting (${said}): correct bucket, storage class, encryption or checksums in the config`, ExitCode.BAD_CONFIG);
  }
  if (code.startsWith('KMS.')) {
    return failed(`the service can't use the key for the encryption (${said}): check the key's id, state and policy`, ExitCode.BAD_CONFIG);
  }
  if (/region is missing/i.test(messageOf(error))) {
    return failed('no region is set: set it in the config, or the environment variable AWS_REGION', ExitCode.BAD_CONFIG);
  }
  if (/checksum mismatch/i.test(messageOf(error))) {
    return failed(`other bytes arrived than were stored (${messageOf(error)})`, ExitCode.CORRUPT);
  }

  if (status === 301 || status === 307) return wrongRegion();
  if (status === 401 || status === 403) return denied();
  if (status === 404) return failed(`the service does not find it (${said})`, ExitCode.NOT_FOUND);
  if (status === 507) return failed('the storage is full: enlarge it, or keep fewer backups', ExitCode.NO_SPACE);
  if (isUnsupported(error)) return failed(`the service does not support it (${said})`, ExitCode.BAD_CONFIG);
  if (status !== undefined && (status >= 500 || status === 408 || status === 429)) {
    return failed(`the service fails (${status} ${said})${attempts(failure)}: look at its health; a later run may work`, ExitCode.UNAVAILABLE);
  }

  const network = networkFailure(error, attempts(failure), code, trust(endpoint, caFile));
  if (network) return failed(network.reason, network.exitCode);
  return failed(status === undefined ? said : `${status} ${said}`, ExitCode.FAILED);

  function denied(): RunnerError {
    return failed(`access denied (${said}): the credentials are known, but their policy, or the bucket's, does not allow it`, ExitCode.DENIED);
  }

  function wrongRegion(): RunnerError {
    const right = failure.Region ?? failure.$response?.headers?.['x-amz-bucket-region'];
    return failed(`the bucket is in another region than the config says${right ? `: set the region to ${right}` : `, or at another endpoint (${said})`}`,
      ExitCode.BAD_CONFIG);
  }

  function clocksDiffer({ ServerTime, $response }: S3Failure): string {
    const serverTime = Date.parse(ServerTime ?? $response?.headers?.date ?? '');
    const offsetMs = Number.isNaN(serverTime) ? client.config.systemClockOffset : serverTime - Date.now();
    return clockDifference(offsetMs);
  }
}

/** What stands in the way where the bucket has no Object Lock, and how it gets one. */
export function noObjectLock({ name, bucket, location, endpoint }: Service & Pick<S3Target, 'bucket'>, doing: string, cause?: unknown): RunnerError {
  return new RunnerError(
    `${name} (${location} at ${endpoint}): can't ${doing}: the bucket ${bucket} has no Object Lock, and the config asks for one: switch it on with versioning, `
      + `"aws s3api put-object-lock-configuration --bucket ${bucket} --object-lock-configuration ObjectLockEnabled=Enabled", or, where the service takes that `
      + 'only for new buckets, make one with it; or leave out \'objectLock\'',
    ExitCode.BAD_CONFIG, { cause },
  );
}

function attempts({ $metadata }: S3Failure): string {
  return ($metadata?.attempts ?? 1) > 1 ? `, ${$metadata!.attempts} times in a row` : '';
}

/** What to do about a certificate that is not trusted; `undefined`: nothing that is of S3 alone. */
function trust(endpoint: string, caFile: string | null): string | undefined {
  if (endpoint === 'AWS') return undefined;
  return caFile === null
    ? 'check the endpoint, or give the store the authority that signed it: \'caCertificate\' of BackupStore.s3, or from a shell, its file in NODE_EXTRA_CA_CERTS'
    : `check the endpoint, and that ${caFile} ('caCertificate') is the authority that signed it`;
}
