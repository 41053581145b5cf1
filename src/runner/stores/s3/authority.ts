import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { createSecureContext, getCACertificates, rootCertificates } from 'node:tls';
import { S3StoreConfig } from '../../../contract/config';
import { ExitCode } from '../../../contract/exit-code';
import { codeOf, messageOf, RunnerError } from '../../core/errors';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----/g;

/** As many connections as the SDK's own agent makes. */
const MAX_SOCKETS = 50;

/**
 * An agent that trusts the authorities that Node.js trusts, and that of the store's file; `undefined` where it has none. It has to be an agent, not the
 * options of one: for large uploads the SDK would make another without them.
 */
export function agentFor({ name, caFile }: Pick<S3StoreConfig, 'name' | 'caFile'>): Agent | undefined {
  if (caFile === undefined || caFile === null) return undefined;
  // Made once: of `ca` each connection would make its own, out of hundreds of certificates.
  const secureContext = createSecureContext({ ca: [...publicAuthorities(), ...certificatesIn(caFile, name)] });
  return new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS, secureContext });
}

/** With those of NODE_EXTRA_CA_CERTS, but for Node.js 20, which tells only its own. */
function publicAuthorities(): readonly string[] {
  return typeof getCACertificates === 'function' ? getCACertificates('default') : rootCertificates;
}

function certificatesIn(file: string, store: string): readonly string[] {
  const refuse = (problem: string, wayOut: string, cause?: unknown) => new RunnerError(
    `the certificate of the authority of the store ${store} (caCertificate) ${problem}: ${wayOut}; outside of the pod, say where it is: --set stores.NAME.caFile=/path/of/ca.crt`,
    ExitCode.BAD_CONFIG, { cause },
  );
  const lookAt = 'look at the key of the ConfigMap or Secret that is mounted there';
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw refuse(`can't be read from ${file} (${codeOf(error)})`, lookAt, error);
  }
  const found = text.match(CERTIFICATE) ?? [];
  if (found.length === 0) throw refuse(`is not in ${file}, which has no "BEGIN CERTIFICATE"`, `${lookAt}: it must be PEM`);
  for (const certificate of found) {
    try {
      new X509Certificate(certificate);
    } catch (error) {
      throw refuse(`in ${file} is damaged (${messageOf(error)})`, lookAt, error);
    }
  }
  return found;
}
