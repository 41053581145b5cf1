import { BackupRecord, RecordedSafety } from '../../contract/record';

/*
 * What the record of a safety backup says of it. It is suspect on purpose: the latest backup must never be the damage.
 *
 * Records that were stored before there was a field for it have only the sentence why they are suspect. They are told by it, and nothing
 * else is told by a sentence.
 */

const SENTENCE = 'it is what was there before the restore of ';
const END_OF_ROLLBACK = ', a rollback';
/** What those sentences were, which does not change however they are worded by now. The oldest ones do not tell a rollback. */
const STORED_SENTENCE = /^it is what was there before the restore of (?<before>\S+?)(?<rollback>, a rollback)?$/;

/** What the record of a safety backup has, taken before `restored` is restored. */
export function safetyFields(restored: BackupRecord): Required<Pick<BackupRecord, 'suspect' | 'safety'>> {
  const rollback = safetyOf(restored) !== undefined;
  return { suspect: SENTENCE + restored.id + (rollback ? END_OF_ROLLBACK : ''), safety: { before: restored.id, rollback } };
}

/** What it was taken before; `undefined` if it is no safety backup. */
export function safetyOf({ safety, suspect }: BackupRecord): RecordedSafety | undefined {
  if (safety !== undefined) return safety;
  const { before, rollback } = STORED_SENTENCE.exec(suspect ?? '')?.groups ?? {};
  return before === undefined ? undefined : { before, rollback: rollback !== undefined };
}
