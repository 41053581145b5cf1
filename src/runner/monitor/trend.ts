import { BackupRecord } from '../../contract/record';
import { bytesOf } from '../catalog/sizes';
import { sum } from '../core/sum';

const DAY_MS = 86_400_000;
/** Older backups say nothing about how much is added now; weekly ones still have some in it. */
const WINDOW_DAYS = 30;

/**
 * Stored bytes that backups of the last 30 days have added per day; what was removed since is not taken off, and what has no record any
 * more is not counted. `null` where there is less than a day to go by.
 *
 * @param backups oldest first
 */
export function growthPerDay(backups: readonly BackupRecord[], now: Date): number | null {
  const from = now.getTime() - WINDOW_DAYS * DAY_MS;
  const recent = backups.filter(({ startedAt }) => Date.parse(startedAt) >= from);
  const [first, last] = [recent[0], recent.at(-1)];
  if (!first || !last) return null;
  const days = (Date.parse(last.startedAt) - Date.parse(first.startedAt)) / DAY_MS;
  // The first one was added before the time that is measured.
  return days < 1 ? null : sum(recent.slice(1).map(({ artifacts }) => bytesOf(artifacts))) / days;
}

/**
 * By what share one backup is larger than one of a day before, by the straight line through those of the last 30 days; `null` where there
 * is less than a day to go by.
 *
 * @param backups oldest first
 */
export function sizeTrendPerDay(backups: readonly BackupRecord[], now: Date): number | null {
  const from = now.getTime() - WINDOW_DAYS * DAY_MS;
  const points = backups.map(record => ({ day: (Date.parse(record.startedAt) - from) / DAY_MS, bytes: bytesOf(record.artifacts) }))
    .filter(({ day }) => day >= 0);
  const mean = (values: readonly number[]) => sum(values) / values.length;
  const [meanDay, meanBytes] = [mean(points.map(({ day }) => day)), mean(points.map(({ bytes }) => bytes))];
  if (points.length < 2 || points.at(-1)!.day - points[0]!.day < 1 || meanBytes === 0) return null;
  const spread = sum(points.map(({ day }) => (day - meanDay) ** 2));
  return sum(points.map(({ day, bytes }) => (day - meanDay) * (bytes - meanBytes))) / spread / meanBytes;
}
