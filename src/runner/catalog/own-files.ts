import {
  ACCEPTED_SUFFIX, CHECKSUM_SUFFIX, isVerificationSuffix, parseKey, PINNED_SUFFIX, RECORD_SUFFIX, REPLACED_SUFFIX, STARTED_SUFFIX,
} from '../../contract/layout';
import { BackupRecord } from '../../contract/record';
import { ENGINE_CONFIGS } from '../config/engines/table';

/*
 * Which names under an id are ours. `app_20261122_020000.txt` looks like a file of a backup and is none: somebody put it there, and
 * nothing removes it.
 */

const EXTENSIONS = Object.values(ENGINE_CONFIGS).flatMap(({ extensions }): readonly string[] => extensions);
/** Artifacts, with the name of a database or without. */
const ARTIFACT_SUFFIX = new RegExp(`^(\\.[A-Za-z0-9_%-]+)?\\.(${EXTENSIONS.join('|').replaceAll('.', '\\.')})(\\.zst|\\.gz)?(\\.age)?$`);

const SUFFIXES: readonly string[] = [RECORD_SUFFIX, CHECKSUM_SUFFIX, STARTED_SUFFIX, ACCEPTED_SUFFIX, REPLACED_SUFFIX, PINNED_SUFFIX];

/** Whether this program writes files of this name, as a part of a backup or beside it. */
export function isOwnFile(key: string): boolean {
  const suffix = parseKey(key)?.suffix;
  return suffix !== undefined && (isMarker(key) || ARTIFACT_SUFFIX.test(suffix));
}

/** The same, artifacts left out: which of those there are, a record says. */
export function isMarker(key: string): boolean {
  const suffix = parseKey(key)?.suffix;
  return suffix !== undefined && (SUFFIXES.includes(suffix) || isVerificationSuffix(suffix));
}

/** What is removed with a backup: what its record names, and what this program wrote beside it. Never anything else of the same id. */
export function ownFilesOf(record: BackupRecord, files: readonly string[]): string[] {
  const named = new Set(record.artifacts.map(({ file }) => file));
  return files.filter(file => named.has(file) || isMarker(file));
}
