import { Duration } from 'cdk8s';
import { cadenceFor, GivenDeadlines, TimeOfDay } from '../../../src/constructs/plan/cadence';
import { gapsOf } from '../../../src/constructs/schedule/longest-gap';

const TIME = new TimeOfDay('shop db');

function cadence(rpoMinutes: number, given: GivenDeadlines = {}) {
  const { schedule, startingDeadline, activeDeadline } = cadenceFor(Duration.minutes(rpoMinutes), TIME, given);
  return { schedule: schedule.expressionString, starting: startingDeadline.toMinutes(), deadline: activeDeadline.toMinutes() };
}

test('a day between two runs is for an RPO of 27 hours: one for a late start, two for the run', () => {
  const { schedule, starting, deadline } = cadence(27 * 60);
  expect(schedule).toMatch(/^\d+ \d \* \* \*$/);
  expect([starting, deadline]).toEqual([60, 120]);
});

test.each([
  [17, /^\d+,\d+,\d+,\d+ \* /], [40, /^\d+,\d+ \* /], [70, /^\d+ \* /], [6 * 60, /^\d+ \d,\d,\d+,\d+,\d+,\d+ /], [26 * 60, /^\d+ \d,\d+ /], [7 * 24 * 60, /^\d+ \d \* \* \*$/],
])('an RPO of %d minutes is held by the rarest runs that can hold it', (rpo, expression) => {
  expect(cadence(rpo).schedule).toMatch(expression);
});

test('whatever is promised, the newest backup is never older, and no run swallows the next', () => {
  for (let rpo = 17; rpo < 40 * 60; rpo += 13) {
    const { schedule, starting, deadline } = cadence(rpo);
    const { longestSeconds, shortestSeconds } = gapsOf(schedule, 'Etc/UTC', deadline * 60);
    expect([rpo, longestSeconds / 60 + starting + deadline <= rpo]).toEqual([rpo, true]);
    expect([rpo, Math.max(starting, deadline) <= shortestSeconds / 60]).toEqual([rpo, true]);
  }
});

test('deadlines that are given count, and make runs more frequent where they have to', () => {
  expect(cadence(27 * 60, { activeDeadline: Duration.minutes(30) })).toMatchObject({ deadline: 30, starting: 150 });
  const more = cadence(27 * 60, { activeDeadline: Duration.hours(4) });
  expect(more).toMatchObject({ deadline: 240 });
  expect(more.schedule).toMatch(/^\d+ \d,\d+ /);
});

test('what no schedule holds is refused, with what does it instead', () => {
  expect(() => cadence(16)).toThrow('\'rpo\' must be at least 17 minutes, got 16 minutes: no schedule holds less; that takes replication');
  expect(() => cadence(60, { activeDeadline: Duration.hours(1) })).toThrow('and the deadlines that are given');
});

test('a fleet does not start at once, and a name keeps its time', () => {
  const minutes = Array.from({ length: 200 }, (_, i) => new TimeOfDay(`namespace-${i} db`).minute);
  expect(new Set(minutes).size).toBeGreaterThan(45);
  expect(new TimeOfDay('shop db')).toEqual(TIME);
});
