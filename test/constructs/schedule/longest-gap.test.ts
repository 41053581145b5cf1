import answers from './longest-gap.answers.json';
import { gapsOf } from '../../../src/constructs/schedule/longest-gap';

// What robfig/cron v3.0.1 (ParseStandard with TZ=, then Next again and again), which the CronJob controller is built on, said: the
// longest and the shortest time between two runs from 2026 to 2035, in seconds, and the run before the first longest one.
describe('answers as the controller does', () => {
  test.each(answers as [string, string, number, number, string][])('in %s to %j', (zone, expression, longestSeconds, shortestSeconds, from) => {
    const gaps = gapsOf(expression, zone);
    expect(gaps).toMatchObject({ longestSeconds, shortestSeconds });
    // From when the CronJob is made, so at no time of the calendar.
    if (!expression.startsWith('@every')) expect(gaps.longestFrom).toEqual(new Date(from));
  });
});

test('the gap of a nightly run that falls into the skipped hour is 47 hours', () => {
  const { longestFrom, longestTo } = gapsOf('0 2 * * *', 'Europe/Berlin');
  expect([longestFrom, longestTo].map(run => run!.toISOString())).toEqual(['2026-03-28T01:00:00.000Z', '2026-03-30T00:00:00.000Z']);
});

test('the second question costs nothing', () => {
  gapsOf('*/5 * * * *', 'America/Chicago');
  expect(gapsOf('*/5 * * * *', 'America/Chicago')).toBe(gapsOf('*/5 * * * *', 'America/Chicago'));
});

test('the second run of the hour that comes twice does not count where the first may still go on', () => {
  const gaps = (longestRunSeconds: number) => gapsOf('30 1 * * *', 'America/New_York', longestRunSeconds);
  expect(gaps(3600)).toMatchObject({ longestSeconds: 24 * 3600, shortestSeconds: 3600 });
  expect(gaps(3601)).toMatchObject({
    longestSeconds: 25 * 3600, longestFrom: new Date('2026-11-01T05:30:00Z'), longestTo: new Date('2026-11-02T06:30:00Z'),
  });
});
