import { ExitCode } from '../../contract/exit-code';
import { RunnerError } from '../core/errors';

/**
 * Refuses a key that would leave the place of the store, or that a store keeps for itself.
 *
 * Keys come from file names in records too, and a record is only as trustworthy as whoever may write to the store.
 */
export function checkKey(key: string): string {
  if (!isKey(key)) {
    throw new RunnerError(
      `${JSON.stringify(key)} can't be the name of a stored file: it must not be empty, begin with a dot, or have a slash in it`,
      ExitCode.BAD_CONFIG,
    );
  }
  return key;
}

/** Whether something may be a key; what a listing shows beside that was put there by others. */
export function isKey(name: string): boolean {
  return name !== '' && !name.startsWith('.') && !/[/\\\0]/.test(name);
}

/** Like {@link checkKey}, for the beginning of a key: may be empty. */
export function checkKeyPrefix(prefix: string): string {
  return prefix === '' ? prefix : checkKey(prefix);
}

/** What is said to whoever would write over an object. */
export function taken({ name, location }: { readonly name: string; readonly location: string }, key: string): RunnerError {
  return new RunnerError(`${name} (${location}): ${key} is there already: a backup is never overwritten`, ExitCode.FAILED);
}

/** Order of the bytes of two keys, which is S3's; that of JavaScript strings differs beyond U+FFFF. */
export function compareKeys(a: string, b: string): number {
  if (SURROGATE.test(a) || SURROGATE.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : Number(a > b); // the same order, and many times as fast for 100,000 keys
}

const SURROGATE = /[\ud800-\udfff]/;
