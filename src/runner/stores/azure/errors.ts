import { AzureFailure, AzureTarget } from './client';
import { ExitCode } from '../../../contract/exit-code';
import { messageOf, RunnerError } from '../../core/errors';
import { clockDifference } from '../../store-api/clock';
import { networkFailure } from '../../store-api/network-errors';

/** From here on the service refuses requests for their time. */
const REFUSED_MS = 15 * 60_000;

/** The service's name of what went wrong, such as `BlobNotFound`. */
export function azureCode(error: unknown): string {
  return error instanceof AzureFailure ? error.code : '';
}

/** Whether the blob is there already; the second is the answer to some requests where it has just appeared. */
export function isTaken(error: unknown): boolean {
  return ['BlobAlreadyExists', 'ConditionNotMet'].includes(azureCode(error));
}

/** Whether the blob is not there, the container being there. The answer to a HEAD may have no code. */
export function isMissing(error: unknown): boolean {
  return error instanceof AzureFailure && error.status === 404 && error.code !== 'ContainerNotFound' && error.code !== 'ContainerBeingDeleted';
}

/** Does something, and says what a failure of it means. */
export async function explainedAzure<T>(target: AzureTarget, doing: string, signal: AbortSignal, action: () => Promise<T>): Promise<T> {
  try {
    signal.throwIfAborted();
    return await action();
  } catch (error) {
    signal.throwIfAborted();
    throw explainAzureError(error, target, doing);
  }
}

/**
 * Says what a failure means and what to do. The one place that knows.
 *
 * @param doing completes "can't ..."
 */
export function explainAzureError(error: unknown, target: AzureTarget, doing: string): RunnerError {
  if (error instanceof RunnerError) return error;
  const { status, code, attempts } = error instanceof AzureFailure ? error : new AzureFailure(messageOf(error), undefined, '', 1);
  const said = [code, messageOf(error)].filter(text => text !== '').join(': ');
  const times = attempts > 1 ? `, ${attempts} times in a row` : '';
  const failed = (reason: string, exitCode: ExitCode) =>
    new RunnerError(`${target.name} (${target.location} at ${target.endpoint}): can't ${doing}: ${reason}`, exitCode, { cause: error });

  switch (code) {
    case 'AuthenticationFailed':
    case 'InvalidAuthenticationInfo':
    case 'NoAuthenticationInformation':
    case 'AuthorizationFailure': // also of the account's firewall
      return unknown();
    case 'KeyBasedAuthenticationNotPermitted':
      return failed('the account takes no keys: use a workload identity, or allow keys on the account', ExitCode.DENIED);
    case 'AuthorizationPermissionMismatch':
    case 'InsufficientAccountPermissions':
      return failed(`access denied (${code}): the identity is known, but its role on the container, or the permissions of the SAS token, do not allow it: `
        + 'it needs "Storage Blob Data Contributor", or rwdlc', ExitCode.DENIED);
    case 'AccountIsDisabled':
      return failed('the account is disabled: enable it again', ExitCode.DENIED);
    case 'BlobImmutableDueToPolicy':
    case 'BlobImmutableDueToLegalHold':
      return failed(`an immutability policy keeps the blob as it is (${code}): wait until it ends`, ExitCode.DENIED);
    case 'LeaseIdMissing':
      return failed('somebody holds a lease on the blob: break the lease', ExitCode.DENIED);
    case 'SnapshotsPresent':
      return failed('the blob has snapshots, which somebody else has made: remove these first', ExitCode.DENIED);
    case 'ContainerNotFound':
    case 'ContainerBeingDeleted':
      return failed(`the container ${target.containerName} does not exist: create it, or correct its name`, ExitCode.NOT_FOUND);
    case 'BlobNotFound':
      return failed('there is no such blob', ExitCode.NOT_FOUND);
    case 'BlobArchived':
    case 'BlobBeingRehydrated':
      return failed('the blob is in the archive tier, where nothing can be read: rehydrate it first ("az storage blob set-tier --tier Hot"), which takes hours, '
        + 'and then run this again; or use another backup or store', ExitCode.NOT_FOUND);
    case 'InvalidBlockList':
    case 'InvalidBlockId':
      return failed('the upload was discarded on the service while it ran, by another run: start again', ExitCode.FAILED);
    case 'BlobAlreadyExists':
      return failed('an upload of the same name, which is not complete, is in the way: prune removes it when it is a day old', ExitCode.FAILED);
    case 'Md5Mismatch':
      return failed(`other bytes arrived than were sent${times}: look at proxies on the way`, ExitCode.UNAVAILABLE);
    case 'FeatureVersionMismatch':
    case 'UnsupportedHeader':
    case 'InvalidHeaderValue':
    case 'InvalidResourceName':
      return failed(`the service refuses a setting (${said}): correct container, prefix or access tier in the config`, ExitCode.BAD_CONFIG);
  }
  if (/quota|capacity|limitexceeded|insufficientstorage/i.test(code) || status === 507) {
    return failed(`the account or its quota is full (${said}): raise the quota, or keep fewer backups`, ExitCode.NO_SPACE);
  }
  if (status === 401 || status === 403) return unknown();
  if (status === 404) return failed(`the service does not find it (${said || status})`, ExitCode.NOT_FOUND);
  if (status !== undefined && (status >= 500 || status === 408 || status === 429)) {
    return failed(`the service fails (${[status, said].join(' ').trim()})${times}: look at its health; a later run may work`, ExitCode.UNAVAILABLE);
  }
  const network = status === undefined ? networkFailure(error, times) : undefined;
  if (network) return failed(network.reason, network.exitCode);
  return failed(status === undefined ? said : `${status} ${said}`.trim(), ExitCode.FAILED);

  /** The service does not know who it is. What it says of the reason may have in it what was signed, so none of it is repeated. */
  function unknown(): RunnerError {
    const offsetMs = target.clock.offsetMs ?? 0;
    if (Math.abs(offsetMs) >= REFUSED_MS) return failed(`${clockDifference(offsetMs)}: set the clock of the node by NTP`, ExitCode.DENIED);
    const expiry = target.credentials.expiresAt();
    if (expiry !== undefined && expiry.getTime() <= Date.now() + offsetMs) {
      return failed(`the SAS token has expired, at ${expiry.toISOString()}: make another one, or use a workload identity, which renews itself`, ExitCode.DENIED);
    }
    return failed(`access denied (${code || status}): ${target.credentials.doubt}`
      + `${code === 'AuthorizationFailure' ? ', and the firewall of the account' : ''}`, ExitCode.DENIED);
  }
}
