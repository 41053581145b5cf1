/** The Secret of the guide, where a store's credentials are unless it says otherwise. */
export const DEFAULT_SECRET = 'backup-secrets';

/**
 * What stands before `AWS_ACCESS_KEY_ID` and the like where several stores have one.
 *
 * @param plainName the name that is free for a store which nobody has named: its environment variables have the names of the guide
 */
export function envPrefix(name: string, plainName: string): string {
  if (name === plainName) return '';
  const upper = name.toUpperCase().replaceAll('-', '_');
  return `${/^[0-9]/.test(upper) ? '_' : ''}${upper}_`;
}
