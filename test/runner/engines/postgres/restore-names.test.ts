import fc from 'fast-check';
import { stagingName, besideTime, freeBesideName } from '../../../../src/runner/engines/postgres/restore-names';

const at = new Date('2026-11-22T02:03:04Z');

test('says what a database is for, and when it was put there', () => {
  expect(stagingName('shop', 'restore', at)).toBe('shop_restore_20261122_020304');
  expect(stagingName('shop', 'before', at)).toBe('shop_before_20261122_020304');
});

test('is as long as PostgreSQL takes names, and told apart where it is cut', () => {
  const [one, two] = ['a', 'b'].map(end => stagingName(`${'x'.repeat(62)}${end}`, 'restore', at));
  expect(Buffer.byteLength(one!)).toBe(63);
  expect(one).not.toBe(two);
});

test('is recognised, whatever the name is, and is never that of another database', () => {
  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 63 }).filter(text => Buffer.byteLength(text) <= 63 && !text.includes('\0'));
  fc.assert(fc.property(name, name, fc.constantFrom('restore', 'before'), (mine, other, purpose) => {
    const beside = stagingName(mine, purpose, at);
    expect(Buffer.byteLength(beside)).toBeLessThanOrEqual(63);
    expect(besideTime(beside, mine, purpose)).toEqual(at);
    if (other !== mine) expect(besideTime(beside, other, purpose)).toBeUndefined();
  }));
});

test.each(['shop', 'shop_restore_', 'shop_restore_mine', 'shop_restore_20261122', 'shop_restore_20261122_020304_x', 'shop2_restore_20261122_020304', 'shop_restore_20261399_020304'])(
  '%s is none of ours', candidate => {
    expect(besideTime(candidate, 'shop', 'restore')).toBeUndefined();
  });

test('a restore and its rollback in the same second get different names', () => {
  const late = new Date('2026-11-22T02:03:59Z');
  expect(freeBesideName('shop', 'before', late, ['shop'])).toBe('shop_before_20261122_020359');
  expect(freeBesideName('shop', 'before', late, ['shop', 'shop_before_20261122_020359'])).toBe('shop_before_20261122_020400');
});
