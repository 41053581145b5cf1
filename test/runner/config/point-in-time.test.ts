import { describeAt, parseAt } from '../../../src/runner/config/point-in-time';

const now = new Date('2026-11-22T04:30:00Z');

test.each([
  ['2026-11-22T02:00:00Z', '2026-11-22T02:00:00.000Z'],
  ['2026-11-22 02:00z', '2026-11-22T02:00:00.000Z'],
  ['2026-11-22T02:00:00+01:00', '2026-11-22T01:00:00.000Z'],
  ['2026-11-22 02:00:00.5 -0530', '2026-11-22T07:30:00.500Z'],
])('%s is %s', (text, instant) => {
  expect(parseAt(text).toISOString()).toBe(instant);
});

test.each([
  ['2026-11-22T02:00:00', '--at 2026-11-22T02:00:00 does not say in which time zone: write 2026-11-22T02:00:00Z for UTC, or an offset, as in 2026-11-22T02:00:00+01:00'],
  ['2026-11-22 02:00', 'write 2026-11-22T02:00Z for UTC'],
  ['2026-11-22', '--at takes a time such as 2026-11-22T02:00:00Z, got "2026-11-22"'],
  ['yesterday', 'got "yesterday"'],
  ['2026-02-31T02:00:00Z', 'got "2026-02-31T02:00:00Z"'],
  ['2026-11-22T25:00:00Z', 'got "2026-11-22T25:00:00Z"'],
  ['2026-11-22T02:00:00 CET', 'got "2026-11-22T02:00:00 CET"'],
])('%s is refused', (text, message) => {
  expect(() => parseAt(text)).toThrow(message);
});

test.each([
  ['2026-11-22T02:00:00+01:00', '--at 2026-11-22T02:00:00+01:00 is 01:00:00 UTC (3 h 30 min ago)'],
  ['2026-11-20T02:00:00Z', '--at 2026-11-20T02:00:00Z is 2026-11-20 02:00:00 UTC (2 d 2 h ago)'],
  ['2026-11-22T05:30:00Z', '--at 2026-11-22T05:30:00Z is 05:30:00 UTC (in 1 h, so that no backup is left out)'],
])('%s is told as it was understood', (text, told) => {
  expect(describeAt(text, now)).toBe(told);
});
