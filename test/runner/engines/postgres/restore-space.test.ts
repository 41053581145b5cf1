import { spaceFindings, spaceNote } from '../../../../src/runner/engines/postgres/restore-space';

const NOT_DECLARED = { targetFreeSpaceBytes: null };
const DECLARED = { targetFreeSpaceBytes: 4_000_000_000 };

test('the plan says that a disk which gets full can stop the whole server, and how much room a copy takes', () => {
  expect(spaceNote(NOT_DECLARED, { bytes: 5_000_000_000 })).toMatch(/second copy, about 5(\.0+)? GB, and for write-ahead log.*share one disk.*stops the whole server, the live database included/);
  expect(spaceNote(NOT_DECLARED, { bytes: null })).toMatch(/room for a second copy and for write-ahead log.*look at the disk/);
  expect(spaceNote(DECLARED, undefined)).toMatch(/stopped once it takes more than the 4(\.0+)? GB/);
});

test('a restore that needs more than is declared to be free is refused, with the way out', () => {
  const live = { name: 'shop', bytes: 5_000_000_000 };
  expect(spaceFindings(DECLARED, live, 1)).toEqual([{ message: expect.stringMatching(/database shop takes about 5.*4.*GB that are declared.*target\.targetFreeSpaceBytes/), exitCode: 16 }]);
  expect(spaceFindings(DECLARED, undefined, 5_000_000_000)).toEqual([{ message: expect.stringMatching(/archive has 5.*declared/), exitCode: 16 }]);
  expect(spaceFindings(DECLARED, { ...live, bytes: 3_000_000_000 }, 1)).toEqual([]);
  expect(spaceFindings(NOT_DECLARED, live, 1)).toEqual([]);
});
