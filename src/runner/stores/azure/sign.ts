import { createHmac } from 'node:crypto';

/** What is signed of a request. */
export interface Unsigned {
  readonly method: string;
  readonly url: URL;
  /** With names in lower case. */
  readonly headers: { readonly [name: string]: string };
}

/** What is to be added to a request: headers, and parameters of the URL. */
export interface Proof {
  readonly headers?: { readonly [name: string]: string };
  readonly query?: URLSearchParams;
}

/** How a store proves who it is. */
export interface AzureCredentials {
  /** Why the service may not know them, and what to do: the end of a message. */
  readonly doubt: string;
  /** Secrets are read anew each time, for they may be files that change. */
  prove(request: Unsigned, signal: AbortSignal): Promise<Proof>;
  /** When they end, as far as they say it themselves. */
  expiresAt(): Date | undefined;
  /** Whether they may delete, as far as they say it themselves. */
  mayDelete(): boolean;
}

/** Headers that are signed by their value alone, in this order. */
const BY_VALUE = [
  'content-encoding', 'content-language', 'content-length', 'content-md5', 'content-type', 'date',
  'if-modified-since', 'if-match', 'if-none-match', 'if-unmodified-since', 'range',
];

/** The header `Authorization` of a request, with the key of the account ("Shared Key"). */
export function sharedKey(account: string, key: Buffer, request: Unsigned): string {
  return `SharedKey ${account}:${createHmac('sha256', key).update(stringToSign(account, request)).digest('base64')}`;
}

export function stringToSign(account: string, { method, url, headers }: Unsigned): string {
  const values = BY_VALUE.map(name => name === 'content-length' && headers[name] === '0' ? '' : headers[name] ?? '');
  const own = Object.keys(headers).filter(name => name.startsWith('x-ms-')).sort().map(name => `${name}:${headers[name]}`);
  const query = [...url.searchParams].map(([name, value]) => `${name.toLowerCase()}:${value}`).sort();
  return [method, ...values, ...own, `/${account}${url.pathname}`, ...query].join('\n');
}
