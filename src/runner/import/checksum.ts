import path from 'node:path';
import { WRAPPED } from './wrapping';
import { CHECKSUM_SUFFIX } from '../../contract/layout';

/** The keys under which the checksum of a file may stand: of `app_1.dump.gz` these are `app_1.dump.gz.sha256`, `app_1.dump.sha256` and `app_1.sha256`. */
export function checksumKeysOf(file: string): string[] {
  const unwrapped = file.replace(WRAPPED, '');
  return [...new Set([file, unwrapped, unwrapped.slice(0, unwrapped.lastIndexOf('.'))])].map(name => name + CHECKSUM_SUFFIX);
}

/**
 * The SHA-256 of a file, from the text of `sha256sum`: from the line that names it, in whatever directory it was then, or from a line that names nothing.
 *
 * @returns in lower-case hex; `null` if there is none
 */
export function sha256In(text: string, file: string): string | null {
  for (const line of text.split(/\r?\n/)) {
    const [, sum, name] = /^\\?([0-9a-fA-F]{64})(?:\s+\*?(\S.*))?$/.exec(line.trimEnd()) ?? [];
    if (sum !== undefined && (name === undefined || name === '-' || path.posix.basename(name) === file)) return sum.toLowerCase();
  }
  return null;
}
