import { createHash } from 'node:crypto';

// PostgreSQL cuts longer names off without a word.
const MAX_NAME_BYTES = 63;
const STAMP = /^(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)$/;

/** What a database beside the live one is there for: a restore that is not finished, or what was live before. */
export type Beside = 'restore' | 'before';

/** `NAME_restore_YYYYMMDD_HHMMSS` or `NAME_before_YYYYMMDD_HHMMSS`, in UTC. A long name is cut, and told apart by a digest. */
export function besideName(name: string, purpose: Beside, at: Date): string {
  const iso = at.toISOString();
  return `${prefixOf(name, purpose)}${iso.slice(0, 10).replaceAll('-', '')}_${iso.slice(11, 19).replaceAll(':', '')}`;
}

/** As {@link besideName}, for what is put aside at `at`, or in the first second after it whose name is not taken. */
export function freeBesideName(name: string, purpose: Beside, at: Date, taken: readonly string[]): string {
  const candidate = besideName(name, purpose, at);
  return taken.includes(candidate) ? freeBesideName(name, purpose, new Date(at.getTime() + 1000), taken) : candidate;
}

/** When `candidate` was put beside the database `name`; `undefined` if it is none of ours. */
export function besideTime(candidate: string, name: string, purpose: Beside): Date | undefined {
  const prefix = prefixOf(name, purpose);
  if (!candidate.startsWith(prefix)) return undefined;
  const [, year, month, day, hour, minute, second] = STAMP.exec(candidate.slice(prefix.length)) ?? [];
  const at = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(at.getTime()) ? undefined : at;
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
