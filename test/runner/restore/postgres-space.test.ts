import { spaceNote } from '../../../src/runner/restore/postgres-space';

test('the plan says that a disk which gets full can stop the whole server, and how much room a copy takes', () => {
  expect(spaceNote({ bytes: 5_000_000_000 })).toMatch(/second copy, about 5(\.0+)? GB, and for write-ahead log.*share one disk.*stops the whole server, the live database included/);
  expect(spaceNote({ bytes: null })).toMatch(/room for a second copy and for write-ahead log/);
});
