import { ExitCode } from '../../../src/contract/exit-code';
import { RecordedCounts } from '../../../src/contract/record';
import { refuseUnreadable } from '../../../src/runner/backup/record-size';
import { boundCounts, differenceOf, itemsIn, totalOf } from '../../../src/runner/catalog/counts';
import { MAX_RECORD_BYTES, parseRecord, renderRecord } from '../../../src/runner/catalog/record';
import { Dump } from '../../../src/runner/engine-api/source';
import { aConfig, anArtifact, aRecord } from '../_fixtures';

const id = 'app_20261122_020000';

function tables(count: number, name = (i: number) => `public.table_${i}`): RecordedCounts {
  return { precision: 'exact', unit: 'rows', items: Object.fromEntries(Array.from({ length: count }, (_, i) => [name(i), i])) };
}

test.each<[string, RecordedCounts]>([
  ['160,000 tables', tables(160_000, i => `${'s'.repeat(63)}.${String(i).padStart(63, 't')}`)],
  ['tables with names of a megabyte', tables(40, i => `${i}${'n'.repeat(1024 ** 2)}`)],
])('the record of a database with %s can be read again', (_what, counts) => {
  const record = aRecord(id, { artifacts: boundCounts([anArtifact(id, { counts })]) });
  const text = renderRecord(record);
  expect(text.length).toBeLessThan(MAX_RECORD_BYTES / 8);
  expect(parseRecord(`${id}.json`, text)).toEqual(record);
  const [kept] = record.artifacts;
  expect([itemsIn(kept!.counts!), totalOf(kept!.counts)]).toEqual([Object.keys(counts.items).length, totalOf(counts)]);
});

test('a record names the largest tables, and small databases whole, however large others in it are', () => {
  const [small, large] = boundCounts([anArtifact(id, { counts: tables(100) }), anArtifact(id, { counts: tables(30_000) })]);
  expect(small!.counts).toEqual(tables(100));
  expect(large!.counts!.items['public.table_29999']).toBe(29_999);
  expect(large!.counts!.items['public.table_1']).toBeUndefined();
});

describe('rows that differ from a record are found', () => {
  const recorded = boundCounts([anArtifact(id, { counts: tables(30_000) })])[0]!.counts!;
  const found = (changes: Record<string, number>) => ({ ...tables(30_000).items, ...changes });

  test.each<[string, Record<string, number>, string | null]>([
    ['nowhere', {}, null],
    ['in a table that it names', { 'public.table_29999': 1 }, '1 rows in public.table_29999 instead of 29999'],
    ['in one that it does not name', { 'public.table_7': 0 }, `${recorded.unlisted!.total - 7} rows in ${recorded.unlisted!.items} others instead of ${recorded.unlisted!.total} in ${recorded.unlisted!.items}`],
  ])('%s', (_where, changes, difference) => {
    expect(differenceOf(found(changes), recorded)).toBe(difference);
  });

  test('where the record names all', () => {
    expect(differenceOf(tables(3).items, tables(3))).toBeNull();
    expect(differenceOf(tables(2).items, tables(3))).toBe('no rows in public.table_2 instead of 2');
    expect(differenceOf(tables(3).items, tables(2))).toBe('1 more than the record knows, such as public.table_2');
    expect(differenceOf(tables(3).items, null)).toBeNull();
  });
});

test('more databases than a record can hold are refused before anything is dumped', () => {
  const dump = (i: number): Dump => ({
    role: 'data', part: `tenant_${i}`, extension: 'dump', database: `tenant_${i}`, compressedInside: null, expectedBytes: 1, open: () => Promise.reject(new Error('not to be opened')),
  });
  const inspection = (count: number) => ({ source: aRecord(id).source, tools: {}, dumps: Array.from({ length: count }, (_, i) => dump(i)) });
  expect(() => refuseUnreadable(inspection(1_000), aConfig())).not.toThrow();
  expect(() => refuseUnreadable(inspection(40_000), aConfig())).toThrow(expect.objectContaining({
    exitCode: ExitCode.BAD_CONFIG, message: expect.stringMatching(/^40000 databases are too many for one backup: its record could have \d+ MiB, and no more than 16 MiB are read again/),
  }));
});
