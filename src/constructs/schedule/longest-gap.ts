import { nextRunInZone } from './controller-clock';
import { CalendarSchedule, parseSchedule, runsOnDay, timesOfDay } from './schedule';
import { ZoneClock } from './zone-clock';

/*
 * Ten years, always the same ones: what is synthesized must not change from one day to the next. Today's rules of daylight saving
 * are known to hold for all of it, and ten years have every constellation of weekdays, leap years and changes of the clock that
 * matters. What comes before 2026 tells nothing about runs to come.
 *
 * The zone data are those of the Node.js that synthesizes. Where a country has just changed its law (Morocco, Moldova), theirs and
 * the cluster's may differ until both are up to date.
 */
export const GAP_WINDOW_START = Date.UTC(2026, 0, 1);
export const GAP_WINDOW_END = Date.UTC(2036, 0, 1);

/** The controller looks five years ahead for the last runs of the window. */
const CLOCK_END = Date.UTC(2042, 0, 1);

const DAY_MS = 24 * 3600 * 1000;

/** How close to a change of the clock each step is the controller's own. No clock is put forward or back by more than a few hours. */
const NEAR_MS = 1.25 * DAY_MS;

/** The longest and the shortest time from one run to the next. */
export interface Gaps {
  readonly longestSeconds: number;
  readonly shortestSeconds: number;
  /** The run before the longest gap, and the one after it; the first such gap. Not there for `@every`. */
  readonly longestFrom?: Date;
  readonly longestTo?: Date;
}

const cache = new Map<string, Gaps>();

/**
 * The gaps between the runs that the CronJob controller makes of a schedule from 2026 to 2035.
 *
 * @param expression that has at least two runs in these years; all do that the controller finds a run for
 * @param longestRunSeconds how long a run may take. Where the clock is put back, two runs can be closer together than that: the second is left
 * out if the first still goes on, and the gap reaches to the third
 */
export function gapsOf(expression: string, timeZone: string, longestRunSeconds: number = 0): Gaps {
  const key = `${timeZone} ${expression} ${longestRunSeconds}`;
  const known = cache.get(key);
  if (known) return known;
  const schedule = parseSchedule(expression);
  const gaps = schedule.kind === 'interval'
    ? { longestSeconds: schedule.seconds, shortestSeconds: schedule.seconds }
    : walk(schedule, clockOf(timeZone), longestRunSeconds * 1000);
  cache.set(key, gaps);
  return gaps;
}

const clocks = new Map<string, ZoneClock>();

function clockOf(timeZone: string): ZoneClock {
  const clock = clocks.get(timeZone) ?? new ZoneClock(timeZone, GAP_WINDOW_START - NEAR_MS, CLOCK_END);
  clocks.set(timeZone, clock);
  return clock;
}

/** Goes from run to run: by the calendar where the clock goes evenly, and as the controller does where it is changed. */
function walk(schedule: CalendarSchedule, clock: ZoneClock, longestRun: number): Gaps {
  let [longest, shortest, from, to] = [0, Infinity, 0, 0];
  const gap = (first: number, second: number) => {
    if (second - first > longest) [longest, from, to] = [second - first, first, second];
    if (second - first < shortest) shortest = second - first;
  };
  let previous: number | undefined;
  let leftOutAfter: number | undefined;
  const visit = (run: number) => {
    if (leftOutAfter !== undefined) gap(leftOutAfter, run);
    leftOutAfter = previous !== undefined && run - previous < longestRun ? previous : undefined;
    if (previous !== undefined) gap(previous, run);
    previous = run;
  };

  const times = timesOfDay(schedule).map(minutes => minutes * 60_000);
  const [longestStep, shortestStep] = extremeSteps(times);
  let at = GAP_WINDOW_START - 1;
  for (const change of [...clock.transitions, CLOCK_END]) {
    // The runs of whole days, by the zone's clock, before the change comes near.
    const offset = clock.offset(change - NEAR_MS);
    for (let day = startOfDay(at + offset); day + DAY_MS - offset < change - NEAR_MS && at < GAP_WINDOW_END; day += DAY_MS) {
      if (!runsOnDay(schedule, new Date(day))) continue;
      if (times.length > 1 && day + times[0] - offset > at) {
        // One day is like the other.
        visit(day + times[0] - offset);
        for (const step of [longestStep, shortestStep]) gap(day + times[step] - offset, day + times[step + 1] - offset);
        previous = day + times[times.length - 1] - offset;
      } else {
        for (const time of times) if (day + time - offset > at) visit(day + time - offset);
      }
      at = previous ?? at;
    }
    while (at < Math.min(change + NEAR_MS, GAP_WINDOW_END)) {
      const run = nextRunInZone(schedule, clock, at);
      if (run === undefined) break;
      visit(run);
      at = run;
    }
  }
  return { longestSeconds: longest / 1000, shortestSeconds: shortest / 1000, longestFrom: new Date(from), longestTo: new Date(to) };
}

function startOfDay(wall: number): number {
  return Math.floor(wall / DAY_MS) * DAY_MS;
}

/** Where among the times of a day the longest and the shortest step to the next one begin. */
function extremeSteps(times: readonly number[]): [number, number] {
  let [longest, shortest] = [0, 0];
  for (let i = 1; i < times.length - 1; i++) {
    if (times[i + 1] - times[i] > times[longest + 1] - times[longest]) longest = i;
    if (times[i + 1] - times[i] < times[shortest + 1] - times[shortest]) shortest = i;
  }
  return [longest, shortest];
}
