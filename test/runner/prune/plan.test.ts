import * as fc from 'fast-check';
import { clocks, histories, policies, twoPolicies } from './_histories';
import { RetentionConfig, keepsForever } from '../../../src/contract/config';
import { backupId } from '../../../src/contract/layout';
import { Candidate, planRetention } from '../../../src/runner/prune/plan';

const NOTHING: RetentionConfig = {
  keepHours: null, keepLast: null, keepHourly: null, keepDaily: null, keepWeekly: null, keepMonthly: null, keepYearly: null, keepAtLeast: 1,
};

function backup(time: string, changes: Partial<Candidate> = {}): Candidate {
  const startedAt = new Date(time);
  return { id: backupId('app', startedAt), startedAt, doubt: null, verified: false, pinned: false, ...changes };
}

/** One backup at 02:00 for each of `count` nights up to `last`. */
function nights(last: string, count: number): Candidate[] {
  const end = Date.parse(`${last}T02:00:00Z`);
  return Array.from({ length: count }, (_, i) => backup(new Date(end - (count - 1 - i) * 86_400_000).toISOString()));
}

function kept(candidates: readonly Candidate[], policy: Partial<RetentionConfig>, now = new Date('2026-11-22T03:00:00Z')): string[] {
  return planRetention(candidates, { ...NOTHING, ...policy }, now).filter(({ keep }) => keep).map(({ id }) => id.slice(4));
}

describe('what each rule keeps', () => {
  test('7 days: what is younger, seen from the newest', () => {
    expect(kept(nights('2026-11-22', 30), { keepHours: 168 })).toEqual([
      '20261116_020000', '20261117_020000', '20261118_020000', '20261119_020000', '20261120_020000', '20261121_020000', '20261122_020000',
    ]);
  });

  test('the newest of each day, of each week from Monday, of each month and year', () => {
    const all = nights('2026-11-22', 500); // a Sunday
    expect(kept(all, { keepDaily: 3 })).toEqual(['20261120_020000', '20261121_020000', '20261122_020000']);
    expect(kept(all, { keepWeekly: 3 })).toEqual(['20261108_020000', '20261115_020000', '20261122_020000']);
    expect(kept(all, { keepMonthly: 3 })).toEqual(['20260930_020000', '20261031_020000', '20261122_020000']);
    expect(kept(all, { keepYearly: 3 })).toEqual(['20251231_020000', '20261122_020000']);
  });

  test('a week that lies in two years is one week', () => {
    const around = nights('2026-01-06', 10); // Monday is 29 December and 5 January
    expect(kept(around, { keepWeekly: 2 }, new Date('2026-01-06T03:00:00Z'))).toEqual(['20260104_020000', '20260106_020000']);
  });

  test('hours without a backup are not counted', () => {
    const some = ['2026-11-20T01:10:00Z', '2026-11-20T01:50:00Z', '2026-11-21T23:59:59Z', '2026-11-22T00:00:00Z'].map(time => backup(time));
    expect(kept(some, { keepHourly: 3 })).toEqual(['20261120_015000', '20261121_235959', '20261122_000000']);
  });
});

describe('what is kept whatever the rules say', () => {
  test('the floor, the newest that was read back, and what is pinned', () => {
    const all = nights('2026-11-22', 30).map((one, i) => ({ ...one, verified: i === 10, pinned: i === 3 }));
    expect(kept(all, { keepAtLeast: 3, keepLast: 1 })).toEqual([
      '20261027_020000', '20261103_020000', '20261120_020000', '20261121_020000', '20261122_020000',
    ]);
  });

  test('everything, while backups have stopped: nothing grows old', () => {
    const all = nights('2026-10-13', 7);
    expect(kept(all, { keepHours: 168, keepAtLeast: 3 }, new Date('2026-11-22T03:00:00Z'))).toHaveLength(7);
  });

  test('what is suspect does not count, and goes when enough good ones are newer', () => {
    const all = nights('2026-11-22', 6).map((one, i) => (i < 2 || i === 5 ? { ...one, doubt: 'suspect (it is empty)' } : one));
    expect(kept(all, { keepAtLeast: 3, keepLast: 3 })).toEqual(['20261119_020000', '20261120_020000', '20261121_020000', '20261122_020000']);
    expect(kept(all, { keepAtLeast: 4, keepLast: 4 })).toHaveLength(6);
  });
});

test('every decision has a reason that a person can check', () => {
  const [gone, suspect, ...others] = planRetention([
    backup('2026-11-01T02:00:00Z'),
    backup('2026-11-02T02:00:00Z', { doubt: 'suspect (it is empty)' }),
    backup('2026-11-20T02:00:00Z', { pinned: true }),
    backup('2026-11-21T02:00:00Z', { verified: true }),
    backup('2026-11-22T02:00:00Z'),
  ], { ...NOTHING, keepHours: 24, keepDaily: 2, keepAtLeast: 2 }, new Date('2026-11-22T03:00:00Z'));
  expect(gone).toEqual({ id: 'app_20261101_020000', keep: false, reason: '21 days older than the newest good one, and no rule keeps it' });
  expect(suspect).toEqual({ id: 'app_20261102_020000', keep: false, reason: 'suspect (it is empty); 20 days older than the newest good one, and no rule keeps it' });
  expect(others.map(({ reason }) => reason)).toEqual([
    'pinned',
    'the newest that was read back; one of the last 2, below which nothing goes; the newest of the day 2026-11-21',
    'the newest; one of the last 2, below which nothing goes; younger than 24 hours; the newest of the day 2026-11-22',
  ]);
});

test.each([
  [10, 'less than an hour'], [60, '1 hour'], [119, '1 hour'], [120, '2 hours'], [47 * 60, '47 hours'], [48 * 60, '2 days'],
])('of a backup that goes, the reason says how much older it is: %i minutes are %s', (minutes, age) => {
  const newest = backup('2026-11-22T02:00:00Z');
  const older = backup(new Date(newest.startedAt.getTime() - minutes * 60_000).toISOString());
  const [gone] = planRetention([older, newest], { ...NOTHING, keepLast: 1 }, new Date('2026-11-22T03:00:00Z'));
  expect(gone).toMatchObject({ keep: false, reason: `${age} older than the newest good one, and no rule keeps it` });
});

describe('for thousands of histories, policies and clocks', () => {
  const runs = { numRuns: 3000 };
  const ids = (history: readonly Candidate[], policy: RetentionConfig, now: Date) =>
    new Set(planRetention(history, policy, now).filter(({ keep }) => keep).map(({ id }) => id));
  /** One question a history: to ask jest about each backup takes ten times as long as to plan. */
  const lacking = (left: ReadonlySet<string>, wanted: readonly string[]) => wanted.filter(id => !left.has(id));

  test('the floor, the newest, the newest good one, the newest that was read back and what is pinned are kept', () => {
    fc.assert(fc.property(histories, policies, clocks, (history, policy, now) => {
      const left = ids(history, policy, now);
      const good = history.filter(({ doubt }) => doubt === null);
      const readBack = good.findLast(({ verified }) => verified);
      const must = [...good.slice(-policy.keepAtLeast), history.at(-1), readBack, ...history.filter(({ pinned }) => pinned)];
      expect(lacking(left, must.flatMap(one => one?.id ?? []))).toEqual([]);
      expect(good.filter(({ id }) => left.has(id)).length).toBeGreaterThanOrEqual(Math.min(good.length, policy.keepAtLeast));
    }), runs);
  });

  test('a longer policy never keeps less', () => {
    fc.assert(fc.property(histories, twoPolicies, clocks, (history, [shorter, longer], now) => {
      if (keepsForever(shorter)) return; // it keeps everything, which is more than any rule
      const left = ids(history, longer, now);
      expect(lacking(left, [...ids(history, shorter, now)])).toEqual([]);
    }), runs);
  });

  test('a policy without a rule keeps everything', () => {
    fc.assert(fc.property(histories, clocks, (history, now) => {
      expect(ids(history, NOTHING, now).size).toBe(history.length);
    }), runs);
  });

  test('what was kept is kept when asked again, and time alone removes nothing', () => {
    fc.assert(fc.property(histories, policies, clocks, clocks, (history, policy, now, later) => {
      const left = ids(history, policy, now);
      const first = history.filter(({ id }) => left.has(id));
      expect(lacking(ids(first, policy, now), first.filter(({ doubt }) => doubt === null).map(({ id }) => id))).toEqual([]);
      const newest = history.filter(({ doubt }) => doubt === null).at(-1)?.startedAt ?? later;
      if (later >= newest && now >= newest) expect([...ids(history, policy, later)]).toEqual([...left]);
    }), runs);
  });

  test('pruning after every backup ends with the same as pruning once in the end, where all are good', () => {
    fc.assert(fc.property(histories, policies, (history, policy) => {
      const clean = history.map(one => ({ ...one, doubt: null, verified: false }));
      let left: Candidate[] = [];
      for (const next of clean) {
        left = [...left, next];
        const keep = ids(left, policy, next.startedAt);
        left = left.filter(({ id }) => keep.has(id));
      }
      const once = ids(clean, policy, clean.at(-1)?.startedAt ?? new Date());
      expect(left.map(({ id }) => id)).toEqual([...once]);
    }), { numRuns: 1000 });
  });

  test('what is not good displaces nothing that is', () => {
    fc.assert(fc.property(histories, policies, clocks, (history, policy, now) => {
      const good = history.filter(({ doubt }) => doubt === null);
      const [withDoubts, without] = [ids(history, policy, now), ids(good, policy, now)];
      expect(lacking(withDoubts, good.map(({ id }) => id).filter(id => without.has(id)))).toEqual([]);
    }), runs);
  });

  test('every decision has a reason', () => {
    fc.assert(fc.property(histories, policies, clocks, (history, policy, now) => {
      expect(planRetention(history, policy, now).filter(({ reason }) => !/\S{3}/.test(reason))).toEqual([]);
    }), { numRuns: 300 });
  });
});
