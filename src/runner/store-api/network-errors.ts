import { ExitCode } from '../../contract/exit-code';
import { codeOf, messageOf } from '../core/errors';

/** Why a service could not be asked, and whether a later run can. */
export interface NetworkFailure {
  readonly reason: string;
  readonly exitCode: ExitCode;
}

const TRUST = 'check the endpoint, or give its authority to the runner in NODE_EXTRA_CA_CERTS';
const TLS_CODE = /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|ERR_TLS|ERR_SSL/;

/**
 * Says what an error of the network means; `undefined` where it is none.
 *
 * @param attempts that were made, for the message: `, 8 times in a row`
 * @param trust what to do about a certificate that is not trusted
 */
export function networkFailure(error: unknown, attempts: string, fallbackCode = '', trust = TRUST): NetworkFailure | undefined {
  // A library may wrap an error in another one, and then its code is left in the message only.
  const code = codeOf(error) ?? /\bE[A-Z]{4,}\b/.exec(messageOf(error))?.[0] ?? fallbackCode;
  const problem = problemOf(code);
  if (problem) return { reason: `${problem}${attempts}`, exitCode: ExitCode.UNAVAILABLE };
  if (code === 'EPROTO') {
    return {
      reason: `the other end does not speak TLS as it should (${messageOf(error)}): should the endpoint begin with http://, or have another port?`,
      exitCode: ExitCode.BAD_CONFIG,
    };
  }
  if (TLS_CODE.test(code)) {
    return {
      reason: `the TLS certificate is not trusted (${messageOf(error)}): ${trust}`,
      exitCode: ExitCode.BAD_CONFIG,
    };
  }
  return undefined;
}

function problemOf(code: string): string | undefined {
  switch (code) {
    case 'ECONNREFUSED': return 'nothing listens at the endpoint: is the service running, and are host and port right';
    case 'ENOTFOUND':
    case 'EAI_AGAIN': return 'the host name of the endpoint can\'t be resolved: check the endpoint, and the DNS of the cluster';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH': return 'there is no route to the endpoint: check network policies and firewalls';
    case 'ECONNRESET':
    case 'ECONNABORTED':
    case 'EPIPE': return 'the connection was cut: a later run may work';
    case 'ETIMEDOUT':
    case 'TimeoutError': return 'the service does not answer: check the network, its policies included, and the service\'s health';
    default: return undefined;
  }
}
