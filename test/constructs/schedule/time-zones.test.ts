import { checkTimeZone, TIME_ZONES } from '../../../src/constructs/schedule/time-zones';

test('has zones and links', () => {
  expect(TIME_ZONES.size).toBe(598);
  for (const name of ['Etc/UTC', 'UTC', 'Europe/Berlin', 'Asia/Calcutta', 'America/Argentina/ComodRivadavia', 'US/Eastern', 'EST5EDT', 'Etc/GMT-14']) {
    expect(checkTimeZone(name)).toBe(name);
  }
});

test('has all that this Node knows', () => {
  expect(Intl.supportedValuesOf('timeZone').filter(name => !TIME_ZONES.has(name))).toEqual([]);
});

test.each([
  ['europe/berlin', 'did you mean "Europe/Berlin"?'],
  ['Berlin', 'did you mean "Europe/Berlin"?'],
  ['Europe/Berln', 'did you mean "Europe/Berlin"?'],
  ['America/New York', 'did you mean "America/New_York"?'],
  ['new york', 'did you mean "America/New_York"?'],
  ['utc', 'did you mean "UTC"?'],
  ['etc/utc', 'did you mean "Etc/UTC"?'],
  ['Local', 'the zone of the controller is not known here, name it'],
  ['local', 'the zone of the controller is not known here, name it'],
  ['UTC+2', 'offsets are refused; +2 without daylight saving is "Etc/GMT-2", the sign turned round'],
  ['+02:00', 'offsets are refused; +2 without daylight saving is "Etc/GMT-2", the sign turned round'],
  ['-5', 'offsets are refused; -5 without daylight saving is "Etc/GMT+5", the sign turned round'],
  ['+05:30', 'got "+05:30": offsets are refused'],
  ['', '\'timeZone\' must be a name of the IANA database such as "Europe/Berlin" or "Etc/UTC", got ""'],
  ['Mars/Olympus_Mons', 'got "Mars/Olympus_Mons"'],
])('fails on %j', (name, message) => {
  expect(() => checkTimeZone(name)).toThrow(message);
});
