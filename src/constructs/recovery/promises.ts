import { RetentionConfig } from '../../contract/config';

/*
 * What a retention promises, as arithmetic. The runner decides about single backups; here it is said what holds for all of them.
 */

/** What one rule promises: backups that are at most so far apart, each of which is there for so long. */
export interface Promised {
  /** In words: `age`, `12 monthly`. */
  readonly rule: string;
  /** A backup that this rule keeps is there for this long at least. */
  readonly lifetimeSeconds: number;
  /** From one backup that it keeps to the next one, at most. */
  readonly spacingSeconds: number;
}

const DAY = 86_400;

/** A calendar's periods: the shortest time that `count` whole ones take, and the longest that one takes. */
const PERIODS: readonly { field: keyof RetentionConfig; name: string; shortest: (count: number) => number; longest: number }[] = [
  { field: 'keepHourly', name: 'hourly', shortest: count => count * 3600, longest: 3600 },
  { field: 'keepDaily', name: 'daily', shortest: count => count * DAY, longest: DAY },
  { field: 'keepWeekly', name: 'weekly', shortest: count => count * 7 * DAY, longest: 7 * DAY },
  // No month is shorter than 28 days, and no row of months is 3 days shorter than its share of a year.
  { field: 'keepMonthly', name: 'monthly', shortest: count => Math.max(28 * count, Math.floor((365 * count) / 12) - 3) * DAY, longest: 31 * DAY },
  { field: 'keepYearly', name: 'yearly', shortest: count => 365 * count * DAY, longest: 366 * DAY },
];

/**
 * What each rule promises for backups that are made at least `shortest` and at most `longest` seconds apart. The first has the closest
 * backups. Not for a retention that keeps everything.
 */
export function promisesOf(retention: RetentionConfig, shortest: number, longest: number): Promised[] {
  const promised: Promised[] = [];
  if (retention.keepHours !== null) promised.push({ rule: 'age', lifetimeSeconds: retention.keepHours * 3600, spacingSeconds: longest });
  // The newest of them has just been made.
  const byNumber = Math.max(retention.keepLast ?? 0, retention.keepAtLeast);
  promised.push({
    rule: byNumber === retention.keepLast ? 'count' : 'keepAtLeast',
    lifetimeSeconds: (byNumber - 1) * shortest,
    spacingSeconds: longest,
  });
  for (const { field, name, shortest: shortestOf, longest: period } of PERIODS) {
    const count = retention[field];
    if (count === null) continue;
    promised.push({
      rule: `${count} ${name}`,
      // It goes when so many later periods have one: the first of those has just ended, and the last has just begun.
      lifetimeSeconds: Math.max(shortestOf(count - 1), (count - 1) * shortest),
      // From the end of a period to a backup that comes late at the end of the next one. Where runs are rarer, each is the newest of its own.
      spacingSeconds: shortest >= period ? longest : period + longest,
    });
  }
  return promised.sort((a, b) => a.spacingSeconds - b.spacingSeconds);
}

/** How far back from the newest the oldest backup is that a rule by period promises to keep, with the rule; none without such a rule. */
export function reachOfPeriods(retention: RetentionConfig, gap: number): { readonly rule: string; readonly seconds: number } | undefined {
  const reaches = PERIODS.flatMap(({ field, name, longest }) => {
    const count = retention[field];
    return count === null ? [] : [{ rule: `${count} ${name}`, seconds: count * Math.max(longest, gap) }];
  });
  return reaches.sort((a, b) => b.seconds - a.seconds)[0];
}

/** Rules by period whose periods are shorter than the time between two runs: each run is the newest of its own. */
export function sparseRules(retention: RetentionConfig, shortest: number): { readonly name: string; readonly count: number }[] {
  return PERIODS.flatMap(({ field, name, longest }) => {
    const count = retention[field];
    return count !== null && longest < shortest ? [{ name, count }] : [];
  });
}
