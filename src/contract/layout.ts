/*
 * Names of everything that is stored, made and read in one place.
 *
 *   NAME_YYYYMMDD_HHMMSS.dump              an artifact
 *   NAME_YYYYMMDD_HHMMSS.DATABASE.dump     an artifact, where one backup has several databases
 *   NAME_YYYYMMDD_HHMMSS.sha256            checksums of all its artifacts, as `sha256sum -c` reads them
 *   NAME_YYYYMMDD_HHMMSS.json              the record: without it the backup does not exist
 *   NAME_YYYYMMDD_HHMMSS.started           claim of a run on the id, gone once the record is there
 *   NAME_YYYYMMDD_HHMMSS.accepted          somebody looked at a suspect backup and accepted it
 *   NAME_YYYYMMDD_HHMMSS.replaced          a rollback that has stored this, which was there before, has ended well
 *   NAME_YYYYMMDD_HHMMSS.pinned            kept until somebody unpins it
 *   NAME_YYYYMMDD_HHMMSS.verified.YYYYMMDD_HHMMSS.json
 *                                          what reading the copy in this store back has shown, and when
 *   NAME_YYYYMMDD_HHMMSS.drill.json        a restore drill; the time is its own, not that of a backup
 *   NAME_YYYYMMDD_HHMMSS.failed.json       a run that failed; the time is that of its start, or of the next second that no backup has
 *   NAME.hold                              nothing of this name is pruned
 *
 * All of them lie in a folder NAME/ of their own, or side by side with those of other backups: the config of the store says where.
 * A name has no dot and the time ends at one, so a key belongs to exactly one backup: `app` never matches `app_x`.
 */
import { CompressionConfig } from './config';

/** What the name of a backup may look like. */
export const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;

const ID_PATTERN = /^([A-Za-z0-9][A-Za-z0-9_-]{0,62})_(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)$/;

/** What the name of a member of a set may look like. It has no `-`, which divides it from what follows in the names of files. */
export const MEMBER_PATTERN = /^[a-z][a-z0-9_]{0,19}$/;

/** What stands after the id of a backup, dot included. */
export const RECORD_SUFFIX = '.json';
export const CHECKSUM_SUFFIX = '.sha256';
export const STARTED_SUFFIX = '.started';
export const ACCEPTED_SUFFIX = '.accepted';
export const REPLACED_SUFFIX = '.replaced';
export const PINNED_SUFFIX = '.pinned';

/** What stands at the end of the name of an encrypted artifact. */
export const ENCRYPTED_SUFFIX = '.age';

/** What stands after the name and a time that is not that of a backup. */
export const DRILL_SUFFIX = '.drill.json';
export const FAILED_RUN_SUFFIX = '.failed.json';

const VERIFICATION_SUFFIX = /^\.verified\.\d{8}_\d{6}\.json$/;

/** Parts of a key. */
export interface ParsedKey {
  /** `NAME_YYYYMMDD_HHMMSS`. */
  readonly id: string;
  readonly name: string;
  /** The time in the id, to the second. */
  readonly startedAt: Date;
  /** What follows the id, dot included; empty for the id itself. */
  readonly suffix: string;
}

/** The id of the backup `name` that starts at `at`: `NAME_YYYYMMDD_HHMMSS` in UTC. */
export function backupId(name: string, at: Date): string {
  const iso = at.toISOString(); // 2026-11-22T02:00:00.000Z
  return `${name}_${iso.slice(0, 10).replaceAll('-', '')}_${iso.slice(11, 19).replaceAll(':', '')}`;
}

/** Takes a key (or an id) apart; `undefined` if it is none of ours. */
export function parseKey(key: string): ParsedKey | undefined {
  const dot = key.indexOf('.');
  const id = dot < 0 ? key : key.slice(0, dot);
  const match = ID_PATTERN.exec(id);
  if (!match) return undefined;
  const [, name = '', year, month, day, hour, minute, second] = match;
  const startedAt = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  // Refuses the 31st of February, which Date moves into March.
  if (Number.isNaN(startedAt.getTime()) || backupId(name, startedAt) !== id) return undefined;
  return { id, name, startedAt, suffix: dot < 0 ? '' : key.slice(dot) };
}

/** Key of the verification of the backup `id` that began at `at`, in the store whose copy was read. */
export function verificationKey(id: string, at: Date): string {
  return `${id}.verified.${backupId('', at).slice(1)}.json`;
}

/** Whether a suffix of {@link ParsedKey} is that of a verification. */
export function isVerificationSuffix(suffix: string): boolean {
  return VERIFICATION_SUFFIX.test(suffix);
}

/** Key of the hold on the backups of `name`; it does not begin with {@link keyPrefix}, so no expiry by prefix reaches it. */
export function holdKey(name: string): string {
  return `${name}.hold`;
}

/** Prefix of all keys of the backup `name`; other names share it, so {@link parseKey} has the last word. */
export function keyPrefix(name: string): string {
  return `${name}_`;
}

/**
 * File name of an artifact.
 *
 * @param part tells several artifacts of one kind in one backup apart, for example the name of the database
 * @param extension without the dot: `dump`, `rdb`, `db`, `globals.sql`
 * @param compression of the file as a whole; an archive that is compressed inside has none
 * @param encrypted whether the file as a whole is encrypted, from outside of the compression
 */
export function artifactFile(id: string, part: string | null, extension: string, compression: CompressionConfig['algorithm'], encrypted = false): string {
  const suffix = { zstd: '.zst', gzip: '.gz', none: '' }[compression];
  return `${id}${part === null ? '' : `.${escapePart(part)}`}.${extension}${suffix}${encrypted ? ENCRYPTED_SUFFIX : ''}`;
}

/** Any text as a piece of a file name: everything but letters, digits, `_` and `-` becomes `%XX` of its UTF-8. */
function escapePart(part: string): string {
  return encodeURIComponent(part).replace(/[.!'()*~]/g, c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The text of a checksum file, in the format of `sha256sum`. */
export function formatChecksums(files: readonly { readonly file: string; readonly sha256: string }[]): string {
  return files.map(({ file, sha256 }) => `${sha256}  ${file}\n`).join('');
}
