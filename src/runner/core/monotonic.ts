import { uptime } from 'node:os';

/** For how long something takes: milliseconds of a clock that nobody sets, and that goes on while a laptop sleeps. */
export function monotonicMs(): number {
  return uptime() * 1000;
}
