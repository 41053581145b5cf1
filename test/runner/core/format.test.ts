import { formatAge, formatBytes, formatDay, formatSeconds, formatTime } from '../../../src/runner/core/format';

test.each([[0, '0 B'], [999, '999 B'], [1000, '1.00 kB'], [1_536_000, '1.54 MB'], [999_600, '1.00 MB'], [5e12, '5.00 TB']])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([[0, '0.0 s'], [9.94, '9.9 s'], [42, '42 s'], [185, '3 min 5 s'], [3600, '1 h'], [7800, '2 h 10 min'], [270_000, '3 d 3 h']])('%d seconds are %s', (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});

test('a day is that of UTC', () => {
  expect(formatDay(new Date('2026-05-02T23:59:59-05:00'))).toBe('2026-05-03');
});

const now = new Date('2026-05-02T08:12:30Z');

test.each([['2026-05-02T02:00:00Z', '02:00:00 UTC'], ['2026-05-02T00:30:00+02:00', '2026-05-01 22:30:00 UTC']])('%s is told as %s', (at, text) => {
  expect(formatTime(new Date(at), now)).toBe(text);
});

test.each([['2026-05-02T02:00:00Z', '6 h 12 min ago'], ['2026-05-02T08:12:25Z', 'just now'], ['2026-05-02T08:11:48Z', '42 s ago'], ['2026-05-02T09:12:30Z', 'in 1 h']])(
  '%s is told as %s', (at, text) => {
    expect(formatAge(new Date(at), now)).toBe(text);
  });
