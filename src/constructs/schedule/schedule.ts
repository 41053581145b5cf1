/*
 * Cron expressions, read exactly as the CronJob controller reads them: with the standard parser of robfig/cron v3.
 *
 *   minute hour day-of-month month day-of-week, or one of @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually,
 *   or @every DURATION
 *
 * A field is a comma-separated list of `*`, `?`, N, N-M, each with an optional /STEP; N/STEP means N-MAX/STEP. Months and days of
 * the week have English names of three letters. Sunday is 0, and only 0. If neither day field has a star, a day that either
 * matches will do; a step above 1 takes the star away.
 */

interface FieldSpec {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly names: readonly string[];
}

const MINUTE: FieldSpec = { name: 'minute', min: 0, max: 59, names: [] };
const HOUR: FieldSpec = { name: 'hour', min: 0, max: 23, names: [] };
const DAY: FieldSpec = { name: 'day of the month', min: 1, max: 31, names: [] };
const MONTH: FieldSpec = {
  name: 'month', min: 1, max: 12, names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
};
const WEEKDAY: FieldSpec = { name: 'day of the week', min: 0, max: 6, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] };

/** Runs at fixed times of the calendar. Every list is in ascending order and may be empty. */
export interface CalendarSchedule {
  readonly kind: 'calendar';
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly days: readonly number[];
  readonly months: readonly number[];
  /** 0 is Sunday. */
  readonly weekdays: readonly number[];
  /** Whether a day must be in both `days` and `weekdays`, or in one of them. */
  readonly bothDays: boolean;
}

/** Runs again and again after a fixed time, counted from when the CronJob was made. */
export interface IntervalSchedule {
  readonly kind: 'interval';
  readonly seconds: number;
}

export type Schedule = CalendarSchedule | IntervalSchedule;

/** Years after which the controller gives up looking for the next run. */
const HORIZON_YEARS = 5;

const MACROS: { readonly [macro: string]: string } = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/**
 * Reads a cron expression.
 *
 * @throws Error that says what is wrong with which field, without naming the property that it came from
 */
export function parseSchedule(expression: string): Schedule {
  // The API server refuses the two letters anywhere, even where the parser would read past them.
  if (expression.includes('TZ')) throw new Error('it sets a time zone: use the property \'timeZone\' instead');
  if (expression.startsWith('@every ')) return { kind: 'interval', seconds: parseInterval(expression.slice('@every '.length)) };
  if (expression.startsWith('@')) {
    const macro = Object.hasOwn(MACROS, expression) ? MACROS[expression] : undefined;
    if (macro === undefined) throw new Error(`there is no ${JSON.stringify(expression)}, only ${Object.keys(MACROS).join(', ')} and @every`);
    return parseSchedule(macro);
  }

  const fields = expression.split(GO_SPACE).filter(field => field !== '');
  if (fields.length !== 5) {
    throw new Error(`it has ${fields.length} fields instead of the five "minute hour day month weekday"; Kubernetes knows no seconds and no years`);
  }
  const [minute, hour, day, month, weekday] = [MINUTE, HOUR, DAY, MONTH, WEEKDAY].map((spec, i) => parseField(fields[i], spec));
  return {
    kind: 'calendar',
    minutes: minute.values,
    hours: hour.values,
    days: day.values,
    months: month.values,
    weekdays: weekday.values,
    bothDays: day.star || weekday.star,
  };
}

// What Go's strings.Fields splits at; JavaScript's \s differs in two characters.
const GO_SPACE = /[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;

function parseField(text: string, spec: FieldSpec): { readonly values: readonly number[]; readonly star: boolean } {
  const values = new Set<number>();
  let star = false;
  for (const item of text.split(',').filter(range => range !== '')) {
    const range = parseRange(item, spec);
    for (let value = range.start; value <= range.end; value += range.step) values.add(value);
    star ||= range.star;
  }
  return { values: [...values].sort((a, b) => a - b), star };
}

function parseRange(item: string, spec: FieldSpec) {
  const [range, stepText, ...moreSteps] = item.split('/');
  const [low, high, ...moreBounds] = range.split('-');
  const any = low === '*' || low === '?';
  if (!any && moreBounds.length > 0) throw new Error(`${spec.name} ${JSON.stringify(item)} has too many hyphens`);
  if (moreSteps.length > 0) throw new Error(`${spec.name} ${JSON.stringify(item)} has too many slashes`);

  // Whatever follows the hyphen of "*-" is not looked at, but it keeps "N/STEP" from meaning "N-MAX/STEP".
  const start = any ? spec.min : parseValue(low, spec);
  let end = any ? spec.max : high === undefined ? start : parseValue(high, spec);
  let step = 1;
  if (stepText !== undefined) {
    step = parseInteger(stepText, `step of ${spec.name}`);
    if (step === 0) throw new Error(`step of ${spec.name} ${JSON.stringify(item)} is 0, must be at least 1`);
    if (high === undefined) end = spec.max;
  }
  for (const value of [start, end]) {
    if (value < spec.min || value > spec.max) {
      throw new Error(`${spec.name} ${value} is not from ${spec.min} to ${spec.max}${spec === WEEKDAY && value === 7 ? ': Sunday is 0' : ''}`);
    }
  }
  if (start > end) throw new Error(`${spec.name} ${JSON.stringify(item)} is reversed: write the smaller bound first, or two ranges with a comma`);
  return { start, end, step, star: any && step === 1 };
}

function parseValue(text: string, spec: FieldSpec): number {
  const index = spec.names.indexOf(text.toLowerCase());
  return index >= 0 ? index + spec.min : parseInteger(text, spec.name);
}

function parseInteger(text: string, what: string): number {
  // Go's Atoi: a sign is fine, and so are leading zeros; the value must fit into 64 bits.
  if (!/^[+-]?[0-9]+$/.test(text)) throw new Error(`${what} ${JSON.stringify(text)} is not a number`);
  const value = BigInt(text.replace('+', ''));
  if (value < 0n) throw new Error(`${what} ${text} is negative`);
  if (value > 0x7fffffffffffffffn) throw new Error(`${what} ${text} is too large`);
  return Number(value);
}

const UNIT_SECONDS: { readonly [unit: string]: number } = { ns: 1e-9, us: 1e-6, µs: 1e-6, μs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };

/** Go's ParseDuration, then rounded down to seconds, at least one, as cron.Every does it. */
function parseInterval(text: string): number {
  const unsigned = text.replace(/^[+-]/, '');
  const parts = [...unsigned.matchAll(/([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)/g)];
  const whole = parts.map(part => part[0]).join('') === unsigned && unsigned !== '';
  if (!whole && unsigned !== '0') throw new Error(`"@every ${text}" has no duration such as "1h30m"`);
  const seconds = parts.reduce((sum, [, count, unit]) => sum + Number(count) * UNIT_SECONDS[unit], 0);
  if (seconds > 9_223_372_036.854_776) throw new Error(`"@every ${text}" is longer than 292 years`);
  return text.startsWith('-') ? 1 : Math.max(1, Math.floor(seconds));
}

const DAY_MS = 24 * 3600 * 1000;

/** The first run after `after`, in UTC; `undefined` if there is none within the years that the controller looks ahead. */
export function nextRun(schedule: Schedule, after: Date): Date | undefined {
  if (schedule.kind === 'interval') return new Date(Math.floor(after.getTime() / 1000 + schedule.seconds) * 1000);
  const times = timesOfDay(schedule);
  const lastYear = after.getUTCFullYear() + HORIZON_YEARS;
  for (let day = Math.floor(after.getTime() / DAY_MS) * DAY_MS; new Date(day).getUTCFullYear() <= lastYear; day += DAY_MS) {
    if (!runsOnDay(schedule, new Date(day))) continue;
    const time = times.find(minutes => day + minutes * 60_000 > after.getTime());
    if (time !== undefined) return new Date(day + time * 60_000);
  }
  return undefined;
}

/** Whether there is no time at all at which the schedule runs. */
export function neverRuns(schedule: Schedule): boolean {
  return shortestIntervalSeconds(schedule) === undefined;
}

/**
 * The shortest time from one run to the next, by the calendar: a clock that is put forward makes it an hour less.
 * `undefined` if there are no runs.
 */
export function shortestIntervalSeconds(schedule: Schedule): number | undefined {
  if (schedule.kind === 'interval') return schedule.seconds;
  const times = timesOfDay(schedule);
  const days = shortestDistanceInDays(schedule);
  if (times.length === 0 || days === undefined) return undefined;
  const withinADay = times.slice(1).map((time, i) => time - times[i]);
  const toTheNextDay = days * 24 * 60 - times[times.length - 1] + times[0];
  return Math.min(...withinADay, toTheNextDay) * 60;
}

/** Minutes since midnight of the runs on a day that matches. */
export function timesOfDay(schedule: CalendarSchedule): number[] {
  return schedule.hours.flatMap(hour => schedule.minutes.map(minute => hour * 60 + minute));
}

/** Whether there are runs on the day of `date`, seen in UTC. */
export function runsOnDay(schedule: CalendarSchedule, date: Date): boolean {
  if (!schedule.months.includes(date.getUTCMonth() + 1)) return false;
  const day = schedule.days.includes(date.getUTCDate());
  const weekday = schedule.weekdays.includes(date.getUTCDay());
  return schedule.bothDays ? day && weekday : day || weekday;
}

function shortestDistanceInDays(schedule: CalendarSchedule): number | undefined {
  // Within 28 years every date meets every weekday; the 29 February of one more cycle closes the circle.
  let shortest: number | undefined;
  let previous: number | undefined;
  for (let day = Date.UTC(2001, 0, 1); day < Date.UTC(2033, 0, 1); day += DAY_MS) {
    if (!runsOnDay(schedule, new Date(day))) continue;
    if (previous !== undefined) shortest = Math.min(shortest ?? Infinity, (day - previous) / DAY_MS);
    if (shortest === 1) break;
    previous = day;
  }
  return shortest;
}
