import { retrievalSeconds } from '../../../src/constructs/recovery/retrieval-times';
import { nextRunInZone } from '../../../src/constructs/schedule/controller-clock';
import { parseSchedule } from '../../../src/constructs/schedule/schedule';
import { ZoneClock } from '../../../src/constructs/schedule/zone-clock';
import { keepsForever, RetentionConfig } from '../../../src/contract/config';
import { planRetention } from '../../../src/runner/prune/plan';
import { Dice } from '../../faults/_dice';

/*
 * A year of one backup: the controller's clock, runs that start late and take long, the prune at the end of each, and the bucket's
 * lifecycle. Nothing in here knows what synth has calculated.
 */

const HOUR = 3600;
const DAY = 24 * HOUR;

/** What a backup is told to do, in seconds. */
export interface Behaviour {
  readonly schedule: string;
  readonly timeZone: string;
  readonly startingDeadline: number;
  readonly deadline: number;
  readonly retention: RetentionConfig;
  /** Classes that objects move to, by their age in days. */
  readonly moves: readonly { readonly days: number; readonly storageClass: string }[];
  /** The age in days at which the bucket deletes; `null`: never. */
  readonly expiresAfterDays: number | null;
}

/** What was promised, in seconds. */
export interface Promised {
  readonly rpo: number;
  readonly rto: number;
  /** From the damage until somebody acts. */
  readonly notice: number;
  /** A restore without thawing. */
  readonly restore: number;
}

interface Run {
  /** The data are as of then, and the record has this time. */
  readonly start: number;
  /** The record is written then, and the prune runs. */
  readonly end: number;
  removed: number;
}

export const YEAR_START = Date.UTC(2026, 11, 1) / 1000;
export const YEAR_END = YEAR_START + 366 * DAY;

/** All runs of a year, each as late and as long as the dice say: mostly not at all, or as much as is allowed. */
export function runsOf({ schedule, timeZone, startingDeadline, deadline, retention }: Behaviour, dice: Dice): readonly Run[] {
  const runs: Run[] = [];
  const some = (most: number) => dice.oneOf([0, 0, most, most, Math.floor(most * dice.next())]);
  let free = 0;
  for (const ticks = ticksOf(schedule, timeZone); ticks.length > 0;) {
    const tick = ticks.shift()!;
    // Forbid: a run waits for the one before it, and of those that are due the controller takes the last.
    if (free > tick && ticks.length > 0 && ticks[0]! <= free) continue;
    const start = Math.max(tick + some(startingDeadline), free);
    if (start > tick + startingDeadline) continue;
    const end = start + Math.max(1, some(deadline));
    free = end;
    runs.push({ start, end, removed: Infinity });
    prune(runs, retention, end);
  }
  return runs;
}

/** Ticks of a schedule within the year. */
function ticksOf(expression: string, timeZone: string): number[] {
  const schedule = parseSchedule(expression);
  if (schedule.kind === 'interval') throw new Error('only schedules of the calendar');
  const clock = new ZoneClock(timeZone, YEAR_START * 1000 - 7 * DAY * 1000, YEAR_END * 1000 + 7 * DAY * 1000);
  const ticks: number[] = [];
  for (let at = YEAR_START * 1000; ;) {
    const next = nextRunInZone(schedule, clock, at);
    if (next === undefined || next > YEAR_END * 1000) return ticks;
    ticks.push(next / 1000);
    at = next;
  }
}

function prune(runs: readonly Run[], retention: RetentionConfig, now: number): void {
  if (keepsForever(retention)) return;
  const there = runs.filter(({ removed }) => removed === Infinity);
  const newest = there.at(-1);
  const candidates = there.map((run, i) => ({
    id: String(i), startedAt: new Date(run.start * 1000), doubt: null, verified: run === newest, pinned: false,
  }));
  for (const { id, keep } of planRetention(candidates, retention, new Date(now * 1000))) {
    if (!keep) there[Number(id)]!.removed = now;
  }
}

/** What does not hold of the promises at some moment of the year, in words; nothing if all of them do. */
export function brokenPromise(behaviour: Behaviour, promise: Promised, dice: Dice): string | undefined {
  const runs = runsOf(behaviour, dice);
  // The worst moments are just before a run begins or ends. It takes some time until there is as much as there will be.
  const settled = YEAR_START + 2 * promise.notice + promise.rpo + DAY;
  const moments = runs.flatMap(({ start, end }) => [start - 1, start, end - 1, end])
    .filter(at => at >= settled && at + promise.notice < YEAR_END - 40 * DAY);
  for (const damage of moments) {
    const newest = runs.findLast(({ end }) => end <= damage);
    if (!newest || damage - newest.start > promise.rpo) return `the newest backup is ${newest && damage - newest.start} s old at ${iso(damage)}`;
    const acts = damage + promise.notice;
    const usable = runs.findLast(run => run.start <= damage && run.end <= acts && run.removed > acts && !expired(behaviour, run, acts));
    if (!usable) return `nothing from before the damage of ${iso(damage)} is left at ${iso(acts)}`;
    if (damage - usable.start > promise.rpo) return `the newest backup from before the damage of ${iso(damage)} that is left at ${iso(acts)} is ${damage - usable.start} s older than it`;
    const takes = thaw(behaviour, usable, acts) + promise.restore;
    if (takes > promise.rto) return `the restore at ${iso(acts)} takes ${takes} s`;
  }
  return undefined;
}

// Objects are as old as their upload, which begins with the run.
function expired({ expiresAfterDays }: Behaviour, { start }: Run, at: number): boolean {
  return expiresAfterDays !== null && at >= start + expiresAfterDays * DAY;
}

function thaw({ moves }: Behaviour, { start }: Run, at: number): number {
  const storageClass = [...moves].sort((a, b) => a.days - b.days).findLast(({ days }) => at >= start + days * DAY)?.storageClass;
  return storageClass === undefined ? 0 : retrievalSeconds(storageClass);
}

function iso(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
