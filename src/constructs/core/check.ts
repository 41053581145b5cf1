/*
 * Checks that several props share. All of them throw a plain `Error` at once: the property in quotes, the rule, the value that
 * was given, and the way out where it isn't obvious.
 */
import { Duration, Size, SizeRoundingBehavior } from 'cdk8s';

/** A value as it stands in a message. */
export function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}

export function checkWholeNumber(property: string, value: number, min: number, max: number, wayOut?: string): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
    throw new Error(`'${property}' must be a whole number ${range}, got ${show(value)}${wayOut ? `: ${wayOut}` : ''}`);
  }
  return value;
}

/** Refuses text that is empty, has spaces around it, or has characters that no name of anything has. */
export function checkText(property: string, value: string): string {
  if (value.trim() === '' || value !== value.trim() || /[\u0000-\u001f\u007f]/.test(value)) {
    throw new Error(`'${property}' must be text without spaces around it and without control characters, got ${show(value)}`);
  }
  return value;
}

/** What a key of a Secret or ConfigMap may be called, as the API server checks it. */
const KEY_NAME = /^(?!\.\.?$|\.\.)[-._a-zA-Z0-9]{1,253}$/;

/** Access keys of AWS, and identities of age. */
const SECRET_ITSELF = /^(AKIA|ASIA)[A-Z0-9]{16}$|SECRET-KEY/i;

/** Refuses what can't be the name of a key, and what is likely to be what should lie under that key. Does not show it. */
export function checkKeyName(property: string, value: string): string {
  if (SECRET_ITSELF.test(value)) {
    throw new Error(`'${property}' must be the name of a key of the Secret, got what looks like the secret itself: put it into the Secret, and make a new one if this one was committed anywhere`);
  }
  if (!KEY_NAME.test(value)) {
    throw new Error(`'${property}' must be the name of a key of the Secret or ConfigMap, of up to 253 letters, digits, "-", "_" and ".", got ${value.length} characters that are none `
      + '(they are not shown, for they may be the secret itself)');
  }
  return value;
}

const HOST = /^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?$/;
const IPV6 = /^[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$/;

/** @returns the host as programs take it: an IPv6 address without the brackets that it has in a URL */
export function checkHost(given: string): string {
  const value = given.replace(/^\[(.*:.*)\]$/, '$1');
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) {
    throw new Error(`'host' must be a name or an address, got the URL ${show(redact(value))}: give host, port, user and database as properties of their own`);
  }
  if (/^[^:]+:\d+$/.test(value)) {
    throw new Error(`'host' must be a name or an address, got ${show(value)}: give the number behind the colon as 'port'`);
  }
  if ((!HOST.test(value) && !IPV6.test(value)) || value.includes('..') || value.length > 253) {
    throw new Error(`'host' must be one host name or IP address, got ${show(redact(value))}: in the cluster that is the name of a Service, as in "postgres" or "postgres.shop.svc"`);
  }
  return value;
}

export function checkPort(value: number): number {
  return checkWholeNumber('port', value, 1, 65535);
}

/** A URL, or what somebody took for one, with what stands before `@` and behind `?` left out, so that a password never gets into a message. */
export function redact(url: string): string {
  return url.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, '$1…@').replace(/\?.*$/s, '?…');
}

/** Names of parameters that have secrets as values. */
const SECRET_PARAMETER = /token|secret|passw|key|auth|sig|cred/i;

/** Refuses what is no URL of HTTP, or has credentials in it. */
export function checkHttpUrl(property: string, url: string, wayOut: string, example: string): string {
  if (!URL.canParse(url) || !/^https?:\/\/[^/]/.test(url)) {
    throw new Error(`'${property}' must be a URL with http or https, got ${show(redact(url))}: as in ${show(example)}`);
  }
  const { username, password, searchParams } = new URL(url);
  if (username !== '' || password !== '' || [...searchParams.keys()].some(name => SECRET_PARAMETER.test(name))) {
    throw new Error(`'${property}' must not have credentials in it, got ${show(redact(url))}: it goes into the manifest, so ${wayOut}`);
  }
  return url;
}

/** A duration in words. `Duration.toHumanString()` calls two hours "1 hour 60 minutes". */
export function showSeconds(seconds: number): string {
  const parts: string[] = [];
  let rest = seconds;
  for (const [unit, size] of [['day', 86_400], ['hour', 3600], ['minute', 60], ['second', 1]] as const) {
    const count = size === 1 ? rest : Math.floor(rest / size);
    rest -= count * size;
    if (count !== 0) parts.push(`${count} ${unit}${count === 1 ? '' : 's'}`);
  }
  return parts.join(' ') || '0 seconds';
}

/** Seconds of a duration that must be a whole number of them, and not less than `min`. */
export function wholeSeconds(property: string, value: Duration, min: number, reason: string): number {
  const seconds = value.toSeconds({ integral: false });
  if (!Number.isInteger(seconds) || seconds < min) {
    throw new Error(`'${property}' must be a whole number of seconds, at least ${min} (${reason}), got ${showSeconds(seconds)}`);
  }
  return seconds;
}

export function mebibytes(value: Size): number {
  return value.toMebibytes({ rounding: SizeRoundingBehavior.NONE });
}

const LABEL_NAME = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const LABEL_PREFIX = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/** Refuses labels that the API server refuses. */
export function checkLabels(property: string, labels: { readonly [key: string]: string }): void {
  for (const [key, value] of Object.entries(labels)) {
    const slash = key.indexOf('/');
    const name = key.slice(slash + 1);
    if (!LABEL_NAME.test(name) || (slash >= 0 && !LABEL_PREFIX.test(key.slice(0, slash)))) {
      throw new Error(`'${property}' has a key that Kubernetes refuses, ${show(key)}: use up to 63 letters, digits, "-", "_" and ".", with a letter or digit at both ends`);
    }
    if (value !== '' && !LABEL_NAME.test(value)) {
      throw new Error(`'${property}' has a value that Kubernetes refuses, ${show(key)}: ${show(value)}: use up to 63 letters, digits, "-", "_" and ".", with a letter or digit at both ends`);
    }
  }
}

const DNS_LABEL = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;

export function isDnsLabel(value: string, maxLength: number): boolean {
  return value.length <= maxLength && DNS_LABEL.test(value);
}

/** SQL that has to return true after a restore. */
export function checkAssertions(assertions: readonly string[] = []): readonly string[] {
  const empty = assertions.find(sql => sql.trim() === '');
  if (empty !== undefined) throw new Error(`'assertions' must be SQL that returns true, got ${show(empty)}: SELECT count(*) > 0 FROM users`);
  return assertions;
}
