import { checksumKeysOf, sha256In } from '../../../src/runner/import/checksum';
import { parseFileName } from '../../../src/runner/import/file-names';
import { timeOf } from '../../../src/runner/import/file-time';

const SUM = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
const BEGUN = { year: 2026, month: 11, day: 22, hour: 2, minute: 0, second: 3 };

function timeIn(stem: string, zone = 'Etc/UTC', begunAt = BEGUN): string {
  const time = timeOf(parseFileName(stem)!, begunAt, zone);
  return typeof time === 'string' ? time : `${time.at.toISOString()} by ${time.from}`;
}

describe('the time of a backup is read from', () => {
  test.each([
    ['whispercache_20261122_020000', 'whispercache', '2026-11-22T02:00:00.000Z by NAME_YYYYMMDD_HHMMSS, in Etc/UTC'],
    ['emergency-backup-20261122_020000', 'emergency-backup', '2026-11-22T02:00:00.000Z by NAME_YYYYMMDD_HHMMSS, in Etc/UTC'],
    ['shop-20261122-020000', 'shop', '2026-11-22T02:00:00.000Z by NAME_YYYYMMDD_HHMMSS, in Etc/UTC'],
    ['shop_2026-11-22T02:00:00', 'shop', '2026-11-22T02:00:00.000Z by NAME_YYYY-MM-DDTHH:MM:SS, in Etc/UTC'],
    ['backup-20261122', 'backup', '2026-11-22T02:00:03.000Z by NAME_YYYYMMDD and the time of day in the archive, in Etc/UTC'],
    ['shop-202611', 'shop', '2026-11-22T02:00:03.000Z by NAME_YYYYMM or NAME_YYYYWW and the time in the archive, in Etc/UTC'],
    ['shop-202647', 'shop', '2026-11-22T02:00:03.000Z by NAME_YYYYMM or NAME_YYYYWW and the time in the archive, in Etc/UTC'],
    ['a_20200101_000000_20261122_020000', 'a_20200101_000000', '2026-11-22T02:00:00.000Z by NAME_YYYYMMDD_HHMMSS, in Etc/UTC'],
  ])('%s', (stem, name, time) => {
    expect(parseFileName(stem)?.name).toBe(name);
    expect(timeIn(stem)).toBe(time);
  });

  test.each(['whispercache_latest', 'shop-202654', 'shop-202600', '20261122_020000', 'a_20260231_020000', 'a_20261122_250000', 'backup', ''])('not %s', stem => {
    expect(parseFileName(stem)).toBeUndefined();
  });
});

test('a file that tells no time has it in its name, all of it', () => {
  const time = (stem: string, zone = 'Etc/UTC') => timeOf(parseFileName(stem), null, zone);
  expect(time('app_20261122_020000', 'Europe/Berlin')).toEqual({ at: new Date('2026-11-22T01:00:00Z'), from: 'NAME_YYYYMMDD_HHMMSS, in Europe/Berlin' });
  expect(time('app_20261122')).toMatch(/^its name has no time of day, and neither has the file: /);
  expect(time('app_20991122_020000')).toMatch(/has not come yet/);
  expect(time('app')).toBe('neither its name nor the file tells its time');
});

test.each([
  ['202653', [2027, 1, 3], true], ['202701', [2027, 1, 3], true], ['202701', [2027, 1, 4], true], ['202653', [2027, 1, 4], false], ['202001', [2019, 12, 30], true],
  ['202001', [2019, 12, 29], false], ['201952', [2019, 12, 29], true], ['202602', [2026, 2, 28], true], ['202612', [2026, 11, 22], false], ['202646', [2026, 11, 22], false],
] as const)('a file that names the month or week %s, and was begun on %j: %j', (period, [year, month, day], fits) => {
  const time = timeOf(parseFileName(`shop-${period}`)!, { year, month, day, hour: 2, minute: 0, second: 3 }, 'Etc/UTC');
  if (new Date(Date.UTC(year, month - 1, day)) > new Date()) expect(time).toMatch(fits ? /has not come yet/ : /in another one/);
  else if (fits) expect(time).toMatchObject({ at: new Date(Date.UTC(year, month - 1, day, 2, 0, 3)) });
  else expect(time).toMatch(/^its name has a month or a week, and it was begun in another one/);
});

describe('a time zone', () => {
  test('is that which is given, and another than UTC where the name does not say UTC', () => {
    expect(timeIn('a_20261122_020000', 'Europe/Berlin')).toBe('2026-11-22T01:00:00.000Z by NAME_YYYYMMDD_HHMMSS, in Europe/Berlin');
    expect(timeIn('a_2026-11-22T02:00:00Z', 'Europe/Berlin')).toMatch(/^2026-11-22T02:00:00.000Z .* in Etc\/UTC$/);
    expect(timeIn('a_20261122_020000', 'Asia/Kolkata')).toMatch(/^2026-11-21T20:30:00/);
  });

  test('gives the earlier of two times where clocks were put back, and none where they were put forward', () => {
    expect(timeIn('a_20261025_023000', 'Europe/Berlin', { ...BEGUN, month: 10, day: 25 })).toMatch(/^2026-10-25T00:30:00/);
    expect(timeIn('a_20260329_023000', 'Europe/Berlin', { ...BEGUN, month: 3, day: 29 })).toMatch(/there is no 2026-03-29 02:30:00 in Europe\/Berlin, where the clock was put forward/);
  });
});

test('a name that contradicts the archive, or is from the future, gives no time', () => {
  expect(timeIn('a_20261120_020000')).toBe('its name says 2026-11-20 02:00:00, and it was begun at 2026-11-22 02:00:03: one of them is wrong');
  expect(timeIn('a_20261121')).toMatch(/its name has no time of day, and it was begun on another day, 2026-11-22 02:00:03/);
  expect(timeIn('a_20990101_020000', 'Etc/UTC', { ...BEGUN, year: 2099, month: 1, day: 1 })).toMatch(/has not come yet: name the zone/);
});

describe('the checksum of a file', () => {
  test('stands beside it under one of two names, or three where it is compressed as a whole', () => {
    expect(checksumKeysOf('app_1.dump.gz')).toEqual(['app_1.dump.gz.sha256', 'app_1.dump.sha256', 'app_1.sha256']);
    expect(checksumKeysOf('app_1.dump')).toEqual(['app_1.dump.sha256', 'app_1.sha256']);
  });

  test.each([
    [`${SUM}  a.dump\n`, SUM],
    [`${SUM} */backups/a.dump\n`, SUM],
    [SUM.toUpperCase(), SUM],
    [`${'0'.repeat(64)}  b.dump\r\n${SUM}  a.dump\r\n`, SUM],
    [`${SUM}  -\n`, SUM],
    [`${SUM}  b.dump\n`, null],
    [`${SUM}0  a.dump\n`, null],
    [`${SUM}  a.dump ${' '.repeat(1e6)}\n`, SUM],
    [`${SUM}${' '.repeat(1e6)}x`, null],
    ['', null],
  ])('case %#', (text, sum) => {
    expect(sha256In(text, 'a.dump')).toBe(sum);
  });
});

describe('a file that tells the instant itself', () => {
  test.each([['dump'], ['redis_20200101_020000']])('%s has that time, whatever its name says', stem => {
    expect(timeOf(parseFileName(stem), new Date('2026-11-22T02:00:03Z'), 'Asia/Tokyo')).toEqual({ at: new Date('2026-11-22T02:00:03Z'), from: 'the file itself' });
  });

  test('and is not taken if it is to come', () => {
    expect(timeOf(undefined, new Date(Date.now() + 60_000), 'Etc/UTC')).toMatch('has not come yet');
  });
});
