import { dumperOf, restorerOf } from '../../../../src/runner/engines/postgres/programs';

/* That the programs are found, and what they then do, is shown against real ones: test/integration/sources and restore. */

const programs = [15, 16, 18].map(major => ({ major, text: `${major}.1` }));

test('a server is dumped by the programs of its own version', () => {
  expect(dumperOf(programs, 15)).toBe(programs[0]);
  expect(dumperOf(programs, 16)).toBe(programs[1]);
  expect(dumperOf(programs, 18)).toBe(programs[2]);
});

test('where they are missing it is dumped by the next newer ones, and by older ones never', () => {
  expect(dumperOf(programs, 17)).toBe(programs[2]);
  expect(dumperOf(programs, 14)).toBe(programs[0]);
  expect(dumperOf(programs, 19)).toBeUndefined();
});

test('an archive is read by the oldest program that can', () => {
  expect(restorerOf(programs, 15)).toBe(programs[0]);
  expect(restorerOf(programs, 17)).toBe(programs[2]);
  expect(restorerOf(programs, 19)).toBeUndefined();
});
