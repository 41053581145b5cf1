import { monotonicMs } from '../core/monotonic';

/** From here on the times in records and those of a service contradict each other visibly. The services themselves refuse 15 minutes. */
const CLOCK_WARNING_MS = 60_000;

/**
 * A service's clock, by its last answer. From there on its time is taken from the machine's uptime, which nobody can set and which goes on
 * while a laptop sleeps.
 */
export class ServiceClock {
  /** Beyond the clock of this machine; `undefined` before the first answer. */
  public offsetMs: number | undefined;
  private startedMs: number | undefined; // when this machine did, by the service's clock

  /** @param date that an answer has in its header */
  public read(date: string | null | undefined): void {
    const time = Date.parse(date ?? '');
    if (Number.isNaN(time)) return;
    this.offsetMs = time - Date.now();
    this.startedMs = time - monotonicMs();
  }

  /** What is to be added to the clock of this machine now; `undefined` before the first answer. */
  public get nowOffsetMs(): number | undefined {
    return this.startedMs === undefined ? undefined : this.startedMs + monotonicMs() - Date.now();
  }
}

/** In words, how far the server's clock is from ours. */
export function clockDifference(offsetMs: number): string {
  const minutes = Math.round(Math.abs(offsetMs) / 6000) / 10;
  return `the clock here and the clock of the server differ: the server's is ${minutes} minutes ${offsetMs > 0 ? 'ahead' : 'behind'}`;
}

/** A sentence about a clock that is off so far that it is seen in records; `undefined` where it is not. */
export function clockWarning({ name, location }: { readonly name: string; readonly location: string }, offsetMs: number): string | undefined {
  if (Math.abs(offsetMs) < CLOCK_WARNING_MS) return undefined;
  return `${name} (${location}): ${clockDifference(offsetMs)}; names and times of backups follow the clock here: set both by NTP`;
}
