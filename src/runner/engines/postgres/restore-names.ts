import { createHash } from 'node:crypto';
import { freeName, STAMP_PATTERN, stampOf, timeOf } from '../../engine-api/stamp';

// PostgreSQL cuts longer names off without a word.
const MAX_NAME_BYTES = 63;

/** What a database beside the live one is there for: a restore that is not finished, or what was live before. */
export type Beside = 'restore' | 'before';

/** `NAME_restore_YYYYMMDD_HHMMSS` or `NAME_before_YYYYMMDD_HHMMSS`, in UTC. A long name is cut, and told apart by a digest. */
export function stagingName(name: string, purpose: Beside, at: Date): string {
  return prefixOf(name, purpose) + stampOf(at);
}

/** As {@link stagingName}, for people, as long as the time is not known. */
export function besidePattern(name: string, purpose: Beside): string {
  return prefixOf(name, purpose) + STAMP_PATTERN;
}

/** As {@link stagingName}, for what is put aside at `at`, or in the first second after it whose name is not taken. */
export function freeBesideName(name: string, purpose: Beside, at: Date, taken: readonly string[]): string {
  return freeName(then => stagingName(name, purpose, then), at, taken);
}

/** When `candidate` was put beside the database `name`; `undefined` if it is none of ours. */
export function besideTime(candidate: string, name: string, purpose: Beside): Date | undefined {
  const prefix = prefixOf(name, purpose);
  return candidate.startsWith(prefix) ? timeOf(candidate.slice(prefix.length)) : undefined;
}

function prefixOf(name: string, purpose: Beside): string {
  const room = MAX_NAME_BYTES - `_${purpose}_YYYYMMDD_HHMMSS`.length;
  if (Buffer.byteLength(name) <= room) return `${name}_${purpose}_`;
  const mark = `~${createHash('sha256').update(name).digest('hex').slice(0, 6)}`;
  let head = '';
  for (const character of name) {
    if (Buffer.byteLength(head + character) > room - mark.length) break;
    head += character;
  }
  return `${head}${mark}_${purpose}_`;
}
