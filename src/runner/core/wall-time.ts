/** A time as a clock on a wall shows it, of nobody knows which zone. */
export interface WallTime {
  readonly year: number;
  /** From 1 on. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** The instants at which clocks in a zone show a time: none where the clock was put forward, two where it was put back, the earlier one first. */
export function instantsOf(wall: WallTime, timeZone: string): Date[] {
  const { year, month, day, hour, minute, second } = wall;
  const asUtc = Date.UTC(year, month - 1, day, hour, minute, second);
  const offsets = [-DAY_MS, 0, DAY_MS].map(around => wallMs(new Date(asUtc + around), timeZone) - (asUtc + around));
  return [...new Set(offsets)].map(offset => asUtc - offset).filter(instant => wallMs(new Date(instant), timeZone) === asUtc)
    .sort((a, b) => a - b).map(instant => new Date(instant));
}

/** Whether there is such a time zone. */
export function isTimeZone(name: string): boolean {
  try {
    formatIn(name);
    return true;
  } catch {
    return false; // a RangeError
  }
}

const DAY_MS = 86_400_000;

/** What clocks in a zone show at an instant, as if that were UTC. */
function wallMs(instant: Date, timeZone: string): number {
  const parts = Object.fromEntries(formatIn(timeZone).formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(parts.year!, parts.month! - 1, parts.day, parts.hour, parts.minute, parts.second);
}

function formatIn(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-US', {
    timeZone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric',
  });
}
