import { verificationKey } from '../../../src/contract/layout';
import { Backup, Catalog } from '../../../src/runner/catalog/catalog';
import { CopyState } from '../../../src/runner/catalog/copy-state';
import { chooseScheduled } from '../../../src/runner/verification/choose';
import { aRecord } from '../_fixtures';

const WHOLE: CopyState = { kind: 'whole' };

/** The backup of a day in November. */
const idOf = (day: number) => `app_202611${String(day).padStart(2, '0')}_020000`;

function backup(day: number, changes: Partial<Backup> = {}, suspect: string | null = null): Backup {
  const id = idOf(day);
  const startedAt = `2026-11-${String(day).padStart(2, '0')}T02:00:00.000Z`;
  return { record: aRecord(id, { startedAt, suspect }), copies: new Map([['a', WHOLE], ['b', WHOLE]]), readBack: new Map(), accepted: false, ahead: null, differing: null, ...changes };
}

/** A catalog of two stores; `read` says on which days in December a backup was read in a store. */
function catalog(backups: readonly Backup[], read: readonly (readonly [store: string, day: number, at: number])[] = []): Catalog {
  const files = new Map(['a', 'b'].map(store => [store, new Map(read.filter(([where]) => where === store).map(([, day, at]) => {
    const key = verificationKey(idOf(day), new Date(Date.UTC(2026, 11, at)));
    return [key, { key, bytes: 1, modifiedAt: new Date() }];
  }))]));
  return { backups, unreadable: [], unreachable: new Map(), files, clock: { offsetMs: Date.UTC(2027, 0, 1) - Date.now(), whose: 'the clock of a' }, elsewhere: [] };
}

function chosen(...args: Parameters<typeof chooseScheduled>): string[] {
  return chooseScheduled(...args).map(({ record }) => record.id);
}

test('nothing where there is nothing', () => {
  expect(chosen(catalog([]), 10)).toEqual([]);
});

test('the newest alone with a share of 0', () => {
  expect(chosen(catalog([backup(1), backup(2)]), 0)).toEqual([idOf(2)]);
});

test('a share of the older ones, rounded up, the oldest first where none was read', () => {
  expect(chosen(catalog([1, 2, 3, 4, 5, 6].map(day => backup(day))), 30)).toEqual([idOf(1), idOf(2), idOf(6)]);
  expect(chosen(catalog([1, 2, 3].map(day => backup(day))), 100)).toEqual([idOf(1), idOf(2), idOf(3)]);
});

test('those that were not read for the longest time, in all stores that have them', () => {
  const backups = [1, 2, 3, 4].map(day => backup(day));
  const everywhere = (day: number, at: number) => [['a', day, at], ['b', day, at]] as const;
  expect(chosen(catalog(backups, [...everywhere(1, 9), ...everywhere(2, 5), ...everywhere(3, 7)]), 30)).toEqual([idOf(2), idOf(4)]);
  // Of 2 only one store was read lately.
  expect(chosen(catalog(backups, [...everywhere(1, 4), ['a', 2, 9], ['b', 2, 3], ...everywhere(3, 7)]), 30)).toEqual([idOf(2), idOf(4)]);
});

test('what a restore would take is always among them, also where the newest is suspect', () => {
  expect(chosen(catalog([backup(1), backup(2), backup(3, {}, 'empty')]), 0)).toEqual([idOf(2), idOf(3)]);
});
