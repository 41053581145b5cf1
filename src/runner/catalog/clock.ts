import { BackupRecord } from '../../contract/record';
import { Store } from '../store-api/store';

/*
 * What time it is, as far as anybody can say who looks at stores. Names and times of backups follow the clock of the machine that took them:
 * one that was ahead leaves what stays the newest for as long. So nothing counts that is from later than now, by the clock of the store where it
 * has one. A directory has none: there it is the clock of whoever looks.
 */

/** Clocks differ a little, and stores tell theirs to the second. */
const TOLERANCE_MS = 60_000;

export interface Clock {
  /** Beyond the clock of this machine. */
  readonly offsetMs: number;
  /** For messages: `the clock of offsite`. */
  readonly whose: string;
}

/** That something says it is from later than it can be. */
export interface Ahead {
  /** What it says. */
  readonly time: Date;
  /** What the clock said. */
  readonly at: Date;
  readonly whose: string;
  /** Whether that is when it was stored; otherwise it is now. */
  readonly whenStored: boolean;
}

/** The clock of that store which is furthest on, so that one that is behind takes no good backup for one from the future. */
export function clockOf(stores: readonly Store[]): Clock {
  const clocks = stores.flatMap(({ name, clockOffsetMs }) => clockOffsetMs === undefined ? [] : [{ offsetMs: clockOffsetMs, whose: `the clock of ${name}` }]);
  return clocks.sort((a, b) => b.offsetMs - a.offsetMs)[0] ?? { offsetMs: 0, whose: 'the clock here' };
}

/** Whether an instant has not come yet. */
export function isAhead(instant: string | Date, { offsetMs }: Clock, now: number = Date.now()): boolean {
  return new Date(instant).getTime() > now + offsetMs + TOLERANCE_MS;
}

/**
 * Whether a backup says that it is from later than now, or from later than it was stored.
 *
 * @param storedAt by the clocks of stores that have one
 */
export function aheadOf(
  { startedAt, finishedAt }: BackupRecord, clock: Clock, storedAt: readonly { readonly at: Date; readonly whose: string }[],
): Ahead | null {
  const time = new Date(Math.max(Date.parse(startedAt), Date.parse(finishedAt)));
  if (isAhead(time, clock)) return { time, at: new Date(Date.now() + clock.offsetMs), whose: clock.whose, whenStored: false };
  const early = storedAt.find(({ at }) => time.getTime() > at.getTime() + TOLERANCE_MS);
  return early ? { time, ...early, whenStored: true } : null;
}

/** In words. */
export function describeAhead({ time, at, whose, whenStored }: Ahead): string {
  return `from the future: it says ${time.toISOString()}, and by ${whose} ${whenStored ? 'it was stored at' : 'it is'} ${at.toISOString()}`;
}
