import { Duration } from 'cdk8s';
import { configOf, synth } from './synth';
import { Retention, RetentionRules } from '../src';

const NO_PERIODS = { keepHourly: null, keepDaily: null, keepWeekly: null, keepMonthly: null, keepYearly: null };

test.each<[string, Retention | undefined, object]>([
  ['7 days', Retention.days(7), { keepHours: 168, keepLast: null, ...NO_PERIODS, keepAtLeast: 3 }],
  ['24 hours', Retention.hours(24), { keepHours: 24, keepLast: null, ...NO_PERIODS, keepAtLeast: 3 }],
  ['the newest 10', Retention.newest(10, { keepAtLeast: 1 }), { keepHours: null, keepLast: 10, ...NO_PERIODS, keepAtLeast: 1 }],
  ['both', Retention.of({ age: Duration.days(2), count: 5, keepAtLeast: 7 }), { keepHours: 48, keepLast: 5, ...NO_PERIODS, keepAtLeast: 7 }],
  ['everything', Retention.FOREVER, { keepHours: null, keepLast: null, ...NO_PERIODS, keepAtLeast: 1 }],
  ['everything, when nothing is said', undefined, { keepHours: null, keepLast: null, ...NO_PERIODS, keepAtLeast: 1 }],
])('%s', (_case, retention, expected) => {
  expect(configOf(synth({ retention })).retention).toEqual(expected);
});

test.each<[string, () => Retention, string]>([
  ['0 days', () => Retention.days(0), '\'days\' must be a whole number from 1 to 36525, got 0: to keep nothing, remove the backup'],
  ['0 hours', () => Retention.hours(0), '\'hours\' must be a whole number from 1'],
  ['none of the newest', () => Retention.newest(0), '\'count\' must be a whole number from 1 to 1000000, got 0'],
  ['neither age nor count', () => Retention.of({ keepAtLeast: 5 } as RetentionRules), '\'retention\' keeps nothing: give \'age\', \'count\' or both, got {"keepAtLeast":5}'],
  ['minutes', () => Retention.of({ age: Duration.minutes(90) }), '\'age\' must be a whole number from 1 to 876600, got 1.5: give whole hours'],
  ['no floor', () => Retention.days(7, { keepAtLeast: 0 }), '\'keepAtLeast\' must be a whole number from 1 to 1000000, got 0: with 0 a source that stopped'],
])('fails on %s', (_case, define, message) => {
  expect(define).toThrow(message);
});
