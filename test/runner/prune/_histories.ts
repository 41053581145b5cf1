import * as fc from 'fast-check';
import { RetentionConfig } from '../../../src/contract/config';
import { backupId } from '../../../src/contract/layout';
import { Candidate } from '../../../src/runner/prune/plan';

/* Random histories of backups and random policies, as retention meets them in ten years of operation and in none. */

const HOUR_MS = 3_600_000;
const START = Date.UTC(2024, 0, 1);

const quality = fc.record({
  doubt: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.constantFrom('suspect (it is empty)', 'damaged (a digest)') }),
  verified: fc.boolean(),
  pinned: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});

/** Gaps in seconds: minutes, nights, and pauses of months. */
const gap = fc.oneof(fc.integer({ min: 1, max: 7200 }), fc.integer({ min: 20 * 3600, max: 28 * 3600 }), fc.integer({ min: 3600, max: 100 * 86_400 }));

/** Oldest first. */
export const histories: fc.Arbitrary<Candidate[]> = fc.array(fc.tuple(gap, quality), { maxLength: 60 }).map(steps => {
  let at = START;
  return steps.map(([seconds, facts]) => {
    at += seconds * 1000;
    return { id: backupId('app', new Date(at)), startedAt: new Date(at), ...facts, verified: facts.verified && facts.doubt === null };
  });
});

/** Some time during the history, or long after it. */
export const clocks: fc.Arbitrary<Date> = fc.integer({ min: 0, max: 20 * 365 * 24 }).map(hours => new Date(START + hours * HOUR_MS));

const rule = (max: number) => fc.option(fc.integer({ min: 1, max }), { nil: null });

export const policies: fc.Arbitrary<RetentionConfig> = fc.record({
  keepHours: rule(24 * 400),
  keepLast: rule(40),
  keepHourly: rule(72),
  keepDaily: rule(60),
  keepWeekly: rule(30),
  keepMonthly: rule(24),
  keepYearly: rule(10),
  keepAtLeast: fc.integer({ min: 1, max: 6 }),
});

/** A policy, and one that is longer in every respect. */
export const twoPolicies: fc.Arbitrary<readonly [RetentionConfig, RetentionConfig]> = fc.tuple(policies, policies).map(([a, b]) => {
  const longer = (x: number | null, y: number | null) => (x === null ? y : y === null ? x : Math.max(x, y));
  const fields = Object.keys(a) as (keyof RetentionConfig)[];
  return [a, Object.fromEntries(fields.map(field => [field, longer(a[field], b[field])])) as unknown as RetentionConfig];
});
