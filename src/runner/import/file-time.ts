import { isIn, NamedFile } from './file-names';
import { instantsOf, WallTime } from '../core/wall-time';

/** When a backup was begun, and how that is known. */
export interface FileTime {
  readonly at: Date;
  /** The form of the name, and the zone. */
  readonly from: string;
}

/** Clocks of two zones are less apart. */
const MOST_APART_MS = 26 * 3_600_000;

/**
 * When a file says it was begun.
 *
 * @param begunAt what stands in the file: an instant, which is taken as it is, or the time on a clock of nobody knows which zone; `null`: nothing
 * @param timeZone of the names
 * @returns in words why it can't be told, where that is so
 */
export function timeOf(named: NamedFile | undefined, begunAt: WallTime | Date | null, timeZone: string): FileTime | string {
  // A script may have copied a snapshot that is older than the name it gave to it.
  if (begunAt instanceof Date) {
    return begunAt.getTime() > Date.now() ? `its time, ${begunAt.toISOString()}, has not come yet: the clock where it was made, or here, is wrong` : { at: begunAt, from: 'the file itself' };
  }
  if (named === undefined) return 'neither its name nor the file tells its time';
  const { utc, form } = named;
  const wall = wallOf(named, begunAt);
  if (typeof wall === 'string') return wall;
  const zone = utc ? 'Etc/UTC' : timeZone;
  // Of two, the earlier: nothing that was written later is sure to be in it.
  const [at] = instantsOf(wall, zone);
  if (!at) return `there is no ${show(wall)} in ${zone}, where the clock was put forward: name the zone of its names with --zone`;
  if (begunAt !== null && Math.abs(asUtc(wall) - asUtc(begunAt)) > MOST_APART_MS) return `its name says ${show(wall)}, and it was begun at ${show(begunAt)}: one of them is wrong`;
  if (at.getTime() > Date.now()) return `its time, ${show(wall)} in ${zone}, has not come yet: name the zone of its names with --zone`;
  return { at, from: `${form}, in ${zone}` };
}

/** The time on a clock that a name says, completed by what stands in the file. @returns in words why the two do not fit together, where that is so */
function wallOf({ day, clock, period }: NamedFile, begunAt: WallTime | null): WallTime | string {
  if (day !== null && clock !== null) return { ...day, ...clock };
  if (begunAt === null) return 'its name has no time of day, and neither has the file: give it a name with the time at which it was made, such as NAME_YYYYMMDD_HHMMSS';
  if (period !== null && !isIn(period, begunAt)) {
    return `its name has a month or a week, and it was begun in another one, ${show(begunAt)}: give it the name that its time asks for`;
  }
  if (day !== null && (begunAt.year !== day.year || begunAt.month !== day.month || begunAt.day !== day.day)) {
    return `its name has no time of day, and it was begun on another day, ${show(begunAt)}: give it the name that its time asks for`;
  }
  return begunAt;
}

function asUtc({ year, month, day, hour, minute, second }: WallTime): number {
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** As in `2026-11-22 02:00:00`. */
function show(wall: WallTime): string {
  return new Date(asUtc(wall)).toISOString().slice(0, 19).replace('T', ' ');
}
