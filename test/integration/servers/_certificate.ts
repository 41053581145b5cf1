import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate authority of the tests' own. */
export interface Authority {
  /** PEM file of its certificate. */
  readonly caFile: string;
  readonly directory: string;
}

/** Certificate and key of a server, as PEM files. */
export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
}

/** Makes an authority whose files are in `directory`. */
export function makeAuthority(directory: string): Authority {
  const caFile = join(directory, 'ca.crt');
  openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=authority of the tests',
    '-keyout', join(directory, 'ca.key'), '-out', caFile);
  return { caFile, directory };
}

/** Issues a certificate for these names, such as `DNS:localhost` and `IP:127.0.0.1`. */
export function issueCertificate({ caFile, directory }: Authority, name: string, alternativeNames: readonly string[]): Certificate {
  const [certFile, keyFile, request, extensions] = ['crt', 'key', 'csr', 'ext'].map(suffix => join(directory, `${name}.${suffix}`)) as
    [string, string, string, string];
  writeFileSync(extensions, `subjectAltName=${alternativeNames.join(',')}\n`);
  openssl('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', `/CN=${name}`, '-keyout', keyFile, '-out', request);
  openssl('x509', '-req', '-in', request, '-CA', caFile, '-CAkey', join(directory, 'ca.key'), '-CAcreateserial', '-days', '2',
    '-extfile', extensions, '-out', certFile);
  return { certFile, keyFile };
}

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' });
}
