import fc from 'fast-check';
import answers from './schedule.answers.json';
import { neverRuns, nextRun, parseSchedule, shortestIntervalSeconds } from '../../../src/constructs/schedule/schedule';

// What robfig/cron v3.0.1 (ParseStandard, Next), which the CronJob controller is built on, said about each expression: the next
// runs after START, or null where it or the API server refuses.
const START = new Date('2026-11-22T09:41:07Z');

describe('answers as the controller does', () => {
  test.each(answers as [string, string[] | null][])('to %j', (expression, runs) => {
    expect(runsOf(expression, 3)).toEqual(runs);
  });
});

function runsOf(expression: string, count: number): string[] | null {
  let schedule;
  try {
    schedule = parseSchedule(expression);
  } catch {
    return null;
  }
  const runs: string[] = [];
  for (let run = nextRun(schedule, START); run && runs.length < count; run = nextRun(schedule, run)) {
    runs.push(run.toISOString().replace('.000Z', 'Z'));
  }
  return runs;
}

describe('the shortest interval', () => {
  test.each([
    ['* * * * *', 60],
    ['*/7 * * * *', 4 * 60], // from :56 to :00
    ['0 * * * *', 3600],
    ['0 2 * * *', 86_400],
    ['0 2,3 * * *', 3600],
    ['30 23,1 * * *', 2 * 3600],
    ['0 0,22 * * 1', 22 * 3600], // on Mondays only, so not two hours
    ['0 0,22 * * *', 2 * 3600],
    ['0 0 1 * *', 28 * 86_400],
    ['0 0 29 2 *', 1461 * 86_400],
    ['0 0 31 1 *', 365 * 86_400],
    ['0 0 13 * 5', 86_400], // the 13th on a Thursday, then Friday
    ['0 0 1 1 *', 365 * 86_400],
    ['@every 90m', 5400],
  ])('of %s is %d s', (expression, seconds) => {
    expect(shortestIntervalSeconds(parseSchedule(expression))).toBe(seconds);
  });

  test('is never longer than the time between two runs', () => {
    const field = (min: number, max: number) => fc.oneof(fc.constant('*'), fc.integer({ min, max }).map(String),
      fc.integer({ min: 1, max }).map(step => `*/${step}`), fc.tuple(fc.integer({ min, max }), fc.integer({ min, max })).map(pair => pair.join(',')));
    const expression = fc.tuple(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6)).map(fields => fields.join(' '));
    fc.assert(fc.property(expression, text => {
      const schedule = parseSchedule(text);
      const first = nextRun(schedule, START)!;
      const second = nextRun(schedule, first)!;
      expect((second.getTime() - first.getTime()) / 1000).toBeGreaterThanOrEqual(shortestIntervalSeconds(schedule)!);
    }), { numRuns: 100 });
  });
});

test.each(['0 2 30 2 *', '0 2 31 2,4,6,9,11 *', ', 2 * * *', '0 2 , * *'])('%s never runs', expression => {
  expect(neverRuns(parseSchedule(expression))).toBe(true);
});

test.each(['0 2 29 2 *', '0 2 30 2 1', '@hourly', '@every 1h'])('%s does run', expression => {
  expect(neverRuns(parseSchedule(expression))).toBe(false);
});

test.each([
  ['99 2 * * *', 'minute 99 is not from 0 to 59'],
  ['0 zz * * *', 'hour "zz" is not a number'],
  ['*/0 * * * *', 'step of minute "*/0" is 0, must be at least 1'],
  ['20-10 * * * *', 'minute "20-10" is reversed'],
  ['0 2 * * 7', 'day of the week 7 is not from 0 to 6: Sunday is 0'],
  ['0 0 2 * * *', 'it has 6 fields instead of the five "minute hour day month weekday"; Kubernetes knows no seconds'],
  ['1-2-3 * * * *', 'minute "1-2-3" has too many hyphens'],
  ['*/5/5 * * * *', 'minute "*/5/5" has too many slashes'],
  ['*/-5 * * * *', 'step of minute -5 is negative'],
  ['TZ=UTC 0 2 * * *', 'it sets a time zone: use the property \'timeZone\' instead'],
  ['@nightly', 'there is no "@nightly", only @yearly'],
  ['@every day', '"@every day" has no duration such as "1h30m"'],
])('fails on %s', (expression, message) => {
  expect(() => parseSchedule(expression)).toThrow(message);
});
