import { CalendarSchedule, runsOnDay } from './schedule';
import { ZoneClock } from './zone-clock';

const MINUTE_MS = 60 * 1000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Years after which the controller gives up looking for the next run. */
const HORIZON_YEARS = 5;

/**
 * The first run after `after`, in milliseconds since 1970; `undefined` if there is none within five years.
 *
 * Step by step what `SpecSchedule.Next` of robfig/cron v3.0.1 does, faults included: the CronJob controller runs exactly this. A
 * run that falls into an hour which the clock skips does not happen; one that falls into an hour which comes twice happens twice.
 */
export function nextRunInZone(schedule: CalendarSchedule, clock: ZoneClock, after: number): number | undefined {
  let time = Math.floor(after / 1000 + 1) * 1000;
  let added = false;
  const now = () => time + clock.offset(time);
  const wall = () => new Date(now());
  const midnight = (year: number, month: number, day: number) => clock.toUtc(Date.UTC(year, month, day));
  const lastYear = wall().getUTCFullYear() + HORIZON_YEARS;

  wrap: while (wall().getUTCFullYear() <= lastYear) {
    while (!schedule.months.includes(wall().getUTCMonth() + 1)) {
      if (!added) time = midnight(wall().getUTCFullYear(), wall().getUTCMonth(), 1);
      added = true;
      time = addMonth(wall(), clock);
      if (wall().getUTCMonth() === 0) continue wrap;
    }

    while (!runsOnDay(schedule, wall())) {
      if (!added) time = midnight(wall().getUTCFullYear(), wall().getUTCMonth(), wall().getUTCDate());
      added = true;
      time = clock.toUtc(wall().getTime() + DAY_MS);
      const hour = wall().getUTCHours();
      // Where the clock skips midnight.
      if (hour !== 0) time += (hour > 12 ? 24 - hour : -hour) * HOUR_MS;
      if (wall().getUTCDate() === 1) continue wrap;
    }

    // No dates from here on: most of the steps are here.
    while (!schedule.hours.includes(hourOf(now()))) {
      if (!added) time = clock.toUtc(Math.floor(now() / HOUR_MS) * HOUR_MS);
      added = true;
      time += HOUR_MS;
      if (hourOf(now()) === 0) continue wrap;
    }

    while (!schedule.minutes.includes(minuteOf(now()))) {
      if (!added) time = Math.floor(time / MINUTE_MS) * MINUTE_MS;
      added = true;
      time += MINUTE_MS;
      if (minuteOf(now()) === 0) continue wrap;
    }

    while (now() % MINUTE_MS >= 1000) {
      added = true;
      time += 1000;
      if (now() % MINUTE_MS < 1000) continue wrap;
    }
    return time;
  }
  return undefined;
}

/** A month later by the clock; the 31st of a month that has 30 days is the 1st of the next one. */
function addMonth(wall: Date, clock: ZoneClock): number {
  const timeOfDay = wall.getTime() % DAY_MS;
  return clock.toUtc(Date.UTC(wall.getUTCFullYear(), wall.getUTCMonth() + 1, wall.getUTCDate()) + timeOfDay);
}

function hourOf(wall: number): number {
  return (wall % DAY_MS - wall % HOUR_MS) / HOUR_MS;
}

function minuteOf(wall: number): number {
  return (wall % HOUR_MS - wall % MINUTE_MS) / MINUTE_MS;
}
