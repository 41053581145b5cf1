import { BackupRecord, RecordedArtifact } from '../../contract/record';
import { sum } from '../core/sum';

/** Bytes that one copy of a backup, or a part of it, takes in its store. */
export function bytesOf(artifacts: readonly RecordedArtifact[]): number {
  return sum(artifacts.map(({ bytes }) => bytes));
}

/** Bytes of an artifact without compression; where that is not known, at least those that are stored. */
export function plainBytesOf({ plainBytes, bytes }: RecordedArtifact): number {
  return plainBytes ?? bytes;
}

/** How long the backup took. A clock that was put back meanwhile makes no time negative. */
export function secondsOf({ startedAt, finishedAt }: BackupRecord): number {
  return Math.max(0, (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000);
}
