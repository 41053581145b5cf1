import { show } from '../core/check';

// S3 and Azure take 1,024 for a key; this leaves room for the longest name, time, database and extension.
const MAX_PREFIX_BYTES = 512;

/** @param service whose rules they are, for messages */
export function checkPrefix(prefix: string, service: string): string {
  const refuse = (rule: string, wayOut: string): never => {
    throw new Error(`'prefix' must not ${rule}, got ${show(prefix)}: ${wayOut}`);
  };
  if (prefix.startsWith('/') || prefix.endsWith('/')) {
    refuse('begin or end with a slash', `write ${show(prefix.replace(/^\/+|\/+$/g, ''))}; the slash before the name is added`);
  }
  if (prefix.split('/').some(segment => segment === '.' || segment === '..')) refuse('have "." or ".." between slashes', `${service} has no folders to go up in`);
  if (prefix.includes('//')) refuse('have two slashes in a row', `${service} would keep both, and no tool shows it`);
  if (/[\u0000-\u001f\u007f\\]/.test(prefix)) refuse('have control characters or backslashes', 'separate with "/"');
  if (new TextEncoder().encode(prefix).length > MAX_PREFIX_BYTES) refuse(`be longer than ${MAX_PREFIX_BYTES} bytes`, `${service} takes keys of 1,024 bytes as a whole`);
  return prefix;
}

/** The folder in a prefix that one backup has to itself. */
export function folderIn(prefix: string, backupName: string): string {
  return prefix === '' ? backupName : `${prefix}/${backupName}`;
}
