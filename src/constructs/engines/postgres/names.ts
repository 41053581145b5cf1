import { show } from '../../core/check';

// PostgreSQL cuts longer names off without a word, and another database would be meant than the one that was named.
const MAX_NAME_BYTES = 63;

export function checkName(property: string, value: string): string {
  const bytes = new TextEncoder().encode(value).length;
  if (bytes === 0 || bytes > MAX_NAME_BYTES || value.includes('\0')) {
    throw new Error(`'${property}' must be 1 to ${MAX_NAME_BYTES} bytes long, as all names in PostgreSQL, got ${show(value)} with ${bytes}`);
  }
  return value;
}
