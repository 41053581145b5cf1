/*
 * What the clock of a time zone shows, from the zone data of the JavaScript engine.
 */

const HOUR_MS = 3600 * 1000;
const WEEK_MS = 7 * 24 * HOUR_MS;

/** The clock of one zone between two moments; outside of them it goes on as at the nearer one. Times are milliseconds since 1970. */
export class ZoneClock {
  /** When the offset changes, in ascending order. */
  public readonly transitions: readonly number[];
  private readonly offsets: readonly number[];
  private latest = 0;

  constructor(timeZone: string, from: number, to: number) {
    const offsetAt = offsetsOf(timeZone);
    const transitions: number[] = [];
    const offsets = [offsetAt(from)];
    // Nowhere do clocks change twice within a week.
    for (let time = from; time < to; time += WEEK_MS) {
      const later = offsetAt(time + WEEK_MS);
      if (later === offsets[offsets.length - 1]) continue;
      transitions.push(bisect(time, time + WEEK_MS, at => offsetAt(at) === later));
      offsets.push(later);
    }
    this.transitions = transitions;
    this.offsets = offsets;
  }

  /** What the clock is ahead of UTC, in milliseconds. */
  public offset(time: number): number {
    return this.offsets[this.era(time)];
  }

  /** The moment at which the clock shows `wall`, written as if it were UTC; Go's answer where there are two, or none. */
  public toUtc(wall: number): number {
    const era = this.era(wall);
    const utc = wall - this.offsets[era];
    const valid = utc >= (this.transitions[era - 1] ?? -Infinity) && utc < (this.transitions[era] ?? Infinity);
    return valid ? utc : wall - this.offset(utc);
  }

  private era(time: number): number {
    // Mostly the same as the last time.
    while (this.latest > 0 && time < this.transitions[this.latest - 1]) this.latest--;
    while (this.latest < this.transitions.length && time >= this.transitions[this.latest]) this.latest++;
    return this.latest;
  }
}

/** The first minute in (low, high] for which `after` holds. */
function bisect(low: number, high: number, after: (time: number) => boolean): number {
  while (high - low > 60_000) {
    const middle = low + Math.floor((high - low) / 120_000) * 60_000;
    if (after(middle)) high = middle; else low = middle;
  }
  return high;
}

function offsetsOf(timeZone: string): (time: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric',
  });
  return time => {
    const parts: { [type: string]: number } = {};
    for (const { type, value } of format.formatToParts(time)) parts[type] = Number(value);
    return Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second) - time;
  };
}
