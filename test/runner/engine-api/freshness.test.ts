import { checkFreshness, timeOf } from '../../../src/runner/engine-api/freshness';
import { aRecord } from '../_fixtures';

test.each([
  ['a text without a zone, which is UTC', '2026-11-22 02:00:00', '2026-11-22T02:00:00.000Z'],
  ['a text with fractions', '2026-11-22T02:00:00.25', '2026-11-22T02:00:00.250Z'],
  ['a text in UTC', '2026-11-22T02:00:00Z', '2026-11-22T02:00:00.000Z'],
  ['a text with an offset', '2026-11-22 03:00:00+01:00', '2026-11-22T02:00:00.000Z'],
  ['a day', '2026-11-22', '2026-11-22T00:00:00.000Z'],
  ['seconds', 1_795_312_800, '2026-11-22T02:00:00.000Z'],
  ['milliseconds', 1_795_312_800_000, '2026-11-22T02:00:00.000Z'],
])('a time in SQLite: %s', (_case, value, iso) => {
  expect(timeOf(value)?.toISOString()).toBe(iso);
});

test.each(['soon', '', '22.11.2026', '2026-13-40', true, null, Infinity])('no time: %p', value => {
  expect(timeOf(value)).toBeUndefined();
});

describe('data are', () => {
  const record = aRecord('app_20261122_020000');
  const freshness = { sql: 'SELECT max(at) FROM orders', maxAgeSeconds: 3600 };

  test.each([
    ['fresh at the very limit', '2026-11-22T01:00:00Z', true, '1 h before'],
    ['stale beyond it', '2026-11-22T00:58:00Z', false, 'the data are stale: the newest is of 2026-11-22T00:58:00.000Z, 1 h 2 min before'],
    ['fresh where they were written during the backup', '2026-11-22T02:00:05Z', true, 'after'],
  ])('%s', (_case, newest, passed, detail) => {
    expect(checkFreshness(freshness, new Date(newest), record)).toEqual({ name: 'freshness of SELECT max(at) FROM orders', passed, detail: expect.stringContaining(detail) });
  });

  test('stale where there are none', () => {
    expect(checkFreshness(freshness, null, record)).toMatchObject({ passed: false, detail: expect.stringContaining('it returns nothing') });
  });
});
