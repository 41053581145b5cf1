import { Duration } from 'cdk8s';
import { Retention, RetentionRules } from '../../../src';
import { configOf, synth } from '../../synth';

const NO_PERIODS = { keepHourly: null, keepDaily: null, keepWeekly: null, keepMonthly: null, keepYearly: null };

test.each<[string, Retention | undefined, object]>([
  ['7 days', Retention.days(7), { keepHours: 168, keepLast: null, ...NO_PERIODS, keepAtLeast: 3 }],
  ['24 hours', Retention.hours(24), { keepHours: 24, keepLast: null, ...NO_PERIODS, keepAtLeast: 3 }],
  ['the newest 10', Retention.newest(10, { keepAtLeast: 1 }), { keepHours: null, keepLast: 10, ...NO_PERIODS, keepAtLeast: 1 }],
  ['both', Retention.of({ age: Duration.days(2), count: 9, keepAtLeast: 7 }), { keepHours: 48, keepLast: 9, ...NO_PERIODS, keepAtLeast: 7 }],
  ['all periods', Retention.of({ hourly: 24, daily: 7, weekly: 5, monthly: 12, yearly: 3 }), {
    keepHours: null, keepLast: null, keepHourly: 24, keepDaily: 7, keepWeekly: 5, keepMonthly: 12, keepYearly: 3, keepAtLeast: 3,
  }],
  ['grandfather, father and son', Retention.grandfatherFatherSon({ daily: 7, weekly: 5, monthly: 12, keepAtLeast: 2 }), {
    keepHours: null, keepLast: null, ...NO_PERIODS, keepDaily: 7, keepWeekly: 5, keepMonthly: 12, keepAtLeast: 2,
  }],
  ['everything', Retention.FOREVER, { keepHours: null, keepLast: null, ...NO_PERIODS, keepAtLeast: 1 }],
  ['everything, when nothing is said', undefined, { keepHours: null, keepLast: null, ...NO_PERIODS, keepAtLeast: 1 }],
])('%s', (_case, retention, expected) => {
  expect(configOf(synth({ retention })).retention).toEqual(expected);
});

test.each<[string, () => Retention, string]>([
  ['0 days', () => Retention.days(0), '\'days\' must be a whole number from 1 to 36525, got 0: to keep nothing, remove the backup'],
  ['0 hours', () => Retention.hours(0), '\'hours\' must be a whole number from 1'],
  ['none of the newest', () => Retention.newest(0), '\'count\' must be a whole number from 1 to 1000000, got 0'],
  ['no rule', () => Retention.of({ keepAtLeast: 5 } as RetentionRules), '\'retention\' keeps nothing: give at least one of \'age\', \'count\', \'hourly\', \'daily\', \'weekly\', \'monthly\', \'yearly\', got {"keepAtLeast":5}'],
  ['a period of one, which keeps the newest only', () => Retention.of({ monthly: 1 }), '\'monthly\' must be a whole number from 2 to 1000000, got 1: the newest one, which is the newest backup, is kept in any case; leave the rule out, or count further back'],
  ['half a week', () => Retention.of({ weekly: 2.5 }), '\'weekly\' must be a whole number from 2'],
  ['fewer than the floor', () => Retention.of({ age: Duration.days(2), count: 5, keepAtLeast: 7 }), '\'count\' must not be less than \'keepAtLeast\', got 5 and 7: never fewer than 7 are left'],
  ['fewer than the default floor', () => Retention.newest(2), '\'count\' must not be less than \'keepAtLeast\', got 2 and 3, its default: never fewer than 3 are left, so it would keep nothing; raise the one, or lower the other'],
  ['minutes', () => Retention.of({ age: Duration.minutes(90) }), '\'age\' must be a whole number from 1 to 876600, got 1.5: give whole hours'],
  ['no floor', () => Retention.days(7, { keepAtLeast: 0 }), '\'keepAtLeast\' must be a whole number from 1 to 1000000, got 0: with 0 a source that stopped'],
])('fails on %s', (_case, define, message) => {
  expect(define).toThrow(message);
});
