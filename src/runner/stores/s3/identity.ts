import { S3Client } from '@aws-sdk/client-s3';
import { ExitCode } from '../../../contract/exit-code';
import { codeOf, messageOf, RunnerError } from '../../core/errors';

/** What whoever gives out keys says, as far as it is of use. */
interface IdentityFailure {
  readonly name?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $retryable?: object;
}

/**
 * Has a failure to get keys for the identity of the pod say so. It would be taken for one of the bucket: an STS that says no for a bucket policy, and one
 * that can't be reached for a service that is down.
 */
export function explainIdentity(client: S3Client, store: string, env: NodeJS.ProcessEnv): void {
  const find = client.config.credentials;
  client.config.credentials = async options => {
    try {
      return await find(options);
    } catch (error) {
      throw identityFailure(error, store, env);
    }
  };
}

function identityFailure(error: unknown, store: string, env: NodeJS.ProcessEnv): RunnerError {
  const failed = (reason: string, exitCode: ExitCode) => new RunnerError(`${store}: there are no keys for the identity of this pod: ${reason}`, exitCode, { cause: error });
  const { AWS_ROLE_ARN: role, AWS_WEB_IDENTITY_TOKEN_FILE: file, AWS_CONTAINER_CREDENTIALS_FULL_URI: agent } = env;
  const { name = '', $metadata, $retryable } = (error ?? {}) as IdentityFailure;
  const status = $metadata?.httpStatusCode;
  if (name === 'CredentialsProviderError') {
    return failed(agent === undefined
      ? `no credentials were found: name a Secret in the config, or give the service account an identity (${messageOf(error)})`
      : `the agent at ${agent} gave none (${messageOf(error)}): look whether it runs on the node, and at the association of the service account with a role`, ExitCode.DENIED);
  }
  if (status !== undefined && status < 500 && status !== 429 && $retryable === undefined) {
    return failed(`STS refuses them (${status} ${name}: ${messageOf(error)}): the role ${role} must exist, and its trust policy name this service account`, ExitCode.DENIED);
  }
  if (status === undefined && codeOf(error) === 'ENOENT') return failed(`the token ${file} is not there: start the pod again, which has it mounted`, ExitCode.DENIED);
  return failed(`STS, or the agent of the node, can't be reached (${messageOf(error)}): look at network policies and DNS; a later run may work`, ExitCode.UNAVAILABLE);
}
