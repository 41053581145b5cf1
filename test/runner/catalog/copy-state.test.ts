import { copiesAsJson, Copies, CopyState, describeFault, describeFaults, isMissing, storesWithWhole } from '../../../src/runner/catalog/copy-state';

const FAULTS: readonly (readonly [CopyState, string, { missing: boolean }])[] = [
  [{ kind: 'record-missing' }, 'record missing', { missing: true }],
  [{ kind: 'record-differs', from: ['s3', 'volume'] }, 'record differs from that in s3 and volume', { missing: false }],
  [{ kind: 'file-missing', file: 'app.db' }, 'app.db missing', { missing: true }],
  [{ kind: 'other-size', file: 'app.db', bytes: 3, recordedBytes: 4 }, 'app.db has 3 bytes instead of 4', { missing: false }],
  [{ kind: 'damaged', faults: ['a', 'b'], readAt: '2026-11-22T03:00:00.000Z' }, 'damaged, as reading it back has shown at 2026-11-22T03:00:00.000Z: a; b', { missing: false }],
  [{ kind: 'unknown' }, 'store not reachable', { missing: false }],
];

test.each(FAULTS)('a copy with %j: %s', (copy, text, { missing }) => {
  expect(describeFault(copy)).toBe(text);
  expect(isMissing(copy)).toBe(missing);
});

test('copies are told store by store, whole ones only as JSON', () => {
  const copies: Copies = new Map<string, CopyState>([['a', { kind: 'whole' }], ['b', { kind: 'unknown' }], ['c', { kind: 'whole' }]]);
  expect(storesWithWhole(copies)).toEqual(['a', 'c']);
  expect(describeFaults(copies)).toEqual(['b: store not reachable']);
  expect(copiesAsJson(copies)).toEqual({ a: 'ok', b: 'store not reachable', c: 'ok' });
});
