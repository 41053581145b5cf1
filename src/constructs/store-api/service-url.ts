import { checkText, redact, show } from '../core/check';

export interface ServiceUrlHelp {
  readonly example: string;
  /** What to use for credentials, instead of the URL. */
  readonly credentials: string;
}

/** Refuses what is no URL of a service, and what has more in it than that. Returns it without slashes at its end. */
export function checkServiceUrl(endpoint: string, { example, credentials }: ServiceUrlHelp): string {
  const refuse = (rule: string, wayOut: string): never => {
    throw new Error(`'endpoint' ${rule}, got ${show(redact(endpoint))}: ${wayOut}`);
  };
  checkText('endpoint', redact(endpoint));
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (!url || !/^https?:\/\/[^/]/.test(endpoint)) {
    return refuse('must be a URL with http or https', `as in ${show(example)}`);
  }
  if (url.username !== '' || url.password !== '' || endpoint.includes('@')) {
    refuse('must not have credentials in it', `it goes into the manifest, so use ${credentials}`);
  }
  if (url.search !== '' || url.hash !== '' || /[?#]/.test(endpoint)) refuse('must not have "?" or "#"', 'give the bare URL of the service');
  return endpoint.replace(/\/+$/, '');
}
