import { keepsForever, RetentionConfig } from '../../contract/config';

/*
 * Which backups of one store are kept. Nothing but arithmetic: no clock, no store.
 *
 * Age counts back from the newest good backup and not from the clock: when backups stop, nothing grows old, and a prune that runs
 * all the same removes nothing. A clock that is ahead can't make everything old either.
 */

/** One backup in one store, as far as retention is concerned. */
export interface Candidate {
  readonly id: string;
  readonly startedAt: Date;
  /** Why it counts for nothing, and must not displace a good one: suspect, incomplete, damaged; `null` for a good one. */
  readonly doubt: string | null;
  /** Whether this copy was read back, the last time without a fault. */
  readonly verified: boolean;
  readonly pinned: boolean;
}

export interface Decision {
  readonly id: string;
  readonly keep: boolean;
  /** For people: all that keeps it, or why nothing does. */
  readonly reason: string;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What a rule by period counts, and how it calls the period of a time. */
const PERIODS = [
  { field: 'keepHourly', unit: 'hour', of: (at: Date) => `${at.toISOString().slice(0, 13)}h` },
  { field: 'keepDaily', unit: 'day', of: (at: Date) => at.toISOString().slice(0, 10) },
  { field: 'keepWeekly', unit: 'week', of: (at: Date) => `from ${mondayOf(at)}` },
  { field: 'keepMonthly', unit: 'month', of: (at: Date) => at.toISOString().slice(0, 7) },
  { field: 'keepYearly', unit: 'year', of: (at: Date) => at.toISOString().slice(0, 4) },
] as const;

/**
 * Decides for every backup of one store. Each rule keeps what it keeps, whatever the others do, so a longer policy never keeps less.
 *
 * @param candidates in any order; their ids differ
 * @returns in the order of the candidates
 */
export function planRetention(candidates: readonly Candidate[], policy: RetentionConfig, now: Date): Decision[] {
  const newestFirst = [...candidates].sort((a, b) => b.startedAt.getTime() - a.startedAt.getTime() || (a.id < b.id ? 1 : -1));
  const good = newestFirst.filter(({ doubt }) => doubt === null);
  const reasons = new Map<string, string[]>(candidates.map(({ id }) => [id, []]));
  const keep = (candidate: Candidate | undefined, reason: string) => candidate && reasons.get(candidate.id)!.push(reason);
  const reference = Math.min(now.getTime(), good[0]?.startedAt.getTime() ?? -Infinity);
  const ageOf = ({ startedAt }: Candidate) => reference - startedAt.getTime();
  const keepMs = (policy.keepHours ?? 0) * HOUR_MS;

  keep(newestFirst[0], 'the newest');
  const readBack = good.find(({ verified }) => verified);
  if (good[0] !== newestFirst[0]) keep(good[0], 'the newest good one');
  if (readBack !== newestFirst[0]) keep(readBack, 'the newest that was read back');
  for (const candidate of good.slice(0, policy.keepAtLeast)) keep(candidate, `one of the last ${policy.keepAtLeast}, below which nothing goes`);
  for (const candidate of good.slice(0, policy.keepLast ?? 0)) keep(candidate, `one of the newest ${policy.keepLast}`);
  for (const candidate of good.filter(one => ageOf(one) < keepMs)) keep(candidate, `younger than ${showHours(policy.keepHours!)}`);
  for (const { field, unit, of } of PERIODS) {
    const seen = new Set<string>();
    for (const candidate of good) {
      const period = of(candidate.startedAt);
      if (seen.has(period)) continue;
      if (seen.add(period).size > (policy[field] ?? 0)) break;
      keep(candidate, `the newest of the ${unit} ${period}`);
    }
  }
  // What is in doubt is worth a look while it is young, and until there is something better.
  const enough = Math.max(policy.keepAtLeast, policy.keepLast ?? 0);
  for (const candidate of newestFirst.filter(({ doubt }) => doubt !== null)) {
    const newer = good.filter(({ startedAt }) => startedAt > candidate.startedAt).length;
    if (newer < enough) keep(candidate, `${candidate.doubt}: not counted, and kept until ${enough} good ones are newer`);
    else if (ageOf(candidate) < keepMs) keep(candidate, `${candidate.doubt}: not counted, but younger than ${showHours(policy.keepHours!)}`);
  }
  for (const candidate of candidates) {
    if (candidate.pinned) keep(candidate, 'pinned');
    if (keepsForever(policy)) keep(candidate, 'nothing is ever removed');
  }

  return candidates.map(candidate => {
    const { id, doubt } = candidate;
    const all = reasons.get(id)!;
    const age = `${showHours(Math.floor(ageOf(candidate) / HOUR_MS))} older than the newest good one`;
    return { id, keep: all.length > 0, reason: all.join('; ') || `${doubt === null ? '' : `${doubt}; `}${age}, and no rule keeps it` };
  });
}

function mondayOf(at: Date): string {
  const day = (at.getUTCDay() + 6) % 7;
  return new Date(at.getTime() - day * DAY_MS).toISOString().slice(0, 10);
}

function showHours(hours: number): string {
  if (hours < 1) return 'less than an hour';
  if (hours < 48) return hours === 1 ? '1 hour' : `${hours} hours`;
  return `${Math.floor(hours / 24)} days`;
}
